/** A recording of one call while it runs, and the WAV file that comes out of it: two channels, what the person said and what they heard. */
import { randomUUID } from 'node:crypto';
import { decodeMulaw, FRAME_BYTES, FRAME_MS } from '../../contracts/g711';
import { SILENT_FRAME } from '../audio';

const HEADER_BYTES = 44;
const SAMPLE_RATE = 8000;
const CHANNELS = 2;

export interface RecordingCallback {
  url: string;
  method: string;
  events: readonly string[];
}

export class CallRecording {
  readonly sid = `RE${randomUUID().replaceAll('-', '')}`;
  status: 'in-progress' | 'paused' | 'processing' | 'completed' | 'absent' = 'in-progress';
  private pauseBehavior = 'silence';
  private readonly said: Uint8Array[] = [];
  private readonly heard: Uint8Array[] = [];

  constructor(
    readonly callSid: string,
    readonly startedAt: number,
    readonly callback: RecordingCallback | undefined,
  ) {}

  get underWay(): boolean {
    return this.status === 'in-progress' || this.status === 'paused';
  }

  get durationS(): number {
    return Math.round((this.said.length * FRAME_MS) / 1000);
  }

  pause(behavior: string): void {
    this.status = 'paused';
    this.pauseBehavior = behavior;
  }

  resume(): void {
    this.status = 'in-progress';
  }

  /** 20 ms of both sides. */
  push(said: Uint8Array, heard: Uint8Array): void {
    if (!this.underWay) return;
    if (this.status === 'paused') {
      if (this.pauseBehavior !== 'silence') return;
      this.said.push(SILENT_FRAME);
      this.heard.push(SILENT_FRAME);
      return;
    }
    this.said.push(kept(said));
    this.heard.push(kept(heard));
  }

  /** 16 bits, 8 kHz. */
  wav(): Buffer {
    const file = Buffer.alloc(HEADER_BYTES + 2 * CHANNELS * FRAME_BYTES * this.said.length);
    writeHeader(file);
    let at = HEADER_BYTES;
    for (const [n, said] of this.said.entries()) {
      const tracks = [decodeMulaw(said), decodeMulaw(this.heard[n] as Uint8Array)];
      for (let i = 0; i < FRAME_BYTES; i++) for (const track of tracks) at = file.writeInt16LE(track[i] as number, at);
    }
    return file;
  }
}

/** Frames are valid until the next one is asked for. */
function kept(frame: Uint8Array): Uint8Array {
  return frame === SILENT_FRAME ? frame : Uint8Array.from(frame);
}

function writeHeader(file: Buffer): void {
  const blockAlign = 2 * CHANNELS;
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(CHANNELS, 22);
  file.writeUInt32LE(SAMPLE_RATE, 24);
  file.writeUInt32LE(SAMPLE_RATE * blockAlign, 28);
  file.writeUInt16LE(blockAlign, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(file.length - HEADER_BYTES, 40);
}
