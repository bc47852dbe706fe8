/** Standard Webhooks 1.0.0: one POST, signed, with an id that is the same at every try. */
import { Webhook } from 'standardwebhooks';
import type { Clock } from '../../contracts/clock';
import { type ErrorCode, isPatterError, PatterError } from '../../contracts/errors';
import type { GuardedFetch, GuardedResponse } from '../../runtime/guarded-fetch';

const TIMEOUT_MS = 15_000;
/** Nobody reads it; a short one is taken in, so that the connection can be used again. */
const MAX_ANSWER_BYTES = 16_384;
/** 4xx that may be different next time: time-out, conflict, too early, too many. */
const PASSING = new Set([408, 409, 425, 429]);

export interface WebhookEvent {
  /** `call.ended`, `contact.ended` */
  type: string;
  /** ISO 8601 moment of what happened, the same at every try. */
  timestamp: string;
  data: Record<string, unknown>;
}

export interface WebhookDelivery {
  url: string;
  /** `whsec_…`; without one the request is not signed. */
  secret?: string;
  /** Receivers tell repetitions by it. */
  id: string;
  event: WebhookEvent;
  clock: Clock;
  fetch: Pick<GuardedFetch, 'send'>;
  signal?: AbortSignal;
}

/** The receiver said no for good (410, most 4xx), or is not asked (a redirect, an address that is not allowed). */
export class WebhookRefused extends PatterError {
  constructor(
    message: string,
    readonly status: number | undefined,
    code: Extract<ErrorCode, 'PATTER_WEBHOOK_FAILED' | 'PATTER_URL_FORBIDDEN'> = 'PATTER_WEBHOOK_FAILED',
  ) {
    super(code, message, { details: { status } });
  }
}

/**
 * @throws WebhookRefused when another try cannot help
 * @throws PatterError PATTER_WEBHOOK_FAILED when it may
 */
export async function sendWebhook({ url, secret, id, event, clock, fetch, signal }: WebhookDelivery): Promise<void> {
  const body = JSON.stringify(event);
  const at = new Date(clock.now());
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': 'patter',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    ...(secret && { 'webhook-signature': new Webhook(secret).sign(id, at, body) }),
  };
  let response: GuardedResponse;
  try {
    // A redirect would send the payload to somebody the developer did not name: it is an answer like any other.
    response = await fetch.send({ url, method: 'POST', headers, body, timeoutMs: TIMEOUT_MS, signal, maxResponseBytes: MAX_ANSWER_BYTES });
  } catch (cause) {
    if (isPatterError(cause, 'PATTER_URL_FORBIDDEN')) throw new WebhookRefused(cause.message, undefined, 'PATTER_URL_FORBIDDEN');
    throw new PatterError('PATTER_WEBHOOK_FAILED', `${hostOf(url)} did not answer: ${messageOf(cause)}`, { cause });
  }
  const { status } = response;
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 500 && !PASSING.has(status)) throw new WebhookRefused(`${hostOf(url)} answered ${status}`, status);
  throw new PatterError('PATTER_WEBHOOK_FAILED', `${hostOf(url)} answered ${status}`, { details: { status } });
}

/** Paths and queries of webhooks often hold credentials. */
function hostOf(url: string): string {
  return new URL(url).host;
}

function messageOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { message?: string } };
  return cause?.message ?? message;
}
