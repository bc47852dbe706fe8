import type { Clock } from '../../contracts/clock';
import { BYTES_PER_MS } from '../../contracts/g711';
import { audibleBytes } from '../audio/audible';
import { heardText, type TextDelta } from '../playback/heard-text';
import { PlaybackLedger } from '../playback/ledger';
import { Pacer, type PacerBackground, type PacerSink, type PlayResult } from '../playback/pacer';
import type { TurnLog } from './turn-log';

interface Item {
  source: 'line' | 'response';
  deltas: TextDelta[];
  audioMs: number;
  audibleMs: number;
  result: PlayResult | undefined;
  /** What was heard, once the item is over. */
  heard: string;
  finished: ((result: PlayResult) => void) | undefined;
  /** The vendor was lost before its end. */
  brokenOff?: boolean;
}

/** One item that an interruption ended. */
export interface Interruption {
  itemId: string;
  source: Item['source'];
  heardMs: number;
  /** Everything was heard after all; only the carrier's word was missing. */
  complete: boolean;
}

/** The agent's mouth: what is said, in order, and what of it was heard. Writes the agent's turns into the log. */
export class Speaker {
  /** Whether the vendor's speech that comes next may be interrupted. */
  responsesInterruptible = true;
  /** How the vendor's latest item ended. */
  lastResponse: PlayResult | undefined;
  readonly #ledger: PlaybackLedger;
  readonly #pacer: Pacer;
  readonly #items = new Map<string, Item>();
  /** Of the vendor, and whole. */
  readonly #completed = new Set<string>();
  #lines = 0;

