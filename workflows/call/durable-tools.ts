/** Tools that happen once: an update asks, an activity acts, and the answer is part of the call's history, whoever asks again. */
import { ActivityFailure, ApplicationFailure, condition } from '@temporalio/workflow';
import type { ToolCallRecord } from '../../contracts/call';
import type { RunToolAnswer, RunToolRequest } from '../../contracts/durable-tool';
import type { ErrorCode } from '../../contracts/errors';
import type { ToolSpec } from '../../contracts/tool';
import { runHandlerTool, runWebhookTool } from './activities';
import type { CallState } from './call-state';

/** The call's record waits so long for a tool that outlives the call. */
const RECORD_WAITS_MS = 30_000;

interface Wish {
  request: RunToolRequest;
  at: number;
  answered: Promise<RunToolAnswer>;
  /** Absent while it is under way. */
  answer?: RunToolAnswer & { at: number };
}

export class DurableTools {
  private readonly wishes = new Map<string, Wish>();

  /** The same key is the same wish, and is carried out once. */
  async run(state: CallState, request: RunToolRequest): Promise<RunToolAnswer> {
    const known = this.wishes.get(request.key);
    if (known) return await known.answered;
    const tool = state.rules?.setup.agent.tools.find(({ name, durable }) => durable && name === request.name);
    if (!tool) return failed(`There is no durable tool named ${request.name}.`);
    if (state.isOver) return failed('The call is over.');
    const wish: Wish = { request, at: Date.now(), answered: act(state, tool, request) };
    this.wishes.set(request.key, wish);
    const answer = await wish.answered;
    wish.answer = { ...answer, at: Date.now() };
    return answer;
  }

  /** Under way: a gateway that takes the call over asks for them again. */
  get open(): RunToolRequest[] {
    return [...this.wishes.values()].filter(({ answer }) => answer === undefined).map(({ request }) => request);
  }

  /** For a gateway that takes the call over: what another one gave up on is open, and no wish that was answered. */
  answered(told: readonly ToolCallRecord[]): ToolCallRecord[] {
    const open = new Set(this.open.map(({ key }) => key));
    return this.complete(told).filter(({ id }) => !open.has(id));
  }

  /** What gateways have told, completed by what is known here: one may have died, or have given up waiting. */
  complete(told: readonly ToolCallRecord[]): ToolCallRecord[] {
    const known = [...this.wishes.values()].flatMap(recordOf);
    const byKey = new Map(known.map((record) => [record.id, record]));
    const ids = new Set(told.map(({ id }) => id));
    return [...told.map((record) => byKey.get(record.id) ?? record), ...known.filter(({ id }) => !ids.has(id))];
  }

  /** For the call's record; a tool that takes longer is carried out all the same. */
  async settled(): Promise<void> {
    if (this.open.length > 0) await condition(() => this.open.length === 0, RECORD_WAITS_MS);
  }
}

/** @throws ApplicationFailure, and leaves no trace in the history, for what no gateway sends */
export function validateRunTool({ key, name, arguments: args }: RunToolRequest): void {
  if (typeof key === 'string' && key !== '' && key.length <= 200 && typeof name === 'string' && typeof args === 'string') return;
  throw ApplicationFailure.nonRetryable(
    'a durable tool is asked for by a key, a name and arguments',
    'PATTER_STREAM_PROTOCOL' satisfies ErrorCode,
  );
}

async function act(state: CallState, tool: ToolSpec, request: RunToolRequest): Promise<RunToolAnswer> {
  const { callId } = state.input;
  try {
    if (tool.webhookUrl !== undefined) return await runWebhookTool(tool.timeoutMs, { ...request, callId });
    const setup = state.rules?.setup;
    const code = setup?.agent.code;
    if (!setup || code === undefined) return failed(`The tool ${tool.name} is not available.`);
    const { from: caller, to: callee, direction, variables } = setup;
    const history = state.transcript.turns();
    const { timeoutMs } = tool;
    return await runHandlerTool({ ...request, callId, code, timeoutMs, caller, callee, direction, variables, history });
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error;
    return failed(`The tool ${tool.name} failed: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function recordOf({ request, at, answer }: Wish): ToolCallRecord[] {
  if (!answer) return [];
  const { key: id, name, arguments: args } = request;
  return [{ id, name, arguments: args, result: answer.output, ok: answer.ok, durationMs: answer.at - at, at }];
}

function failed(error: string): RunToolAnswer {
  return { output: JSON.stringify({ error }), ok: false };
}
