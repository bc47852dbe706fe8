import type { CallSetup } from '../contracts/call';
import { type Clock, sleep } from '../contracts/clock';
import { isPatterError } from '../contracts/errors';
import type { ToolSpec } from '../contracts/tool';
import type { GuardedFetch } from './guarded-fetch';
import { signedHeaders } from './webhook-signature';

export interface ToolAnswer {
  /** What the model is told; an error is told too. */
  output: string;
  ok: boolean;
}

const TRIES = 3;
const FIRST_PAUSE_MS = 200;
/** What a model can use of an answer; no more is given to it. */
export const MOST_CHARACTERS = 32_000;
const MOST_BYTES = 128_000;
const MOST_REDIRECTS = 3;

/**
 * Asks a developer's webhook, and always has an answer by the tool's deadline. Only what may pass by itself is tried again: the network, 429 and
 * 5xx. The key is the same in every try, so that the receiver can tell a repetition from a second wish; it is the `webhook-id` of the signature too.
 */
export async function callWebhookTool(
  tool: Pick<ToolSpec, 'name' | 'timeoutMs' | 'secret'> & { webhookUrl: string },
  call: { toolCallId: string; arguments: unknown },
  setup: Pick<CallSetup, 'callId' | 'campaignId' | 'contactId' | 'variables'>,
  deps: { fetch: Pick<GuardedFetch, 'send'>; clock: Clock },
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const { clock } = deps;
  const deadline = new AbortController();
  const cancel = clock.after(tool.timeoutMs, () => deadline.abort(new Error(`no answer within ${tool.timeoutMs} ms`)));
  const both = AbortSignal.any([signal, deadline.signal]);
  const body = JSON.stringify({
    tool: tool.name,
    arguments: call.arguments,
    callId: setup.callId,
    campaignId: setup.campaignId,
    contactId: setup.contactId,
    variables: setup.variables,
  });
  const key = `${setup.callId}.${call.toolCallId}`;
  let problem = 'no answer';
  try {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      if (attempt > 1) await sleep(clock, FIRST_PAUSE_MS * 2 ** (attempt - 2), both);
      // Signed anew: a receiver refuses a signature that is minutes old.
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'patter',
        'idempotency-key': key,
        ...signedHeaders(key, clock.now(), body, tool.secret),
      };
      const result = await post(deps.fetch, { url: tool.webhookUrl, headers, body, timeoutMs: tool.timeoutMs, signal: both });
      if (result.kind === 'answer') return { output: result.text, ok: true };
      problem = result.problem;
      if (!result.again) break;
    }
  } catch (error) {
    problem = message(error);
  } finally {
    cancel();
  }
  return { output: JSON.stringify({ error: `The tool ${tool.name} failed: ${problem}` }), ok: false };
}

type PostResult = { kind: 'answer'; text: string } | { kind: 'problem'; problem: string; again: boolean };

/** @throws the signal's reason */
async function post(
  fetch: Pick<GuardedFetch, 'send'>,
  request: { url: string; headers: Record<string, string>; body: string; timeoutMs: number; signal: AbortSignal },
): Promise<PostResult> {
  try {
    const response = await fetch.send({ ...request, method: 'POST', maxResponseBytes: MOST_BYTES, maxRedirects: MOST_REDIRECTS });
    const text = response.text.slice(0, MOST_CHARACTERS);
    if (response.status >= 200 && response.status < 300) return { kind: 'answer', text: text || '{}' };
    return { kind: 'problem', problem: `HTTP ${response.status}`, again: response.status === 429 || response.status >= 500 };
  } catch (error) {
    request.signal.throwIfAborted();
    // The caller's model has no use for the reason, and the address is none of its business.
    if (isPatterError(error, 'PATTER_URL_FORBIDDEN')) return { kind: 'problem', problem: error.code, again: false };
    return { kind: 'problem', problem: message(error), again: true };
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
