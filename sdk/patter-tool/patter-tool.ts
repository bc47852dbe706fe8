/** Phone calls as a tool of other agents: in the shapes of OpenAI, the Vercel AI SDK and LangChain, without depending on any of them. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Clock, sleep, systemClock } from '../../contracts/clock';
import { Agent } from '../agent/agent';
import { PatterTypeError, PatterValidationError } from '../errors';
import type { CallOptions } from '../options/call';
import { checkE164, checkNames, checkText, shown } from '../options/check';
import type { CallHandle, CallResult } from '../options/handle';
import { notAnAgent } from '../options/resolve-call';

/** Options of `new PatterTool()`. */
export interface PatterToolOptions {
  /** Who calls. In cloud mode the backend carries the agent out: one without functions. */
  phone: { call(options: CallOptions): Promise<CallHandle> };
  /** Who talks: its instructions stay, and the goal of each call comes after them. @default an assistant that follows the goal */
  agent?: Agent;
  /** @default 'make_phone_call' */
  name?: string;
  /** What the model is told of the tool. */
  description?: string;
  /**
   * Whom it may call: E.164 numbers, or a function. The model chooses the number, and it may come from what somebody has told it.
   * @default anybody
   */
  allow?: readonly string[] | ((to: string) => boolean | Promise<boolean>);
  /** Milliseconds for the whole call, ringing included; then it is hung up on. 5 seconds to 4 hours. @default 300000 */
  timeoutMs?: number;
  /** Further options of every call. */
  call?: Pick<CallOptions, 'fromNumber' | 'machineDetection' | 'voicemailMessage' | 'ringTimeout' | 'recording' | 'customParams'>;
}

/** What the model says. */
export interface PatterToolArguments {
  /** E.164. */
  to: string;
  /** What the call is to achieve: the agent's instruction. */
  goal: string;
  /** Said first when somebody answers. */
  first_message?: string;
}

/** What the model hears: small, and JSON. */
export interface PatterToolResult {
  /** For `phone.calls.get()`. */
  call_id: string;
  /** `completed`, `no_answer`, `busy`, … */
  outcome: CallResult['outcome'];
  /** Why, where the outcome alone does not tell. */
  reason?: string;
  /** The time was over, and the call was hung up on. */
  timed_out: boolean;
  /** A person or a machine. */
  answered_by: CallResult['answeredBy'];
  /** Seconds. */
  duration: number;
  /** As it was heard. */
  transcript: { role: string; text: string }[];
}

/** Options of one run. */
export interface PatterToolRun {
  /** Aborted: the call is hung up on, and the run rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Names the call: a run of the same name finds the call that was made. The frameworks' own tool-call ids are taken by themselves. */
  id?: string;
}

const NAMES = [
  ...(['phone', 'agent', 'name', 'description', 'allow', 'timeoutMs', 'call'] as const),
] as const satisfies readonly (keyof PatterToolOptions)[];
const DEFAULT_TIMEOUT_MS = 300_000;
const HANGUP_TRIES = 5;
const HANGUP_AGAIN_MS = 500;
/** From the hang-up to the record of it. */
const RECORD_WITHIN_MS = 60_000;

const argumentsSchema = z.object({
  to: z.string().describe('The phone number to call, in E.164 format: +14155551234'),
  goal: z.string().min(1).max(4_000).describe('What the call is to achieve, with all that the caller needs to know for it'),
  first_message: z.string().max(1_000).optional().describe('What is said first when somebody answers. Optional'),
});

/** A phone for a model: makes a call for a goal, and returns what was said. docs/workflows.md has it in each framework. */
export class PatterTool {
  /** By which the model calls it. */
  readonly name: string;
  /** What the model is told of it. */
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Record<string, unknown>;
  readonly #options: PatterToolOptions;
  readonly #timeoutMs: number;
  readonly #clock: Clock = systemClock;

  /** @throws PatterValidationError, PatterTypeError */
  constructor(options: PatterToolOptions) {
    checkNames('new PatterTool()', options, NAMES);
    const { agent, name = 'make_phone_call', phone, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (typeof phone?.call !== 'function') throw new PatterTypeError('phone', `phone must be a Patter (got ${shown(phone)}).`);
    if (agent !== undefined && !Agent.is(agent)) throw notAnAgent(agent);
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
      throw new PatterValidationError('name', `name must have 1 to 64 letters, digits, "_" or "-" (got ${shown(name)}).`);
    }
    if (!Number.isInteger(timeoutMs) || timeoutMs < 5_000 || timeoutMs > 14_400_000) {
      throw new PatterValidationError('timeoutMs', `timeoutMs must be 5000 (5 seconds) to 14400000 (4 hours) (got ${shown(timeoutMs)}).`);
    }
    this.name = name;
    this.description = checkText(
      'description',
      options.description ??
        'Calls somebody by phone and talks with them to reach a goal. Returns how the call ended and what was said. Takes minutes.',
      1,
    );
    const { $schema: _, ...schema } = z.toJSONSchema(argumentsSchema) as Record<string, unknown>;
    this.parameters = schema;
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    Object.freeze(this);
  }

  /** For `tools` of OpenAI's chat completions; `run()` takes the arguments of the model's tool call. */
  openai() {
    const { description, name, parameters } = this;
    return { type: 'function' as const, function: { name, description, parameters } };
  }

