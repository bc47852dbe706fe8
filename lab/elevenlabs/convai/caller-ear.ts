/** The caller as the agent hears them: words from the audio, and when somebody speaks. Counts audio, not time. */
import { decodeMulaw } from '../../../contracts/g711';
import { Demodulator } from '../../voice';

/** Silence after which a turn is over. */
const TURN_MS = 400;
/** So much speech interrupts the agent. */
const INTERRUPTS_MS = 300;
const BLOCK_MS = 20;

export interface CallerEarListener {
  /** Somebody has been speaking for a while. Once a turn. */
  speaks(): void;
  turnOver(text: string): void;
}

export class CallerEar {
  positionMs = 0;
  private readonly demodulator: Demodulator;
  private text = '';
  private speechMs = 0;
  private silentMs = 0;
  private told = false;

  constructor(
    baud: number,
    private readonly on: CallerEarListener,
  ) {
    this.demodulator = new Demodulator(
      { sampleRate: 8000, baud },
      {
        text: (fragment) => {
          this.text += fragment;
        },
      },
    );
  }

  push(mulaw: Uint8Array): void {
    for (let at = 0; at < mulaw.length; at += BLOCK_MS * 8) {
      const block = mulaw.subarray(at, at + BLOCK_MS * 8);
      this.demodulator.push(decodeMulaw(block));
      const ms = block.length / 8;
      this.positionMs += ms;
      if (this.demodulator.speaking) {
        this.speechMs += ms;
        this.silentMs = 0;
        if (!this.told && this.speechMs >= INTERRUPTS_MS) {
          this.told = true;
          this.on.speaks();
        }
      } else if (this.speechMs > 0) {
        this.silentMs += ms;
        if (this.silentMs >= TURN_MS) this.over();
      }
    }
  }

  private over(): void {
    const { text } = this;
    this.text = '';
    this.speechMs = this.silentMs = 0;
    this.told = false;
    if (text.trim() !== '') this.on.turnOver(text.trim());
  }
}
