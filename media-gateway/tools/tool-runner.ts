import type { CallSetup, ToolCallRecord, TranscriptTurn } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { RunToolAnswer, RunToolRequest } from '../../contracts/durable-tool';
import type { ToolSpec } from '../../contracts/tool';
import type { GuardedFetch } from '../../runtime/guarded-fetch';
import type { ArgumentSchemas } from '../../runtime/json-schema';
import type { Logger } from '../../runtime/log';
import { callWebhookTool, type ToolAnswer } from '../../runtime/webhook-tool';
import type { AgentCode } from '../agent-code';
import { type BuiltInCall, isBuiltInTool, parseBuiltInCall } from './built-in';
import { callHandlerTool, handlerCall } from './handler-tool';
import type { CallMcp } from './mcp/call-mcp';
import { ToolMemory } from './tool-memory';

export interface ToolRequest {
  toolCallId: string;
  name: string;
  /** JSON, as the model wrote it. */
  arguments: string;
}

/** `listen`: the model is told, and not asked to speak: it is the other side's turn. */
export type RunnerAnswer = ToolAnswer & { listen?: boolean };

/** How an answer came about: the record's id where that is not the request's, and whether there is a record of it already. */
type Worked = RunnerAnswer & { recordAs?: string; known?: true };

/** Asks the call's workflow, again and again with the same key until the time is up. */
export type RunDurable = (request: RunToolRequest, timeoutMs: number, signal: AbortSignal) => Promise<RunToolAnswer>;

export interface ToolRunnerOptions {
  setup: CallSetup;
  clock: Clock;
  log: Logger;
  fetch: Pick<GuardedFetch, 'send'>;
  schemas: ArgumentSchemas;
  /** Does what the model asks of the call itself, and says what the model is told; an Error becomes an error text. */
  builtIn(call: BuiltInCall, toolCallId: string): string | Promise<string>;
  /** The conversation so far. */
  history(): readonly TranscriptTurn[];
  /** The developer's code of this process. */
  code?: AgentCode;
  mcp?: CallMcp;
  durable?: RunDurable;
  memory?: ToolMemory;
  /** A tool has its answer. */
  answered?(): void;
}

/** Runs the tools of one call. Every request gets an answer, also one that is wrong, and every wish one record. */
export class ToolRunner {
  readonly records: ToolCallRecord[] = [];
  readonly #abort = new AbortController();
  readonly #memory: ToolMemory;
  /** Keys of durable wishes that the model of this gateway has asked for itself. */
  readonly #asked = new Set<string>();
  #pending = 0;

  constructor(private readonly options: ToolRunnerOptions) {
    this.#memory = options.memory ?? new ToolMemory([], []);
  }

  get busy(): boolean {
    return this.#pending > 0;
  }

  /** Never rejects. */
  async run(request: ToolRequest): Promise<RunnerAnswer> {
    this.#pending++;
    try {
      return await this.#recorded(request, () => this.#answer(request));
    } finally {
      this.#pending--;
    }
  }

  /**
   * A durable tool that was under way when the gateway before this one died: its answer comes from the workflow, and it is not carried out again.
   * @returns undefined when the model of this gateway has asked for the same meanwhile, and has the answer that way
   */
  async goOn({ key, name, arguments: text }: RunToolRequest): Promise<RunnerAnswer | undefined> {
    const tool = this.options.setup.agent.tools.find((candidate) => candidate.name === name);
    if (!tool || this.#asked.has(key)) return undefined;
    const answer = await this.#recorded({ toolCallId: key, name, arguments: text }, () => this.#durable(tool, key, text));
    return this.#asked.has(key) ? undefined : answer;
  }

  /** Ends what is still running: the call is over. */
  dispose(): void {
    this.#abort.abort(new Error('the call has ended'));
  }

  async #recorded(request: ToolRequest, work: () => Promise<Worked>): Promise<RunnerAnswer> {
    const { clock } = this.options;
    const at = clock.now();
    const from = clock.monotonic();
    const { recordAs, known, ...answer } = await work().catch((error: unknown): Worked => failure(error));
    if (known) return answer;
    const id = recordAs ?? request.toolCallId;
    const durationMs = Math.round(clock.monotonic() - from);
    const record = { id, name: request.name, arguments: request.arguments, result: answer.output, ok: answer.ok, durationMs, at };
    // Of a durable wish that was asked for more than once, the last word counts.
    const before = recordAs ? this.records.findIndex((each) => each.id === id) : -1;
    if (before < 0) this.records.push(record);
    else this.records[before] = record;
    this.options.answered?.();
    return answer;
  }

