import type { Clock } from '../../../contracts/clock';
import { BYTES_PER_MS } from '../../../contracts/g711';
import { audibleBytes } from '../../audio/audible';
import { heardText, type SpokenItem, type TextDelta } from '../../playback/heard-text';
import type { EngineEvent } from '../engine';
import { type Alignment, lettersOf, wordsOf } from './alignment';

/** The vendor does not say when an answer is over. Where its alignment does not tell either, so much silence on the socket does; it sends faster than one speaks. */
const QUIET_MS = 800;
/** The same while the answer's text, which the vendor sends once, has not come. */
const QUIET_WITHOUT_TEXT_MS = 2_000;
/** Audio that comes so soon after such a silence belongs to the answer before it. */
const CONTINUES_WITHIN_MS = 5_000;
/** Words whose audio has not come by then: it never will. */
const NO_AUDIO_MS = 4_000;
/** Only what is still being heard can be interrupted. */
const MOST_ITEMS = 8;

export interface AnswersListener {
  emit(event: EngineEvent): void;
  /** Right before an answer: the caller's turn is over, if one is open. Returns whether one was. */
  begins(): boolean;
  /** The first message of the agent's settings has come, unwanted, and is no longer to be taken for an answer. */
  openingOver(): void;
  /** The vendor has said this, and the caller will not hear it. */
  unheard(text: string): void;
}

interface Answer {
  itemId: string;
  /** `kept`: an answer to something, that nobody has asked for yet. `dropped`: nobody hears it. */
  fate: 'asked' | 'kept' | 'dropped';
  held: EngineEvent[];
  /** As the vendor wrote it. */
  text: string | undefined;
  /** Words by the alignment; where the first audio has none, the text as a whole. */
  words: 'unknown' | 'aligned' | 'whole';
  item: SpokenItem & { deltas: TextDelta[] };
  over: { at: number; certain: boolean } | undefined;
  /** The vendor knows that it was not heard. */
  told: boolean;
}

/**
 * What the vendor says. It answers when it pleases, while this product decides when the caller gets an answer (a disclosure is not talked over, a machine is
 * not talked to): so an answer that belongs to something is kept until it is asked for, and one that nobody asked for, such as the first message of the
 * agent's settings, is not heard. The events' ids grow, with every answer or with every piece of one: they only tell what an interruption has made void.
 */
export class Answers {
  #last: Answer | undefined;
  /** The first message of the agent's settings, while it comes and nobody wants it. */
  #unwanted: Answer | undefined;
  #kept: Answer[] = [];
  #asked = false;
  /** Something has happened that the vendor will answer. */
  #owed: boolean;
  /** The first message of the agent's settings: whether it is still to be reckoned with, and heard. */
  #opening: 'wanted' | 'unwanted' | 'past';
  #voidUpTo = Number.NEGATIVE_INFINITY;
  #count = 0;
  #closed = false;
  #cancelTimer: () => void = () => undefined;
  readonly #items = new Map<string, Answer['item']>();

  /**
   * @param prefix of the items' ids
   * @param greets the first message of the agent's settings is wanted
   */
  constructor(
    private readonly prefix: string,
    greets: boolean,
    private readonly clock: Clock,
    private readonly listener: AnswersListener,
  ) {
    this.#owed = greets;
    this.#opening = greets ? 'wanted' : 'unwanted';
  }

  /** One was asked for and has not ended. */
  get busy(): boolean {
    return this.#asked;
  }

  /** The vendor will answer by itself, or does already. */
  get owed(): boolean {
    return this.#owed;
  }

  /** One has come, or has begun to, and nobody has asked for it. */
  get kept(): boolean {
    return this.#kept.length > 0;
  }

  /** The first message of the agent's settings may still come, and would be taken for the answer to something. */
  get awaitsOpening(): boolean {
    return this.#opening !== 'past';
  }

