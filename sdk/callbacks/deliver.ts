/** One event to one callback: a function of this process, or a signed POST. */
import { sendWebhook, WebhookRefused } from '../../activities/webhook/send-webhook';
import { type Clock, sleep } from '../../contracts/clock';
import type { GuardedFetch } from '../../runtime/guarded-fetch';
import type { Callback } from '../options/callbacks';
import type { CallbackEvent } from './events';

export interface DeliverDeps {
  /** Milliseconds for one callback. */
  deadlineMs: number;
  /** `whsec_…`: signs the POSTs of callbacks that are URLs. */
  secret: string | undefined;
  fetch: Pick<GuardedFetch, 'send'>;
  clock: Clock;
}

/** What the types of webhooks are called, as those of campaigns are. */
const TYPES = {
  start: 'call.started',
  machine: 'call.machine_detection',
  transcript: 'call.transcript',
  metrics: 'call.metrics',
  end: 'call.ended',
} as const;

/** @throws what the callback threw, that it took too long, or that its receiver did not take it */
export async function deliver(
  event: Exclude<CallbackEvent, { kind: 'persist' }>,
  callback: Callback<never>,
  deps: DeliverDeps,
): Promise<void> {
  const payload = event.payload();
  if (typeof callback === 'function') {
    await within(deps.deadlineMs, deps.clock, async () => (callback as (payload: unknown) => unknown)(payload));
    return;
  }
  await sendWebhook({
    url: callback,
    ...(deps.secret !== undefined && { secret: deps.secret }),
    id: payload.deliveryId,
    event: { type: TYPES[event.kind], timestamp: new Date(event.at).toISOString(), data: { ...payload } },
    clock: deps.clock,
    fetch: deps.fetch,
  });
}

/** The receiver has said no for good, or is not asked at all. */
export function isRefusal(error: unknown): boolean {
  return error instanceof WebhookRefused;
}

/** A promise of somebody else's may never settle: it is left behind then. */
async function within(ms: number, clock: Clock, work: () => Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const late = sleep(clock, ms, over.signal).then(() => {
    throw new Error(`did not return within ${ms} ms`);
  });
  late.catch(() => undefined);
  try {
    await Promise.race([Promise.resolve().then(work), late]);
  } finally {
    over.abort();
  }
}
