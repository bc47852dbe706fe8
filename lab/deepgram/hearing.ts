/** What a listen socket hears: words with the places in the audio where they were spoken, speech and silence. Milliseconds of audio. */
import { decodeMulaw } from '../../contracts/g711';
import { Demodulator } from '../voice';

export interface HeardWord {
  text: string;
  startMs: number;
  endMs: number;
}

export interface HearingOptions {
  encoding: 'mulaw' | 'linear16';
  sampleRate: 8_000 | 24_000;
  baud: number;
}

/** So that a second of audio in one message is heard as fifty frames are. */
const BLOCK_MS = 20;

export class Hearing {
  positionMs = 0;
  private readonly demodulator: Demodulator;
  private readonly bytesPerMs: number;
  private done: HeardWord[] = [];
  private open: HeardWord | undefined;
  private endedAtMs: number | undefined;

  constructor(
    private readonly options: HearingOptions,
    /** The first sound after silence, or after the beginning. */
    private readonly speechStarted: (atMs: number) => void,
  ) {
    const perMs = options.sampleRate / 1_000;
    this.bytesPerMs = perMs * (options.encoding === 'mulaw' ? 1 : 2);
    this.demodulator = new Demodulator(
      { sampleRate: options.sampleRate, baud: options.baud },
      {
        text: (fragment, atSample) => this.characters(fragment, atSample / perMs),
        speechStart: (atSample) => {
          this.finishWord();
          this.endedAtMs = undefined;
          this.speechStarted(atSample / perMs);
        },
        speechEnd: (atSample) => {
          this.endedAtMs = atSample / perMs;
        },
      },
    );
  }

  get speaking(): boolean {
    return this.demodulator.speaking;
  }

  /** How long nobody has spoken; 0 while somebody does. */
  get silentMs(): number {
    return this.speaking || this.endedAtMs === undefined ? 0 : this.positionMs - this.endedAtMs;
  }

  /** All words since the last `take`, the one under way included. */
  get words(): readonly HeardWord[] {
    return this.open ? [...this.done, this.open] : this.done;
  }

  get text(): string {
    return this.words.map(({ text }) => text).join(' ');
  }

  /** Takes the words away; `complete`: the one under way stays. */
  take(complete = false): HeardWord[] {
    if (!complete) this.finishWord();
    const taken = this.done;
    this.done = [];
    return taken;
  }

  /** Calls `step` after every block. */
  push(bytes: Uint8Array, step: () => void): void {
    const size = BLOCK_MS * this.bytesPerMs;
    for (let at = 0; at < bytes.length; at += size) {
      const block = bytes.subarray(at, at + size);
      this.demodulator.push(this.options.encoding === 'mulaw' ? decodeMulaw(block) : samplesOf(block));
      this.positionMs += block.length / this.bytesPerMs;
      step();
    }
  }

  private characters(fragment: string, atMs: number): void {
    for (const character of fragment) {
      if (/\s/.test(character)) {
        this.finishWord();
        continue;
      }
      this.open ??= { text: '', startMs: atMs, endMs: atMs };
      this.open.text += character;
      this.open.endMs = atMs;
    }
  }

  private finishWord(): void {
    if (this.open) this.done.push(this.open);
    this.open = undefined;
  }
}

function samplesOf(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.length >> 1 }, (_, i) => view.getInt16(2 * i, true));
}