  /** Whoever has talked before is not greeted. */
  greetNobody(): void {
    if (this.#opening === 'wanted') this.#opening = 'unwanted';
    this.discard();
  }

  /** It did not come. */
  noOpening(): void {
    this.#opening = 'past';
  }

  /** An answer is wanted: now it is heard. */
  ask(): void {
    if (this.#closed) return;
    this.#asked = true;
    const kept = this.#kept;
    this.#kept = [];
    for (const answer of kept) {
      answer.fate = 'asked';
      for (const event of answer.held.splice(0)) this.listener.emit(event);
    }
    // Without any, or with more to come, the vendor is still thinking.
    if (kept.at(-1)?.over && !this.#owed) this.#done('completed');
  }

  /** The vendor has been given something to answer. */
  trigger(): void {
    this.#owed = true;
  }

  /** What is not asked for by now is not wanted, and what will come of it neither. */
  discard(): void {
    this.#owed = false;
    for (const answer of this.#kept) {
      answer.fate = 'dropped';
      answer.held = [];
      if (answer.over) this.#tellUnheard(answer);
    }
    this.#kept = [];
  }

  /** The caller's turn is over and will be answered. */
  callerTurn(): void {
    this.#opening = 'past';
    this.#finish(true);
    this.discard();
    this.#last = undefined;
    this.#owed = true;
  }

  cancel(): void {
    if (!this.#asked) return;
    this.#asked = false;
    const last = this.#last;
    if (last?.fate === 'asked' && !last.over) {
      last.fate = 'dropped';
      last.over = { at: this.clock.monotonic(), certain: true };
      this.#cancelTimer();
    }
    // Like a vendor, not from within the call.
    queueMicrotask(() => this.#emit({ kind: 'response_done', status: 'cancelled' }));
  }

  /** Nothing will come of what was asked for. */
  fail(error: string): void {
    this.#owed = false;
    if (this.#last && !this.#last.over && this.#last.item.audioMs > 0) return;
    if (this.#asked) this.#done('failed', error);
  }

  /** The vendor stopped at an event; what comes late of it is not heard. @returns whether the caller hears that answer */
  interruption(eventId: number): boolean {
    this.#voidUpTo = Math.max(this.#voidUpTo, eventId);
    const last = this.#last;
    if (last?.fate === 'kept') {
      last.fate = 'dropped';
      this.#kept = this.#kept.filter((answer) => answer !== last);
    }
    return last?.fate === 'asked';
  }

  /** After an interruption: nothing more comes. */
  end(): void {
    this.#finish(true);
  }

  /** The model has called a tool, with or without words before, and goes on when that has answered. */
  toolCalled(): void {
    this.#owed = true;
    if (this.#asked && (!this.#last || this.#last.over)) this.#done('completed');
  }

  response(text: string, eventId: number | undefined): void {
    if (this.#closed || text.trim() === '' || (eventId !== undefined && eventId <= this.#voidUpTo)) return;
    const last = this.#last;
    const known = last && last.text === undefined && !(last.fate === 'dropped' && this.#owed);
    const answer = known ? last : this.#start();
    answer.text = text;
    if (answer === this.#unwanted) this.#openingKnown();
    if (answer.words === 'whole') this.#word(answer, { text });
    this.#await(answer);
  }

  audio(mulaw: Uint8Array, eventId: number, alignment: Alignment | undefined): void {
    if (this.#closed || mulaw.length === 0 || eventId <= this.#voidUpTo) return;
    const answer = this.#answerOfAudio();
    if (answer.fate === 'dropped') {
      this.#await(answer);
      return;
    }
    if (answer.words === 'unknown') {
      answer.words = alignment ? 'aligned' : 'whole';
      if (!alignment && answer.text) this.#word(answer, { text: answer.text });
    }
    if (alignment && answer.words === 'aligned') {
      for (const { text, fromMs } of wordsOf(alignment)) this.#word(answer, { text, fromMs: answer.item.audioMs + fromMs });
    }
    const audible = audibleBytes(mulaw);
    if (audible > 0) answer.item.audibleMs = answer.item.audioMs + audible / BYTES_PER_MS;
    answer.item.audioMs += mulaw.length / BYTES_PER_MS;
    this.#give(answer, { kind: 'audio', itemId: answer.itemId, mulaw });
    this.#await(answer);
  }

  /** What was heard of an item; undefined when all of it was, or nothing is known of it. */
  heard(itemId: string, heardMs: number): string | undefined {
    const item = this.#items.get(itemId);
    this.#items.delete(itemId);
    return item && heardText(item, heardMs);
  }

  close(): void {
    this.#closed = true;
    this.#asked = false;
    this.#cancelTimer();
  }

  #answerOfAudio(): Answer {
    const last = this.#last;
    if (!last?.over) return last ?? this.#start();
    if (last.fate === 'dropped' && !this.#owed) return last;
    const { at, certain } = last.over;
    const continues = !certain && !this.#owed && this.clock.monotonic() - at < CONTINUES_WITHIN_MS;
    if (!continues) return this.#start();
    if (last.fate === 'asked') this.#asked = true;
    else this.#owed = true;
    const more = this.#start();
    // The vendor sends an answer's text once.
    more.text = last.words === 'whole' ? '' : last.text;
    return more;
  }

  #start(): Answer {
    this.#finish(true);
    const opening = this.#opening;
    if (opening === 'past' && this.listener.begins()) this.#owed = true;
    this.#opening = 'past';
    const answer: Answer = {
      itemId: `answer_${this.prefix}_${++this.#count}`,
      fate: opening === 'unwanted' ? 'dropped' : this.#asked ? 'asked' : this.#owed ? 'kept' : 'dropped',
      held: [],
      text: undefined,
      words: 'unknown',
      item: { deltas: [], audioMs: 0, audibleMs: 0 },
      over: undefined,
      told: false,
    };
    if (opening === 'unwanted') this.#unwanted = answer;
    else this.#owed = false;
    this.#last = answer;
    if (answer.fate === 'kept') this.#kept.push(answer);
    if (answer.fate !== 'dropped') this.#items.set(answer.itemId, answer.item);
    for (const itemId of this.#items.keys()) {
      if (this.#items.size <= MOST_ITEMS) break;
      this.#items.delete(itemId);
    }
    return answer;
  }

  #word(answer: Answer, { text, fromMs }: { text: string; fromMs?: number }): void {
    answer.item.deltas.push({ text, atAudioMs: fromMs ?? answer.item.audioMs, exact: fromMs !== undefined });
    this.#give(answer, { kind: 'agent_text', itemId: answer.itemId, delta: text, ...(fromMs !== undefined && { fromMs }) });
  }

  #give(answer: Answer, event: EngineEvent): void {
    if (answer.fate === 'asked') this.#emit(event);
    else if (answer.fate === 'kept') answer.held.push(event);
  }

  /** Waits for what is still to come of an answer, if anything is. */
  #await(answer: Answer): void {
    if (answer.over) return;
    this.#cancelTimer();
    const { text, item, words } = answer;
    if (text !== undefined && item.audioMs === 0 && answer.fate !== 'dropped') {
      this.#cancelTimer = this.clock.after(NO_AUDIO_MS, () => this.#silent(answer));
      return;
    }
    const all = text !== undefined && words === 'aligned' && lettersOf(text) === lettersOf(item.deltas.map((delta) => delta.text).join(''));
    if (all) this.#finish(true);
    else this.#cancelTimer = this.clock.after(text === undefined ? QUIET_WITHOUT_TEXT_MS : QUIET_MS, () => this.#finish(false));
  }

  #silent(answer: Answer): void {
    answer.over = { at: this.clock.monotonic(), certain: true };
    this.#kept = this.#kept.filter((other) => other !== answer);
    if (answer.fate === 'asked' && this.#asked) this.#done('failed', 'words came without audio');
  }

  /** Nothing more comes of the last answer. */
  #finish(certain: boolean): void {
    this.#cancelTimer();
    const answer = this.#last;
    if (!answer || answer.over) return;
    answer.over = { at: this.clock.monotonic(), certain };
    if (answer === this.#unwanted) this.#openingKnown();
    if (answer.fate === 'dropped') this.#tellUnheard(answer);
    this.#give(answer, { kind: 'item_completed', itemId: answer.itemId });
    if (answer.fate === 'asked' && this.#asked) this.#done('completed');
  }

  /** What comes from now on is told from it; and it stands in the agent's memory where nothing stands in the caller's. */
  #openingKnown(): void {
    if (this.#unwanted) this.#tellUnheard(this.#unwanted);
    this.#unwanted = undefined;
    this.listener.openingOver();
  }

  #tellUnheard(answer: Answer): void {
    if (!answer.text || answer.told) return;
    answer.told = true;
    this.listener.unheard(answer.text);
  }

  #done(status: 'completed' | 'failed', error?: string): void {
    this.#asked = false;
    this.#emit({ kind: 'response_done', status, ...(error !== undefined && { error }) });
  }

  #emit(event: EngineEvent): void {
    if (!this.#closed) this.listener.emit(event);
  }
}
