/** What somebody has been shown, and may now agree to. A `confirm` for anything else, also for the same with another word in it, is none. */
import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../../contracts/clock';

const VALID_MS = 15 * 60_000;
const MOST = 100;

interface Preview {
  /** The same however often it is confirmed: a repetition after a lost answer is the same call. */
  idempotencyKey: string;
  until: number;
}

export class Previews {
  readonly #shown = new Map<string, Preview>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  show(what: unknown): void {
    const digest = digestOf(what);
    if (this.#valid(digest)) return;
    this.#shown.set(digest, { idempotencyKey: `mcp-${randomUUID()}`, until: this.clock.monotonic() + VALID_MS });
    const [oldest] = this.#shown.keys();
    if (this.#shown.size > MOST && oldest !== undefined) this.#shown.delete(oldest);
  }

  /** @returns undefined where this was not shown, or long ago */
  confirmed(what: unknown): { idempotencyKey: string } | undefined {
    return this.#valid(digestOf(what));
  }

  /** It has been done: the next one is to be shown again. */
  forget(what: unknown): void {
    this.#shown.delete(digestOf(what));
  }

  #valid(digest: string): Preview | undefined {
    const preview = this.#shown.get(digest);
    return preview && preview.until > this.clock.monotonic() ? preview : undefined;
  }
}

/** The order of an object's members is the client's whim. */
function digestOf(what: unknown): string {
  const sorted = (_key: string, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return createHash('sha256').update(JSON.stringify(what, sorted)).digest('hex');
}
