/** Where a developer's code may change what is heard in a call, with any engine. */
import type { Logger } from '../../runtime/log';
import type { HookContext } from '../engines/pipeline/hooks';
import type { PacerBackground } from '../playback/pacer';
import { backgroundOf, layUnder } from './background';
import type { CallerFilter } from './noise-suppressor';

/** A sound under the agent's voice and in its pauses. One per call. */
export interface BackgroundSource {
  /** The next so many samples, 8 kHz: asked for some 50 times a second. What is missing of them is silence. Quiet, or nobody understands the agent. */
  next(samples: number): Int16Array;
}

/** Each is called once a call, when it begins. One that throws, or gives back something else, is logged once, and the audio goes on as it was. */
export interface AudioHooks {
  /** Makes what changes the caller's audio before anybody hears it, instead of the agent's `noiseSuppression`. */
  callerFilter?(context: HookContext): CallerFilter;
  /** Makes the sound behind the agent, instead of the agent's `backgroundAudio`. */
  background?(context: HookContext): BackgroundSource;
}

type Log = Pick<Logger, 'warn'>;

/** Undefined where there is no hook, or none that works. */
export function openCallerFilter(hooks: AudioHooks | undefined, context: HookContext, log: Log): CallerFilter | undefined {
  const filter = opened('callerFilter', () => hooks?.callerFilter?.(context), log);
  if (!filter) return undefined;
  const attempt = guarded('callerFilter', log);
  return {
    process: (mulaw) =>
      attempt(() => {
        const changed = settledNow(filter.process(mulaw));
        if (changed instanceof Uint8Array && changed.length === mulaw.length) return changed;
        throw new Error(`gave back something else than ${mulaw.length} bytes of audio`);
      }) ?? mulaw,
  };
}

/** Undefined where there is no hook, or none that works. */
export function openBackground(hooks: AudioHooks | undefined, context: HookContext, log: Log): PacerBackground | undefined {
  const source = opened('background', () => hooks?.background?.(context), log);
  if (!source) return undefined;
  const attempt = guarded('background', log);
  return backgroundOf((samples) => {
    const sound = attempt(() => {
      const next = settledNow(source.next(samples.length));
      if (next instanceof Int16Array) return next;
      throw new Error('gave back something else than an Int16Array');
    });
    const length = Math.min(samples.length, sound?.length ?? 0);
    for (let i = 0; i < length; i++) layUnder(samples, i, (sound as Int16Array)[i] as number);
  });
}

/** Nobody waits for a promise here, fifty times a second: it is none of what was asked for, and its failure is nobody's crash. */
function settledNow<Result>(result: Result): Result {
  if (typeof (result as { then?: unknown } | undefined)?.then !== 'function') return result;
  Promise.resolve(result).catch(() => undefined);
  throw new Error('gave back a promise');
}

function opened<Made>(hook: keyof AudioHooks, make: () => Made | undefined, log: Log): Made | undefined {
  return guarded(hook, log)(make);
}

/** What fails is told once a call: it may fail 50 times a second. */
function guarded(hook: keyof AudioHooks, log: Log): <Result>(work: () => Result) => Result | undefined {
  let told = false;
  return (work) => {
    try {
      return settledNow(work());
    } catch (error) {
      if (!told) log.warn({ hook, err: error }, 'a hook of the audio was skipped');
      told = true;
      return undefined;
    }
  };
}
