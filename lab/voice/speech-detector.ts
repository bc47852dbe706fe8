/** Speech or silence by energy, in blocks of 5 ms. 8 kHz only; positions are 8 kHz samples. */

const BLOCK = 40;
/** Mean magnitude above which a block is speech, of 32,768. The modem's tone has about 5,000. */
const SPEECH_LEVEL = 300;
/** A pause shorter than this (100 ms) belongs to the speech around it. */
const HANGOVER = 800;

export interface SpeechListener {
  start(at: number): void;
  /** `at` is where the sound ended; the call comes 100 ms of audio later. */
  end(at: number): void;
}

export class SpeechDetector {
  speaking = false;
  private sum = 0;
  private filled = 0;
  private position = 0;
  private lastLoud = 0;

  constructor(private readonly on: SpeechListener) {}

  push(sample: number): void {
    this.sum += sample < 0 ? -sample : sample;
    this.position++;
    if (++this.filled < BLOCK) return;
    const loud = this.sum > SPEECH_LEVEL * BLOCK;
    this.sum = 0;
    this.filled = 0;
    if (loud) {
      this.lastLoud = this.position;
      if (!this.speaking) {
        this.speaking = true;
        this.on.start(this.position - BLOCK);
      }
    } else if (this.speaking && this.position - this.lastLoud >= HANGOVER) {
      this.speaking = false;
      this.on.end(this.lastLoud);
    }
  }
}
