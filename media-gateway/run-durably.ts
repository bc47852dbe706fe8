/** A tool that the call's workflow carries out: asked for until there is an answer, whoever is away meanwhile. */
import { type Clock, sleep } from '../contracts/clock';
import type { RunToolAnswer, RunToolRequest } from '../contracts/durable-tool';
import type { Logger } from '../runtime/log';
import type { WorkflowLink } from './workflow-link';

/** One request to a durable tool's workflow; repeated, it waits on. A worker that dies answers none that it has taken. */
const TRY_MS = 10_000;
const RETRY_MS = 200;

/**
 * @param signal gives it up: the workflow may go on with it
 * @throws Error when there was no answer within `timeoutMs`, or the signal's reason
 */
export async function runDurably(
  link: WorkflowLink,
  callId: string,
  request: RunToolRequest,
  { timeoutMs, signal, clock, log }: { timeoutMs: number; signal: AbortSignal; clock: Clock; log: Logger },
): Promise<RunToolAnswer> {
  const until = clock.monotonic() + timeoutMs;
  const stop = new AbortController();
  const over = AbortSignal.any([signal, stop.signal]);
  const cancel = clock.after(timeoutMs, () => stop.abort(new Error(`no answer within ${timeoutMs} ms`)));
  const aborted = new Promise<never>((_, reject) => {
    if (over.aborted) reject(over.reason);
    over.addEventListener('abort', () => reject(over.reason), { once: true });
  });
  aborted.catch(() => undefined);
  try {
    for (;;) {
      over.throwIfAborted();
      const asked = link.runTool(callId, request, Math.max(1, Math.min(TRY_MS, until - clock.monotonic())));
      const answer = await Promise.race([asked, aborted]).catch((error: unknown) => {
        over.throwIfAborted();
        log.warn({ err: error, tool: request.name }, 'no answer of a durable tool yet');
        return undefined;
      });
      if (answer) return answer;
      await sleep(clock, RETRY_MS, over);
    }
  } finally {
    cancel();
  }
}
