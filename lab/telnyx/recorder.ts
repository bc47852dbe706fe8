/** A recording of one leg while it runs, and the WAV file that comes out of it. */
import { decodeMulaw, FRAME_BYTES } from '../../contracts/g711';
import { SILENT_FRAME } from '../audio';
import { mix } from '../phone/codec';

const WAV_HEADER_BYTES = 44;
const SAMPLE_RATE = 8000;

export interface RecorderOptions {
  channels: 'single' | 'dual';
  track: 'both' | 'inbound' | 'outbound';
}

export class Recorder {
  private readonly inbound: Uint8Array[] = [];
  private readonly outbound: Uint8Array[] = [];
  private paused = false;

  constructor(
    readonly id: string,
    readonly options: RecorderOptions,
    readonly startedAt: number,
  ) {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** 20 ms of what the person said and of what the person heard. */
  push(said: Uint8Array, arriving: Uint8Array): void {
    // Nothing is written meanwhile: the file is shorter than the call.
    if (this.paused) return;
    const { track } = this.options;
    this.inbound.push(track === 'outbound' ? SILENT_FRAME : keep(said));
    this.outbound.push(track === 'inbound' ? SILENT_FRAME : keep(arriving));
  }

  get durationMs(): number {
    return 20 * this.inbound.length;
  }

  /** 16 bits at 8 kHz. Of two channels the first is what the person said. */
  wav(): Buffer {
    const channels = this.options.channels === 'dual' ? 2 : 1;
    const frames = this.inbound.length;
    const file = Buffer.alloc(WAV_HEADER_BYTES + 2 * channels * FRAME_BYTES * frames);
    writeHeader(file, channels);
    let at = WAV_HEADER_BYTES;
    for (let n = 0; n < frames; n++) {
      const said = this.inbound[n] as Uint8Array;
      const heard = this.outbound[n] as Uint8Array;
      const tracks = (channels === 2 ? [said, heard] : [mix(said, heard)]).map(decodeMulaw);
      for (let i = 0; i < FRAME_BYTES; i++) for (const track of tracks) at = file.writeInt16LE(track[i] as number, at);
    }
    return file;
  }
}

function keep(frame: Uint8Array): Uint8Array {
  return frame === SILENT_FRAME ? frame : Uint8Array.from(frame);
}

function writeHeader(file: Buffer, channels: number): void {
  const blockAlign = 2 * channels;
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(channels, 22);
  file.writeUInt32LE(SAMPLE_RATE, 24);
  file.writeUInt32LE(SAMPLE_RATE * blockAlign, 28);
  file.writeUInt16LE(blockAlign, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(file.length - WAV_HEADER_BYTES, 40);
}