  async #answer({ toolCallId, name, arguments: text }: ToolRequest): Promise<Worked> {
    let args: unknown;
    try {
      args = JSON.parse(text || '{}');
    } catch {
      if (!isBuiltInTool(name)) return failure(new Error('The arguments are not JSON. Call the tool again.'));
    }
    if (isBuiltInTool(name)) {
      const output = await this.options.builtIn(parseBuiltInCall(name, args), toolCallId);
      // Who has pressed a key listens, and nobody speaks to a machine.
      return { output, ok: true, ...((name === 'send_dtmf' || name === 'leave_voicemail') && { listen: true }) };
    }
    const tool = this.options.setup.agent.tools.find((candidate) => candidate.name === name);
    const remote = tool ? undefined : this.options.mcp?.find(name);
    const schema = tool?.parameters ?? remote?.parameters;
    if (!schema) return failure(new Error(`There is no tool named ${name}.`));
    if (!isObject(args)) return failure(new Error('The arguments are not a JSON object. Call the tool again.'));
    const problems = this.options.schemas.problems(schema, args);
    if (problems !== undefined) return failure(new Error(`The arguments are wrong: ${problems}. Nothing was done; call the tool again.`));
    const before = this.#memory.answerOf(name, text);
    // The same wish, and recorded with its answer already.
    if (before) return { output: before.result, ok: before.ok, known: true };
    const key = this.#memory.keyOf(name, text);
    if (remote) return remote.call(args, this.#abort.signal);
    return tool?.durable ? this.#durable(tool, key, text, true) : this.#call(tool as ToolSpec, key, args);
  }

  async #call(tool: ToolSpec, key: string, args: Record<string, unknown>): Promise<ToolAnswer> {
    const { setup, clock, fetch, code, history, log } = this.options;
    const { signal } = this.#abort;
    if (tool.webhookUrl !== undefined) {
      return await callWebhookTool(
        { ...tool, webhookUrl: tool.webhookUrl },
        { toolCallId: key, arguments: args },
        setup,
        { fetch, clock },
        signal,
      );
    }
    const handler = code?.tools?.[tool.name];
    if (!handler) {
      log.error({ tool: tool.name, code: setup.agent.code }, 'this process has no function for the tool');
      return failure(new Error(`The tool ${tool.name} is not available.`));
    }
    return await callHandlerTool(tool, handler, args, handlerCall(setup, key, history()), clock, signal);
  }

  async #durable(tool: ToolSpec, key: string, text: string, asked = false): Promise<ToolAnswer & { recordAs: string }> {
    if (asked) this.#asked.add(key);
    const { durable } = this.options;
    if (!durable) return { ...failure(new Error(`The tool ${tool.name} is not available.`)), recordAs: key };
    try {
      const answer = await durable({ key, name: tool.name, arguments: text || '{}' }, tool.timeoutMs, this.#abort.signal);
      return { ...answer, recordAs: key };
    } catch (error) {
      if (asked) this.#memory.unanswered(tool.name, text);
      const why = `The tool ${tool.name} has not answered (${reason(error)}). It may still be carried out: do not call it again for the same.`;
      return { ...failure(new Error(why)), recordAs: key };
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function failure(error: unknown): ToolAnswer {
  return { output: JSON.stringify({ error: reason(error) }), ok: false };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
