/**
 * Hears what `modulate` spoke. Streaming, any chunk size, about 0.05 % of a core per call; survives µ-law and resampling. Each transmission
 * begins with a long mark, which locks it exactly. After a lost or garbled frame there is none, so it follows every possible beginning of
 * bytes at once until only one of them reads as text. A hole of pure silence takes nothing away, as for a person: what was late goes on
 * where it stopped, and the listener is told how long the hole was.
 */
import { FrameReader } from './frame-reader';
import type { ModemOptions } from './modem';
import { SpeechDetector } from './speech-detector';
import { ToneDetector } from './tone-detector';

/** Positions are samples of the input, counted from the first one pushed. */
export interface DemodulatorListener {
  /** A character (or several, after a resynchronisation). What could not be read shows as one U+FFFD. `atSample`: where it was complete. */
  text(fragment: string, atSample: number): void;
  speechStart?(atSample: number): void;
  /** Comes 100 ms of audio after `atSample`, where the sound ended. */
  speechEnd?(atSample: number): void;
  /** Within a character nothing came for so many samples: the sender was late. */
  hole?(samples: number): void;
}

const GARBLED = '\uFFFD';
/** Bits of mark that no text contains: what follows is surely a start bit. */
const IDLE_BITS = 9.6;
/** New beginnings are tried for so many bits of a search: one byte, and some. */
const SEARCH_BITS = 11;
/** A sole survivor of so many characters is right; of so many, the most plausible one of several is. */
const SURE_CHARACTERS = 3;
const ENOUGH_CHARACTERS = 8;
/** What telephony makes of nothing: zero in µ-law, eight in A-law. */
const HUSH_LEVEL = 8;
/** So many samples of it (1 ms) are silence; a tone passes zero in one. */
const HUSH_SAMPLES = 8;
/** A tone's next sample is this times the last one less the one before: of mark and of space, at 8 kHz. */
const NEXT_OF_TONE = [2 * Math.cos(0.3 * Math.PI), 2 * Math.cos(0.6 * Math.PI)];
/** Nobody speaks control characters: whoever reads one reads in the wrong place. */
const isControl = (text: string) => text !== '' && text < ' ' && !'\t\n\r'.includes(text);

type Sync = { state: 'silent' } | { state: 'searching'; since: number; readers: FrameReader[] } | { state: 'locked'; reader: FrameReader };

export class Demodulator {
  private readonly tones: ToneDetector;
  private readonly speech: SpeechDetector;
  private readonly bitLength: number;
  private readonly decimation: number;
  private sync: Sync = { state: 'silent' };
  /** 8 kHz samples so far. */
  private position = 0;
  private lastBalance = 0;
  private markSince = 0;
  /** Something was lost, and the listener has not been told yet. */
  private lost = false;
  /** The listener was told of the loss that the present search is about. */
  private toldOfLoss = false;
  /** 8 kHz samples that were no pure silence: the clock of the bits. */
  private heardSamples = 0;
  /** Samples of pure silence on end, and not yet passed on. */
  private hush = 0;
  /** The current character went on after a hole; what it reads as is told when the next byte shows that it was no new utterance. */
  private joint: string | undefined;
  /** The speech before the hole had ended. */
  private ended = false;
  /** Of a search after a pause: where the speech before it stopped. */
  private stopped: FrameReader | undefined;
  private last = 0;
  private beforeLast = 0;
  private boxSum = 0;
  private boxFill = 0;

  constructor(
    options: ModemOptions,
    private readonly on: DemodulatorListener,
  ) {
    this.bitLength = 8000 / options.baud;
    this.decimation = options.sampleRate / 8000;
    this.tones = new ToneDetector(options.baud);
    this.speech = new SpeechDetector({
      start: (at) => on.speechStart?.(at * this.decimation),
      end: (at) => {
        this.speechEnded();
        on.speechEnd?.(at * this.decimation);
      },
    });
  }

  get speaking(): boolean {
    return this.speech.speaking;
  }

