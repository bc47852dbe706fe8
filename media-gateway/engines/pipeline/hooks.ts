/** Where a developer's code may look at what goes through a pipeline, change it or take it out. */
import type { Clock } from '../../../contracts/clock';
import type { ChatMessage } from '../../../providers/llm/chat';
import type { Logger } from '../../../runtime/log';

type MaybePromise<T> = T | Promise<T>;

/** What a hook is told of the call. */
export interface HookContext {
  /** The call. */
  readonly callId: string;
  /** BCP 47. */
  readonly language: string;
}

/**
 * Each gets a value and returns what goes on in its place; null: nothing does. One that throws, or takes longer than its deadline, is logged, and
 * the value goes on as it was. Values of one kind stay in order.
 */
export interface PipelineHooks {
  /** The caller's audio, µ-law 8 kHz, as it comes from the carrier: some 50 times a second. */
  beforeSendToStt?(mulaw: Uint8Array, context: HookContext): MaybePromise<Uint8Array | null>;
  /** A whole turn of the caller. null: it was none, and gets no answer. */
  afterTranscribe?(text: string, context: HookContext): MaybePromise<string | null>;
  /** All that the agent is asked with, the instructions first. null: it is not asked, and nothing is said. */
  beforeLlm?(messages: readonly ChatMessage[], context: HookContext): MaybePromise<readonly ChatMessage[] | null>;
  /** A sentence as the agent wrote it. */
  afterLlm?(sentence: string, context: HookContext): MaybePromise<string | null>;
  /** A sentence as it will be spoken. */
  beforeSynthesize?(sentence: string, context: HookContext): MaybePromise<string | null>;
  /** The agent's audio, µ-law 8 kHz. */
  afterSynthesize?(mulaw: Uint8Array, context: HookContext): MaybePromise<Uint8Array | null>;
}

/** Milliseconds that a hook may take. Audio has less: the caller hears it. */
export const HOOK_DEADLINES = {
  beforeSendToStt: 100,
  afterTranscribe: 1_000,
  beforeLlm: 1_000,
  afterLlm: 500,
  beforeSynthesize: 500,
  afterSynthesize: 100,
} as const satisfies Record<keyof PipelineHooks, number>;

interface Values {
  beforeSendToStt: Uint8Array;
  afterTranscribe: string;
  beforeLlm: readonly ChatMessage[];
  afterLlm: string;
  beforeSynthesize: string;
  afterSynthesize: Uint8Array;
}

export class HookRunner {
  constructor(
    private readonly hooks: PipelineHooks,
    private readonly context: HookContext,
    private readonly clock: Clock,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  has(name: keyof PipelineHooks): boolean {
    return this.hooks[name] !== undefined;
  }

  /** At once where the hook is no promise, or there is none. What comes back is of the value's kind, or null. Never throws and never rejects. */
  run<Name extends keyof PipelineHooks>(name: Name, value: Values[Name]): MaybePromise<Values[Name] | null> {
    // One method for each name takes and returns that name's value: more than the compiler can follow.
    const hook = this.hooks[name] as ((value: Values[Name], context: HookContext) => MaybePromise<Values[Name] | null>) | undefined;
    if (!hook) return value;
    let result: MaybePromise<Values[Name] | null>;
    try {
      result = hook.call(this.hooks, value, this.context);
    } catch (error) {
      return this.#skipped(name, value, error);
    }
    return isPromise(result) ? this.#within(name, Promise.resolve(result), value) : this.#checked(name, value, result);
  }

  /** A program without types may give back anything, and what handles it is no code of that program. */
  #checked<Value>(hook: string, value: Value, result: Value | null | undefined): Value | null {
    if (result === null || result === undefined) return null;
    const given = kindOf(result);
    const wanted = kindOf(value);
    return given === wanted ? result : this.#skipped(hook, value, new Error(`gave back ${given} instead of ${wanted}`));
  }

  #within<Name extends keyof PipelineHooks>(
    name: Name,
    result: Promise<Values[Name] | null>,
    value: Values[Name],
  ): Promise<Values[Name] | null> {
    const ms = HOOK_DEADLINES[name];
    return new Promise((resolve) => {
      const cancel = this.clock.after(ms, () => resolve(this.#skipped(name, value, new Error(`took longer than ${ms} ms`))));
      result.then(
        (changed) => {
          cancel();
          resolve(this.#checked(name, value, changed));
        },
        (error: unknown) => {
          cancel();
          resolve(this.#skipped(name, value, error));
        },
      );
    });
  }

  #skipped<T>(hook: string, value: T, error: unknown): T {
    this.log.warn({ hook, err: error }, 'a hook of the pipeline was skipped');
    return value;
  }
}

function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function kindOf(value: unknown): string {
  if (value instanceof Uint8Array) return 'audio';
  return Array.isArray(value) ? 'a list' : typeof value;
}
