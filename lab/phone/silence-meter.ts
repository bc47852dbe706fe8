/** How long a caller hung in silence: from the first stream's start to the last one's end, gaps between streams included, transfers not. */
import { FRAME_MS } from '../../contracts/g711';
import type { CallEntry } from '../ledger';

export class SilenceMeter {
  private silentMs = 0;

  constructor(private readonly entry: CallEntry) {}

  /** Once per 20 ms; `silent`: neither side made a sound. */
  measure(connectedTo: 'stream' | 'player' | 'bridge' | undefined, silent: boolean): void {
    if (this.entry.streams.length === 0 || connectedTo === 'bridge') {
      this.silentMs = 0;
      return;
    }
    if (silent) this.silentMs += FRAME_MS;
    // Silence behind the last stream is no gap in a talk, unless something follows it.
    if (!silent || connectedTo === 'stream') this.entry.longestSilenceMs = Math.max(this.entry.longestSilenceMs, this.silentMs);
    if (!silent) this.silentMs = 0;
  }
}