  push(pcm: Int16Array): void {
    if (this.decimation === 1) {
      for (let i = 0; i < pcm.length; i++) this.sample(pcm[i] as number);
      return;
    }
    for (let i = 0; i < pcm.length; i++) {
      this.boxSum += pcm[i] as number;
      if (++this.boxFill < this.decimation) continue;
      this.sample(Math.round(this.boxSum / this.decimation));
      this.boxSum = 0;
      this.boxFill = 0;
    }
  }

  private sample(value: number): void {
    this.speech.push(value);
    this.position++;
    if (value >= -HUSH_LEVEL && value <= HUSH_LEVEL) {
      if (++this.hush === HUSH_SAMPLES) this.fellSilent();
      return;
    }
    if (this.hush >= HUSH_SAMPLES) this.wentOn(this.hush, value);
    else for (; this.hush > 0; this.hush--) this.hear(0);
    this.hush = 0;
    this.hear(value);
  }

  /** Half a stop bit is enough to hear that a byte ended well. */
  private fellSilent(): void {
    const { sync } = this;
    if (sync.state === 'locked' && sync.reader.stopping && sync.reader.due - this.heardSamples <= this.bitLength / 2) {
      this.readLocked(sync.reader, this.lastBalance > 0);
    }
  }

  private wentOn(samples: number, value: number): void {
    const { sync } = this;
    if (this.passedZero(value)) this.hear(0);
    if (sync.state !== 'locked' || !sync.reader.within) return;
    if (this.ended) {
      // The same speech after a pause: mostly some of it is said again, so where it stopped is only one of the places where it may go on.
      this.joint = undefined;
      this.stopped = sync.reader;
      this.toldOfLoss = false;
      this.sync = { state: 'searching', since: this.heardSamples, readers: [sync.reader] };
      return;
    }
    this.joint ??= '';
    this.on.hole?.(samples * this.decimation);
  }

  /** The hole has swallowed one sample of the tone, which was zero: the tone before it and what comes after tell. */
  private passedZero(value: number): boolean {
    const tolerance = Math.max(Math.abs(this.last), Math.abs(this.beforeLast)) / 4;
    return NEXT_OF_TONE.some((factor) => {
      const first = factor * this.last - this.beforeLast;
      return Math.abs(first) < tolerance && Math.abs(factor * first - this.last - value) < tolerance;
    });
  }

  private speechEnded(): void {
    const { sync } = this;
    const isPreamble = this.heardSamples - this.markSince >= IDLE_BITS * this.bitLength;
    if (this.joint && !isPreamble) this.tellJoint();
    this.lost = false;
    this.ended = true;
    // With no beginning to choose from it is a preamble so far, and goes on.
    if (sync.state === 'searching' && sync.readers.length > 0) this.carrierLost();
  }

  private hear(value: number): void {
    const { tones } = this;
    tones.push(value);
    this.beforeLast = this.last;
    this.last = value;
    const now = ++this.heardSamples;
    if (!tones.carrier) {
      if (this.sync.state !== 'silent') this.carrierLost();
      return;
    }
    const balance = tones.balance;
    if (this.sync.state === 'silent') {
      this.sync = { state: 'searching', since: now, readers: [] };
      this.markSince = now;
    } else if (this.lastBalance > 0 !== balance > 0) {
      // The window holds half of each bit where the balance changes sign: the edge is half a window back.
      const edge = now - this.tones.window / 2 - balance / (balance - this.lastBalance);
      if (balance > 0) this.markSince = edge;
      else this.fallingEdge(edge);
    }
    this.lastBalance = balance;
    this.readBits(now, balance > 0);
  }

  private fallingEdge(edge: number): void {
    const idle = edge - this.markSince >= IDLE_BITS * this.bitLength;
    const { sync } = this;
    if (sync.state === 'silent') return;
    if (idle) {
      // A new utterance, maybe right behind one that was cut within a character.
      if (sync.state === 'locked' && !this.ended) this.lost ||= sync.reader.within || this.joint !== undefined;
      this.joint = undefined;
      this.lock(new FrameReader(edge, this.bitLength));
      return;
    }
    if (sync.state === 'locked') {
      if (!sync.reader.waiting) return;
      this.tellJoint();
      this.ended = false;
      sync.reader.start(edge);
      return;
    }
    let known = false;
    // Byte follows byte within an utterance: who sees a gap was wrong.
    sync.readers = sync.readers.filter((reader) => !reader.waiting || Math.abs(edge - reader.origin) < this.bitLength / 2);
    for (const reader of sync.readers) {
      if (!reader.waiting) continue;
      reader.start(edge);
      known = true;
    }
    if (sync.readers.length === 0) sync.since = edge;
    if (!known && edge - sync.since < SEARCH_BITS * this.bitLength) sync.readers.push(new FrameReader(edge, this.bitLength));
  }

