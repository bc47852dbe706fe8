/** What a session hears: the buffer's audio, where in it somebody speaks, and the words in it. Times are milliseconds of audio. */
import { decodeMulaw } from '../../../contracts/g711';
import { Demodulator } from '../../voice';
import { ApiError } from '../api-error';
import type { AudioFormat, TurnDetection } from './session-config';
import { VoiceActivity } from './voice-activity';

export interface InputAudioListener {
  speechStarted(audioStartMs: number): void;
  speechStopped(audioEndMs: number): void;
}

export interface CommittedAudio {
  text: string;
  durationMs: number;
}

/** The vendor's limit of one append. */
const MAX_APPEND_CHARACTERS = 15 * 1024 * 1024;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export class InputAudio {
  /** All audio of the session so far. */
  totalMs = 0;
  private text = '';
  /** Where the buffer begins: after the last commit or clear. */
  private bufferFromMs = 0;
  private format: AudioFormat;
  private demodulator: Demodulator;
  private activity: VoiceActivity | undefined;

  constructor(
    format: AudioFormat,
    turnDetection: TurnDetection | null,
    private readonly baud: number,
    private readonly on: InputAudioListener,
  ) {
    this.format = format;
    this.demodulator = this.newDemodulator();
    this.configure(format, turnDetection);
  }

  configure(format: AudioFormat, turnDetection: TurnDetection | null): void {
    if (format.type !== this.format.type) {
      this.format = format;
      this.demodulator = this.newDemodulator();
    }
    const speaking = this.activity?.speaking ?? false;
    this.activity = turnDetection ? new VoiceActivity(turnDetection, speaking) : undefined;
  }

  append(base64: string): void {
    if (base64.length > MAX_APPEND_CHARACTERS) throw new ApiError('audio_too_large', 'Audio of one append is limited to 15 MiB.', 'audio');
    if (base64.length % 4 !== 0 || !BASE64.test(base64)) {
      throw new ApiError('invalid_value', "Invalid 'audio'. Expected base64-encoded audio bytes.", 'audio');
    }
    const bytes = Buffer.from(base64, 'base64');
    if (this.format.type === 'audio/pcm' && bytes.length % 2 !== 0) {
      throw new ApiError('invalid_value', "Invalid 'audio'. Expected a whole number of 16-bit samples.", 'audio');
    }
    const pcm = this.format.type === 'audio/pcmu' ? decodeMulaw(bytes) : samplesOf(bytes);
    const perMs = this.format.type === 'audio/pcmu' ? 8 : 24;
    // In steps of 5 ms, so that an append of a minute finds the same turns as a thousand small ones.
    for (let at = 0; at < pcm.length; at += 5 * perMs) {
      const block = pcm.subarray(at, at + 5 * perMs);
      this.demodulator.push(block);
      this.totalMs += block.length / perMs;
      const event = this.activity?.push(block, this.totalMs);
      if (event?.kind === 'started') this.on.speechStarted(Math.max(this.bufferFromMs, Math.round(event.atMs)));
      else if (event?.kind === 'stopped') this.on.speechStopped(Math.round(event.atMs));
    }
  }

  get bufferedMs(): number {
    return this.totalMs - this.bufferFromMs;
  }

  /** Takes what was said since the last commit. `fromMs`: where its speech began. */
  commit(fromMs = this.bufferFromMs): CommittedAudio {
    const committed = { text: this.text, durationMs: this.totalMs - fromMs };
    this.clear();
    return committed;
  }

  clear(): void {
    this.text = '';
    this.bufferFromMs = this.totalMs;
  }

  private newDemodulator(): Demodulator {
    return new Demodulator(
      { sampleRate: this.format.type === 'audio/pcmu' ? 8000 : 24000, baud: this.baud },
      {
        text: (fragment) => {
          this.text += fragment;
        },
      },
    );
  }
}

function samplesOf(bytes: Buffer): Int16Array {
  const samples = new Int16Array(bytes.length / 2);
  for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(2 * i);
  return samples;
}
