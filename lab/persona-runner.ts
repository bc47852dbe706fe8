/**
 * A phone with somebody at it. The network hands it 20 ms of what arrives and takes 20 ms of what is said, in step; the persona's
 * script decides. Nothing here knows Twilio.
 */
import { systemClock } from '../contracts/clock';
import { FRAME_BYTES, FRAME_MS } from '../contracts/g711';
import { decodeInto, isSilent, SILENT_FRAME, speak } from './audio';
import { HumanScript } from './human-script';
import type { HeardSegment } from './ledger';
import type { HumanPersona, VoicemailPersona } from './persona';
import { seededPick } from './random';
import { Demodulator } from './voice';
import { VoicemailScript } from './voicemail-script';

export interface Ear {
  /** All that was heard in this call. */
  readonly text: string;
  /** All keys that the other side has pressed. */
  readonly keys: string;
  /** Since the last sound arrived; 0 while there is one. */
  readonly quietMs: number;
}

export interface Mouth {
  readonly busy: boolean;
  say(text: string): void;
  play(frames: Uint8Array): void;
  press(digits: string): void;
  hangUp(): void;
  /** The beep has ended. */
  beeped(): void;
}

export interface Script {
  /** Once per 20 ms, after the ear was fed. */
  tick(): void;
}

export interface PhoneEvents {
  said(text: string): void;
  /** A key of the phone: signalled beside the audio. */
  pressed(digit: string): void;
  heardKey?(key: string): void;
  hungUp(): void;
  recorded(text: string): void;
  /** The first sound has come to its end; for answering machine detection. */
  firstUtteranceEnded(): void;
  firstSound(): void;
  beepEnded(): void;
}

/** A key is held for about a fifth of a second, and the next one pressed after it. */
const KEY_MS = 200;
/** Long enough for the demodulator to see that a transmission is over; more silence tells it nothing. */
const SILENCE_FED_MS = 400;

/** Longer than any utterance takes to its first character. */
const WORDLESS_MS = 500;

/** Nobody speaks the moment the line is there. */
const PICK_UP_MS = 300;
/** Who hears no line at all speaks all the same. */
const LINE_WAIT_MS = 3000;

type Attention = { kind: 'waiting_for_line'; forMs: number } | { kind: 'picking_up'; forMs: number } | { kind: 'talking' };

export class Phone implements Ear, Mouth {
  text = '';
  quietMs = 1;
  /** Of sound since the last character was heard. */
  private wordlessMs = 0;
  private readonly script: Script;
  private readonly samples = new Int16Array(FRAME_BYTES);
  private demodulator: Demodulator;
  private segment: HeardSegment | undefined;
  private playing: Uint8Array = SILENT_FRAME;
  private offset = FRAME_BYTES;
  private toPress = '';
  keys = '';
  private keyMs = 0;
  private attention: Attention = { kind: 'waiting_for_line', forMs: 0 };
  private utterances: 'none' | 'first' | 'more' = 'none';
  private readonly baud: number;

  constructor(
    persona: HumanPersona | VoicemailPersona,
    private readonly events: PhoneEvents,
    options: { baud: number; seed: number; number: string; callIndex: number },
  ) {
    this.baud = options.baud;
    this.demodulator = this.newDemodulator();
    this.script =
      persona.kind === 'human'
        ? new HumanScript(persona, this, this, (range, step) =>
            seededPick(range, options.seed, options.number, options.callIndex, 'step', step),
          )
        : new VoicemailScript(persona, this, this, (text) => events.recorded(text));
  }

  /**
   * Something is connected with this phone. Before that nobody hears the person: a first word spoken while the carrier still opens the stream
   * would be cut at its beginning, at random.
   */
  lineOpened(): void {
    if (this.attention.kind === 'waiting_for_line') this.attention = { kind: 'picking_up', forMs: 0 };
  }

  /** From now on what is heard is written here as well. A new source is demodulated from scratch. */
  listenTo(segment: HeardSegment): void {
    this.lineOpened();
    this.segment = segment;
    this.demodulator = this.newDemodulator();
    this.quietMs = Math.max(this.quietMs, 1);
  }

  /** Feeds 20 ms to the ear and lets the person react. */
  hear(frame: Uint8Array): void {
    if (isSilent(frame)) {
      this.quietMs += FRAME_MS;
      if (this.quietMs <= SILENCE_FED_MS) this.feed(frame);
    } else {
      this.quietMs = 0;
      this.wordlessMs += FRAME_MS;
      this.feed(frame);
      if (this.segment && this.wordlessMs > WORDLESS_MS) this.segment.musicMs = (this.segment.musicMs ?? 0) + FRAME_MS;
    }
    this.pressNext();
    if (this.isAttentive()) this.script.tick();
  }

  /** The next 20 ms from the mouth; `SILENT_FRAME` itself when there is nothing. Valid until the next call. */
  nextFrame(): Uint8Array {
    if (this.offset >= this.playing.length) return SILENT_FRAME;
    const frame = this.playing.subarray(this.offset, this.offset + FRAME_BYTES);
    this.offset += FRAME_BYTES;
    if (this.utterances === 'none') {
      this.utterances = 'first';
      this.events.firstSound();
    }
    if (this.offset >= this.playing.length && this.utterances === 'first') {
      this.utterances = 'more';
      this.events.firstUtteranceEnded();
    }
    return frame;
  }

  get busy(): boolean {
    return this.offset < this.playing.length || this.toPress !== '';
  }

  say(text: string): void {
    this.events.said(text);
    this.play(speak(text, this.baud));
  }

  play(frames: Uint8Array): void {
    this.playing = frames;
    this.offset = 0;
  }

  press(digits: string): void {
    this.toPress += digits;
  }

  /** The other side presses a key. */
  hearKey(key: string): void {
    this.keys += key;
    this.quietMs = Math.max(this.quietMs, 1);
    this.events.heardKey?.(key);
  }

  hangUp(): void {
    this.events.hungUp();
  }

  beeped(): void {
    this.events.beepEnded();
  }

  private isAttentive(): boolean {
    const { attention } = this;
    if (attention.kind === 'talking') return true;
    attention.forMs += FRAME_MS;
    if (attention.forMs < (attention.kind === 'picking_up' ? PICK_UP_MS : LINE_WAIT_MS)) return false;
    this.attention = { kind: 'talking' };
    return true;
  }

  private pressNext(): void {
    if (this.toPress === '') return;
    this.keyMs += FRAME_MS;
    if (this.keyMs < KEY_MS) return;
    this.keyMs = 0;
    const digit = this.toPress[0] as string;
    this.toPress = this.toPress.slice(1);
    this.events.pressed(digit);
  }

  private feed(frame: Uint8Array): void {
    decodeInto(frame, this.samples);
    this.demodulator.push(this.samples);
  }

  private newDemodulator(): Demodulator {
    return new Demodulator(
      { sampleRate: 8000, baud: this.baud },
      {
        text: (fragment) => {
          this.text += fragment;
          this.wordlessMs = 0;
          if (!this.segment) return;
          this.segment.text += fragment;
          this.segment.lastHeardAt = systemClock.now();
        },
        hole: (samples) => {
          if (this.segment) this.segment.lateMs = (this.segment.lateMs ?? 0) + Math.round(samples / 8);
        },
      },
    );
  }
}
