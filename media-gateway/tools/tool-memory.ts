import { createHash } from 'node:crypto';
import type { ToolCallRecord, TranscriptTurn } from '../../contracts/call';

/**
 * What the tools of a call have been asked, over all its gateways: so that a wish under way when a gateway died is carried out once, although the
 * model of the next one, which hears the caller's last words again, asks for it again.
 */
export class ToolMemory {
  readonly #asked = new Map<string, number>();
  readonly #unspoken = new Map<string, ToolCallRecord[]>();

  /** @param earlier answers of earlier streams, as far as they got into a checkpoint */
  constructor(earlier: readonly ToolCallRecord[], history: readonly TranscriptTurn[]) {
    const spokenAt = history.findLast((turn) => turn.role === 'assistant')?.at ?? Number.NEGATIVE_INFINITY;
    for (const record of earlier) {
      const wish = wishOf(record.name, record.arguments);
      this.#asked.set(wish, (this.#asked.get(wish) ?? 0) + 1);
      // The caller has not heard of it yet: when it is asked for once more, it is this very wish.
      if (record.ok && record.at + record.durationMs >= spokenAt) this.#unspoken.set(wish, [...(this.#unspoken.get(wish) ?? []), record]);
    }
  }

  /** Answers that the caller has not heard of, as they came. */
  get unspoken(): readonly ToolCallRecord[] {
    return [...this.#unspoken.values()].flat();
  }

  /** The answer that a dead gateway had got and not passed on; once. */
  answerOf(name: string, args: string): ToolCallRecord | undefined {
    return this.#unspoken.get(wishOf(name, args))?.shift();
  }

  /** The last wish of these words has no answer: whoever has the same words next means that one. */
  unanswered(name: string, args: string): void {
    const wish = wishOf(name, args);
    this.#asked.set(wish, Math.max(0, (this.#asked.get(wish) ?? 0) - 1));
  }

  /** The model that asked is gone with its socket, and the caller has not heard of the answer: the next one may ask again. */
  recall(record: ToolCallRecord): void {
    if (!record.ok || this.unspoken.includes(record)) return;
    const wish = wishOf(record.name, record.arguments);
    this.#unspoken.set(wish, [...(this.#unspoken.get(wish) ?? []), record]);
  }

  /** The caller has heard of it: whoever asks now wants it anew. */
  spoken(record: ToolCallRecord): void {
    const wish = wishOf(record.name, record.arguments);
    this.#unspoken.set(
      wish,
      (this.#unspoken.get(wish) ?? []).filter((other) => other !== record),
    );
  }

  /** The same for the same wish on another gateway, another for a second wish: the tool's name, its arguments, and how often they were asked for. */
  keyOf(name: string, args: string): string {
    const wish = wishOf(name, args);
    const times = (this.#asked.get(wish) ?? 0) + 1;
    this.#asked.set(wish, times);
    return `${wish}.${times}`;
  }
}

function wishOf(name: string, args: string): string {
  return `${name}.${createHash('sha256').update(canonical(args)).digest('hex').slice(0, 16)}`;
}

/** Models put the same arguments in any order. */
function canonical(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json || '{}'), (_key, value: unknown) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    );
  } catch {
    return json;
  }
}