  /** For `tools` of OpenAI's responses. */
  openaiResponses() {
    const { description, name, parameters } = this;
    return { type: 'function' as const, name, description, parameters, strict: false as const };
  }

  /** For `tools: { make_phone_call: tool.vercel() }` of the Vercel AI SDK (5 and later). */
  vercel() {
    return {
      description: this.description,
      inputSchema: argumentsSchema,
      execute: (given: PatterToolArguments, options: { toolCallId?: string; abortSignal?: AbortSignal } = {}) =>
        this.run(given, { signal: options.abortSignal, id: options.toolCallId }),
    };
  }

  /** For `bindTools([…])` and a `ToolNode` of LangChain. Answers with a string, as its tools do. */
  langchain() {
    const { description, name } = this;
    return {
      ...{ name, description, schema: argumentsSchema, lc_namespace: ['getpatter', 'tools'] },
      /** Takes the arguments, or the model's tool call with the arguments in it. */
      invoke: async (input: PatterToolArguments | LangChainToolCall, config: { signal?: AbortSignal } = {}): Promise<string> => {
        const call = 'args' in input ? input : { args: input, id: undefined };
        return JSON.stringify(await this.run(call.args, { signal: config.signal, id: call.id }));
      },
    };
  }

  /**
   * Calls, talks, and returns how it ended. No answer and busy are results. After `timeoutMs` it hangs up and returns what was said until then.
   * @param given as an object, or as the JSON that the model wrote
   * @throws PatterValidationError when the arguments are none, or the number is not allowed: nobody is called. The reason of `signal`
   */
  async run(given: PatterToolArguments | string, { id, signal }: PatterToolRun = {}): Promise<PatterToolResult> {
    signal?.throwIfAborted();
    const { first_message: firstMessage, goal, to } = await this.#checked(given);
    signal?.throwIfAborted();
    const startedAt = this.#clock.monotonic();
    const call = await this.#options.phone.call({
      ...this.#options.call,
      to,
      agent: this.#agentFor(goal),
      ...(firstMessage && { firstMessage: plain(firstMessage) }),
      // So that a repetition finds the call, and the agent that was made for it is forgotten with it.
      idempotencyKey: `tool/${id ?? randomUUID()}`.slice(0, 200),
    });
    const late = new AbortController();
    const cancel = this.#clock.after(Math.max(0, this.#timeoutMs - (this.#clock.monotonic() - startedAt)), () => late.abort());
    const over = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    try {
      const result = await Promise.race([call.result(), aborted(over)]);
      if (result) return told(result, false);
      await this.#hangUp(call);
      if (signal?.aborted) throw signal.reason;
      return told(await call.result({ timeoutMs: RECORD_WITHIN_MS }), true);
    } finally {
      cancel();
    }
  }

  async #checked(given: PatterToolArguments | string): Promise<PatterToolArguments> {
    let value: unknown = given;
    if (typeof given === 'string') {
      try {
        value = JSON.parse(given);
      } catch {
        throw new PatterValidationError('arguments', `${this.name}: the arguments are not JSON.`);
      }
    }
    const parsed = argumentsSchema.safeParse(value);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new PatterValidationError(issue?.path.join('.') || 'arguments', `${this.name}: ${issue?.path.join('.')}: ${issue?.message}.`);
    }
    const to = checkE164('to', parsed.data.to);
    const { allow } = this.#options;
    if (allow === undefined || (typeof allow === 'function' ? await allow(to) : allow.includes(to))) return parsed.data;
    throw new PatterValidationError('to', `${this.name}: ${to} is not among the numbers that may be called.`);
  }

  /** The goal is data, however it is written: its braces are no placeholders. */
  #agentFor(goal: string): Agent {
    const { agent } = this.#options;
    const instructions =
      agent?.systemPrompt ??
      'You make a phone call for somebody. Be brief and polite. When the goal is reached, or cannot be, say goodbye and end the call.';
    const { agentId: _, ...rest } = agent ?? ({} as Partial<Agent>);
    return new Agent({
      ...(rest as object),
      systemPrompt: `${instructions}\n\nThe goal of this call:\n${plain(goal)}`,
      // Whatever becomes of this process, the call does not last longer.
      maxDurationMs: Math.min(this.#timeoutMs, agent?.maxDurationMs ?? this.#timeoutMs),
    });
  }

  /** A call that goes on unseen costs money: it is tried again. */
  async #hangUp(call: CallHandle): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await call.hangup();
        return;
      } catch (error) {
        if (tries >= HANGUP_TRIES) throw error;
        await sleep(this.#clock, HANGUP_AGAIN_MS * tries);
      }
    }
  }
}

/** As LangChain gives a model's tool call to a tool. */
export interface LangChainToolCall {
  args: PatterToolArguments;
  id?: string;
  name?: string;
  type?: 'tool_call';
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

function plain(text: string): string {
  return text.replaceAll('{', '(').replaceAll('}', ')');
}

function told(result: CallResult, timedOut: boolean): PatterToolResult {
  return {
    call_id: result.callId,
    outcome: result.outcome,
    ...(result.reason !== undefined && { reason: result.reason }),
    timed_out: timedOut,
    answered_by: result.answeredBy,
    duration: result.duration,
    transcript: result.transcript.map(({ role, text }) => ({ role, text })),
  };
}