  private readBits(now: number, mark: boolean): void {
    const { sync } = this;
    if (sync.state === 'locked') {
      if (now >= sync.reader.due) this.readLocked(sync.reader, mark);
    } else if (sync.state === 'searching') {
      // Not at once: where speech is cut, its last bit is half silence, and that is no loss.
      if (this.lost && now - sync.since > 2 * this.bitLength) this.tell('');
      let changed = false;
      for (const reader of sync.readers) {
        if (now < reader.due) continue;
        const result = reader.bit(mark);
        if (result.kind === 'none') continue;
        changed = true;
        if (result.kind === 'broken' || isControl(result.text)) reader.due = Number.NaN;
      }
      if (changed) this.judge(sync, now);
    }
  }

  private readLocked(reader: FrameReader, mark: boolean): void {
    const result = reader.bit(mark);
    if (result.kind === 'character') {
      reader.text = '';
      if (this.joint === undefined) this.tell(result.text);
      else this.joint += result.text;
    } else if (result.kind === 'broken' && !result.falseStart) {
      this.joint = undefined;
      this.lost = !this.ended;
      this.toldOfLoss = false;
      this.sync = { state: 'searching', since: this.heardSamples, readers: [] };
    }
  }

  private tellJoint(): void {
    const { joint } = this;
    this.joint = undefined;
    if (joint) this.tell(joint);
  }

  private judge(sync: Sync & { state: 'searching' }, now: number): void {
    sync.readers = sync.readers.filter((reader) => !Number.isNaN(reader.due));
    const [first] = sync.readers;
    if (!first) return;
    const over = now - sync.since > SEARCH_BITS * this.bitLength;
    if (over && sync.readers.length === 1 && first.text.length >= SURE_CHARACTERS) this.lock(first);
    else if (sync.readers.some((reader) => reader.text.length >= ENOUGH_CHARACTERS)) this.lock(mostPlausible(sync.readers));
  }

  private lock(reader: FrameReader): void {
    const { stopped } = this;
    this.sync = { state: 'locked', reader };
    this.stopped = undefined;
    this.ended = false;
    if (reader.text === '') return;
    // It began in the middle: something before it was missed.
    if (!this.toldOfLoss && reader !== stopped) this.lost = true;
    this.tell(reader.text);
    reader.text = '';
  }

  private tell(text: string): void {
    const loss = this.lost ? GARBLED : '';
    this.lost = false;
    this.toldOfLoss = loss !== '' && text === '';
    if (loss + text !== '') this.on.text(loss + text, this.position * this.decimation);
  }

  private carrierLost(): void {
    const { sync } = this;
    this.sync = { state: 'silent' };
    this.lastBalance = 0;
    // Told when the carrier comes back within the same speech: a hole. If it does not, the speech was cut there.
    if (sync.state === 'locked') this.lost ||= sync.reader.within;
    else if (sync.state === 'searching' && sync.readers.length > 0) {
      const best = mostPlausible(sync.readers);
      if (best.text !== '') this.lock(best);
      this.sync = { state: 'silent' };
    }
  }
}

/** Letters and blanks make text; signs and rare characters come from bits read in the wrong place. */
function mostPlausible(readers: FrameReader[]): FrameReader {
  const score = (reader: FrameReader) => {
    const likely = reader.text.match(/[a-zA-Z ]/g)?.length ?? 0;
    return likely - (reader.text.length - likely);
  };
  return readers.reduce((best, reader) => (score(reader) > score(best) ? reader : best));
}
