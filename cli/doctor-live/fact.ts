/** One thing that the product (and its lab) believes of the carrier, and what a real call says about it. */
import type { CallbackKind, Recorded } from './recording';

export type Verdict = 'as expected' | 'different' | 'not observed';

export interface FactResult {
  /** Stable, for programs. */
  fact: string;
  /** What is believed, as a sentence. */
  expected: string;
  verdict: Verdict;
  /** What was seen, or why nothing was. */
  seen: string;
}

export type Judgement = Pick<FactResult, 'verdict' | 'seen'>;

export interface Fact {
  fact: string;
  expected: string;
  judge(recorded: readonly Recorded[]): Judgement;
}

export const asExpected = (seen: string): Judgement => ({ verdict: 'as expected', seen });
export const different = (seen: string): Judgement => ({ verdict: 'different', seen });
export const notObserved = (why: string): Judgement => ({ verdict: 'not observed', seen: why });

type Of<K extends Recorded['kind']> = Extract<Recorded, { kind: K }>;
export type FrameEntry = Of<'frame'> & { frame: Frame };
export type Frame = { event?: unknown; streamSid?: unknown; sequenceNumber?: unknown } & Record<string, unknown>;

export function ofKind<K extends Recorded['kind']>(recorded: readonly Recorded[], kind: K): Of<K>[] {
  return recorded.filter((entry): entry is Of<K> => entry.kind === kind);
}

export function callbacksOf(recorded: readonly Recorded[], callback: CallbackKind): Of<'callback'>[] {
  return ofKind(recorded, 'callback').filter((entry) => entry.callback === callback);
}

export function framesOf(recorded: readonly Recorded[], event: string): FrameEntry[] {
  return ofKind(recorded, 'frame').filter((entry): entry is FrameEntry => (entry.frame as Frame).event === event);
}

/** Says which of the named conditions do not hold. */
export function allOf(conditions: Readonly<Record<string, boolean>>, sample: unknown): Judgement {
  const broken = Object.entries(conditions)
    .filter(([, holds]) => !holds)
    .map(([name]) => name);
  const text = shortened(JSON.stringify(sample));
  return broken.length === 0 ? asExpected(text) : different(`not so: ${broken.join('; ')}. Seen: ${text}`);
}

const SAMPLE_CHARS = 400;

function shortened(text: string): string {
  const plain = text.replace(/("payload":")([^"]{12})[^"]*/g, '$1$2…');
  return plain.length > SAMPLE_CHARS ? `${plain.slice(0, SAMPLE_CHARS)}…` : plain;
}

/** The first frame that breaks the rule, else the first of all. */
export function frameFact(fact: string, event: string, expected: string, rules: (frame: Frame) => Readonly<Record<string, boolean>>): Fact {
  return {
    fact,
    expected,
    judge(recorded) {
      const frames = framesOf(recorded, event).map(({ frame }) => frame);
      const sample = frames.find((frame) => Object.values(rules(frame)).includes(false)) ?? frames[0];
      return sample ? allOf(rules(sample), sample) : notObserved(`no ${event} came`);
    },
  };
}

export const isDigits = (value: unknown): boolean => typeof value === 'string' && /^\d+$/.test(value);
export const isSid = (value: unknown, prefix: string): boolean =>
  typeof value === 'string' && new RegExp(`^${prefix}[0-9a-f]{32}$`).test(value);
