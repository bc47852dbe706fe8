import type { TranscriptTurn, TurnLatency } from '../../contracts/call';

interface Entry extends TranscriptTurn {
  id: string;
  final: boolean;
}

export interface TurnLogOptions {
  /** With more final turns than this, the oldest are sealed: a heartbeat carries the rest every second. */
  sealAbove: number;
  /** How many turns stay unsealed then. */
  keep: number;
  /** How long the caller waited for the answer that begins with this item; nothing where it answers nobody. */
  latencyOf?: (id: string) => TurnLatency | undefined;
}

export const DEFAULT_TURN_LOG = { sealAbove: 40, keep: 20 } as const satisfies TurnLogOptions;

/**
 * Who said what, each turn once, in the order in which the turns began. A turn begins when somebody starts to speak and is settled when its words
 * are known, which for the caller is later than the agent's next turn. A settled text is what was heard.
 */
export class TurnLog {
  #entries: Entry[] = [];
  #sealed: Entry[] = [];
  /** How many of the sealed turns have surely arrived elsewhere. */
  #handedOver = 0;
  #settled = 0;
  readonly #options: TurnLogOptions;

  /** @param history turns of earlier streams: part of what the model is told, not of what is reported */
  constructor(
    private readonly history: readonly TranscriptTurn[],
    options: Partial<TurnLogOptions> = {},
  ) {
    this.#options = { ...DEFAULT_TURN_LOG, ...options };
  }

  /** Grows whenever the words of a turn become known. */
  get settledTurns(): number {
    return this.#settled;
  }

  get sealedTurns(): number {
    return this.#sealed.length;
  }

  /**
   * For a heartbeat: what is not handed over yet. Turns that were sealed a moment ago are in it once more, since the signal that carries
   * them may die with this process; the workflow knows by the count which ones it has.
   */
  checkpoint(spokenSoFar?: (id: string) => string): { turns: TranscriptTurn[]; sealedTurns: number } {
    const again = this.#sealed.slice(this.#handedOver).map(publicTurn);
    return { turns: [...again, ...this.turns(spokenSoFar)], sealedTurns: this.#handedOver };
  }

  /** What was sealed until now has arrived. */
  handedOver(sealedTurns: number): void {
    this.#handedOver = Math.max(this.#handedOver, sealedTurns);
  }

  begin(id: string, role: TranscriptTurn['role'], at: number): void {
    if (this.#entries.some((entry) => entry.id === id)) return;
    const latency = role === 'assistant' ? this.#options.latencyOf?.(id) : undefined;
    this.#entries.push({ id, role, at, text: '', final: false, ...(latency && { latency }) });
  }

  /** The turn is known by another name from now on. */
  rename(id: string, newId: string): boolean {
    const entry = this.#entries.find((candidate) => candidate.id === id);
    if (entry) entry.id = newId;
    return entry !== undefined;
  }

  /** The words of a turn; settling it again corrects it. Without words there was no turn. */
  settle(id: string, text: string, interrupted = false): void {
    const index = this.#entries.findIndex((candidate) => candidate.id === id);
    const entry = this.#entries[index];
    if (!entry) return;
    if (text === '') {
      this.#entries.splice(index, 1);
      return;
    }
    entry.text = text;
    entry.final = true;
    this.#settled++;
    if (interrupted) entry.interrupted = true;
    else delete entry.interrupted;
  }

  /** Turns of this stream that are not sealed. `spokenSoFar` gives the heard part of what the agent is just saying. */
  turns(spokenSoFar: (id: string) => string = () => ''): TranscriptTurn[] {
    return this.#entries.flatMap((entry) => {
      if (entry.final) return [publicTurn(entry)];
      const text = entry.role === 'assistant' ? spokenSoFar(entry.id) : '';
      return text === '' ? [] : [{ ...publicTurn(entry), text, interrupted: true }];
    });
  }

  /** All turns of the call. */
  all(spokenSoFar?: (id: string) => string): TranscriptTurn[] {
    return [...this.history, ...this.#sealed.map(publicTurn), ...this.turns(spokenSoFar)];
  }

  /** How many turns of the call are settled, from its beginning to the first that is not. */
  get settledRow(): number {
    const open = this.#entries.findIndex((entry) => !entry.final);
    return this.history.length + this.#sealed.length + (open === -1 ? this.#entries.length : open);
  }

  /** Those turns. */
  settledTurnsInRow(): TranscriptTurn[] {
    return this.all().slice(0, this.settledRow);
  }

  /** What the caller said last. */
  lastUserText(): string | undefined {
    return this.all().findLast((turn) => turn.role === 'user')?.text;
  }

  /** The oldest turns, when there are too many; from then on they are no longer in `turns`. Only whole, final turns in a row. */
  seal(): TranscriptTurn[] | undefined {
    const final = this.#entries.findIndex((entry) => !entry.final);
    const sealable = final === -1 ? this.#entries.length : final;
    if (sealable <= this.#options.sealAbove) return undefined;
    const sealed = this.#entries.splice(0, sealable - this.#options.keep);
    this.#sealed.push(...sealed);
    return sealed.map(publicTurn);
  }
}

function publicTurn({ role, text, at, interrupted, latency }: Entry): TranscriptTurn {
  return { role, text, at, ...(interrupted && { interrupted }), ...(latency && { latency }) };
}