  /**
   * @param quiet called whenever an item has ended
   * @param pace by which audio is sent
   */
  constructor(
    sink: PacerSink,
    private readonly clock: Clock,
    private readonly turns: TurnLog,
    private readonly quiet: () => void,
    pace = clock,
  ) {
    this.#ledger = new PlaybackLedger(() => clock.monotonic());
    this.#pacer = new Pacer(sink, this.#ledger, pace, {
      started: (itemId) => this.turns.begin(itemId, 'assistant', this.clock.now()),
      finished: (itemId, result) => this.#finished(itemId, result),
    });
  }

  /** Something came from the carrier. */
  alive(): void {
    this.#ledger.alive();
  }

  /** Something is being said, held or waiting to be said. */
  get busy(): boolean {
    return this.#pacer.busy;
  }

  /** A sound under all that is said, and between. */
  playBackground(background: PacerBackground): void {
    this.#pacer.playBackground(background);
  }

  /** Being heard just now, and not held. */
  get speaking(): boolean {
    return this.#pacer.busy && !this.#pacer.paused;
  }

  get interruptible(): boolean {
    return this.#pacer.interruptible;
  }

  get remainingMs(): number {
    return this.#pacer.remainingMs;
  }

  /** Says a fixed line after all that is waiting. */
  line(text: string, audio: Uint8Array, options: { interruptible: boolean }): { itemId: string; finished: Promise<PlayResult> } {
    const itemId = `line_${++this.#lines}`;
    const finished = new Promise<PlayResult>((resolve) => {
      this.#items.set(itemId, {
        source: 'line',
        deltas: [{ text, atAudioMs: 0 }],
        audioMs: audio.length / BYTES_PER_MS,
        audibleMs: audibleBytes(audio) / BYTES_PER_MS,
        result: undefined,
        heard: '',
        finished: resolve,
      });
    });
    this.#pacer.open(itemId, options);
    this.#pacer.append(itemId, audio);
    this.#pacer.complete(itemId);
    return { itemId, finished };
  }

  responseAudio(itemId: string, mulaw: Uint8Array): void {
    const item = this.#response(itemId);
    if (item.result !== undefined) return;
    if (item.audioMs === 0) this.#pacer.open(itemId, { interruptible: this.responsesInterruptible });
    const audible = audibleBytes(mulaw);
    if (audible > 0) item.audibleMs = item.audioMs + audible / BYTES_PER_MS;
    item.audioMs += mulaw.length / BYTES_PER_MS;
    this.#pacer.append(itemId, mulaw);
  }

  /** @param fromMs where in the item's audio the words begin, where that is known exactly */
  responseText(itemId: string, delta: string, fromMs?: number): void {
    const item = this.#response(itemId);
    item.deltas.push({ text: delta, atAudioMs: fromMs ?? item.audioMs, exact: fromMs !== undefined });
    // Text may come after its audio has been heard.
    if (item.result === 'played' || item.result === 'unconfirmed') this.#settle(itemId, item);
  }

  responseItemCompleted(itemId: string): void {
    this.#completed.add(itemId);
    this.#pacer.complete(itemId);
  }

  /** The vendor is gone: what has come of its items is all there is. */
  responsesBrokeOff(): void {
    for (const itemId of this.openResponses) {
      const item = this.#items.get(itemId);
      if (item && !this.#completed.has(itemId)) item.brokenOff = true;
    }
    this.responsesCompleted();
  }

  /** No response is going on any more: nothing more will come for any item. */
  responsesCompleted(): void {
    for (const [itemId, item] of this.#items) if (item.source === 'response' && item.result === undefined) this.#pacer.complete(itemId);
  }

  pause(): void {
    this.#pacer.pause();
  }

  resume(): void {
    this.#pacer.resume();
  }

  /** Falls silent at once. */
  cut(options?: { all: boolean }): Interruption[] {
    return this.#pacer.cut(options).map(({ itemId, heardMs }) => {
      const item = this.#items.get(itemId);
      // Of one that is still being made the vendor has more than has come here.
      const complete = item !== undefined && !this.#isOpen(itemId, item) && heardMs >= item.audioMs - 1;
      return { itemId, source: item?.source ?? 'line', heardMs, complete };
    });
  }

  acknowledge(mark: string): void {
    this.#pacer.acknowledge(mark);
  }

  /** What was heard of an item until now. */
  heardSoFar(itemId: string): string {
    const item = this.#items.get(itemId);
    if (!item) return '';
    return item.result === undefined ? this.#heardText(itemId, item) : item.heard;
  }

  /** Items of the vendor that are being heard or wait for it. */
  get openResponses(): string[] {
    return [...this.#items]
      .filter(([, item]) => item.source === 'response' && item.result === undefined && item.audioMs > 0)
      .map(([id]) => id);
  }

  isOver(itemId: string): boolean {
    return this.#items.get(itemId)?.result !== undefined;
  }

  /** Falls silent for good. */
  close(): void {
    this.#pacer.cut({ all: true });
    this.#pacer.dispose();
  }

  #response(itemId: string): Item {
    let item = this.#items.get(itemId);
    if (!item) {
      item = { source: 'response', deltas: [], audioMs: 0, audibleMs: 0, result: undefined, heard: '', finished: undefined };
      this.#items.set(itemId, item);
    }
    return item;
  }

  #finished(itemId: string, result: PlayResult): void {
    const item = this.#items.get(itemId);
    if (!item) return;
    item.result = result;
    if (item.source === 'response') this.lastResponse = result;
    this.#settle(itemId, item);
    item.finished?.(result);
    this.quiet();
  }

  #isOpen(itemId: string, { source }: Item): boolean {
    return source === 'response' && !this.#completed.has(itemId);
  }

  #heardText(itemId: string, item: Item): string {
    return heardText({ ...item, open: this.#isOpen(itemId, item) }, this.#ledger.heardMs(itemId));
  }

  #settle(itemId: string, item: Item): void {
    const cut = item.result === 'cut';
    if (item.brokenOff) item.deltas = audibleWords(item);
    const whole = item.deltas
      .map((delta) => delta.text)
      .join('')
      .trim();
    item.heard = cut ? this.#heardText(itemId, item) : whole;
    this.turns.settle(itemId, item.heard, item.heard !== whole);
  }
}

/** Words may run ahead of their sound: of what broke off, those whose sound came, and no half of one. */
function audibleWords({ deltas, audioMs }: Item): TextDelta[] {
  const words = deltas.filter(({ atAudioMs }) => atAudioMs < audioMs);
  const last = words.at(-1);
  if (!last) return [];
  const text = words.map((delta) => delta.text).join('');
  const half = /[\p{L}\p{N}]+$/u.exec(text)?.[0].length ?? 0;
  let left = text.length - half;
  return words.map((delta) => {
    const kept = delta.text.slice(0, Math.max(0, left));
    left -= delta.text.length;
    return { ...delta, text: kept };
  });
}
