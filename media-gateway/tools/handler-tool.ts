import type { CallSetup, TranscriptTurn } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { ToolSpec } from '../../contracts/tool';
import { MOST_CHARACTERS, type ToolAnswer } from '../../runtime/webhook-tool';
import type { CodeContext, ToolHandler } from '../agent-code';

/** What a handler is told of the call. */
export type HandlerCall = Omit<CodeContext, 'signal'>;

export function handlerCall(
  setup: Pick<CallSetup, 'callId' | 'from' | 'to' | 'direction' | 'variables' | 'customParams'>,
  toolCallId: string,
  history: readonly TranscriptTurn[],
): HandlerCall {
  const { callId, from, to, direction, variables, customParams } = setup;
  return { callId, caller: from, callee: to, direction, variables, ...(customParams && { customParams }), history, toolCallId };
}

/**
 * Calls a developer's function, and always has an answer by the tool's deadline: one that is late is told by its signal, and whatever it returns or
 * throws then is dropped.
 */
export async function callHandlerTool(
  tool: Pick<ToolSpec, 'name' | 'timeoutMs'>,
  handler: ToolHandler,
  args: Record<string, unknown>,
  call: HandlerCall,
  clock: Clock,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const deadline = new AbortController();
  const both = AbortSignal.any([signal, deadline.signal]);
  const cancel = clock.after(tool.timeoutMs, () => deadline.abort(new Error(`no answer within ${tool.timeoutMs} ms`)));
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(both.reason);
    if (both.aborted) stop();
    both.addEventListener('abort', stop, { once: true });
  });
  try {
    // A copy: what a handler does to it is nobody's business.
    const work = Promise.resolve().then(() => handler(structuredClone(args), { ...call, signal: both }));
    return { output: asText(await Promise.race([work, aborted])), ok: true };
  } catch (error) {
    return { output: JSON.stringify({ error: `The tool ${tool.name} failed: ${reasonOf(error)}` }), ok: false };
  } finally {
    both.removeEventListener('abort', stop);
    cancel();
  }
}

/** @throws TypeError for what JSON cannot hold */
function asText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.slice(0, MOST_CHARACTERS) || '{}';
}

/** Without the stack: it names files of the developer. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
}
