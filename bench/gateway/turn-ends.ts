/** Both ends of a call that takes turns: a caller who speaks, waits and interrupts, and a vendor that answers at once. */
import { FRAME_BYTES } from '../../contracts/g711';
import { noiseFrame } from './tagged-audio';

/** The vendor's own endpointing: so many silent frames end a turn. What the gateway adds is what comes on top. */
const SILENT_FRAMES = 10;
const ENDPOINTING_MS = SILENT_FRAMES * 20;
/** Longer than the voice that confirms an interruption: 500 ms for these agents, as in all figures of docs/performance.md. */
const SPOKEN_FRAMES = 35;
/** The agent is heard for so long before it is interrupted. */
const LISTENED_FRAMES = 25;
const FIRST_TURN_WITHIN_FRAMES = 100;
/** A turn that got no answer is counted as lost, and another one is begun. */
const GIVE_UP_FRAMES = 250;

const SILENCE = Buffer.alloc(FRAME_BYTES, 0xff).toString('base64');
/** What the beginning of such a frame looks like, also where several go together. */
export const SILENT_START = SILENCE.slice(0, 16);

export interface TurnMeasures {
  on: boolean;
  /** From the last voiced frame to the first of the answer, without the endpointing, milliseconds. */
  readonly turnMs: number[];
  /** From the vendor's word that the caller speaks to the carrier's order to drop what it holds, milliseconds. */
  readonly cutMs: number[];
  unanswered: number;
}

/** What the two ends of one call know of each other: one process, one clock. */
export class TurnCall {
  /** When the vendor told that the caller had begun to speak. */
  startedAt: number | undefined;
  #state: 'idle' | 'speaking' | 'waiting' | 'listening' = 'idle';
  #frames: number;
  #spokeLastAt = 0;

  constructor(
    readonly index: number,
    private readonly measures: TurnMeasures,
  ) {
    this.#frames = -Math.floor(Math.random() * FIRST_TURN_WITHIN_FRAMES);
  }

  /** The caller's next 20 ms. */
  frame(): string {
    this.#frames++;
    switch (this.#state) {
      case 'idle':
        if (this.#frames >= 0) this.#become('speaking');
        return SILENCE;
      case 'speaking':
        if (this.#frames > SPOKEN_FRAMES) {
          this.#become('waiting');
          return SILENCE;
        }
        this.#spokeLastAt = performance.now();
        return noiseFrame(this.#frames + this.index);
      case 'waiting':
        if (this.#frames > GIVE_UP_FRAMES) {
          if (this.measures.on) this.measures.unanswered++;
          this.#become('speaking');
        }
        return SILENCE;
      case 'listening':
        if (this.#frames > LISTENED_FRAMES) this.#become('speaking');
        return SILENCE;
      default:
        return this.#state satisfies never;
    }
  }

  /** The agent's audio has reached the carrier. */
  answered(now: number): void {
    if (this.#state !== 'waiting') return;
    if (this.measures.on) this.measures.turnMs.push(now - this.#spokeLastAt - ENDPOINTING_MS);
    this.#become('listening');
  }

  /** The carrier was told to drop what it holds. */
  cleared(now: number): void {
    if (this.startedAt !== undefined && this.measures.on) this.measures.cutMs.push(now - this.startedAt);
    this.startedAt = undefined;
  }

  #become(state: 'speaking' | 'waiting' | 'listening'): void {
    this.#state = state;
    this.#frames = 0;
  }
}

const ANSWER = Array.from({ length: 20 }, (_, index) =>
  Buffer.concat(Array.from({ length: 5 }, (_unused, frame) => Buffer.from(noiseFrame(index * 5 + frame), 'base64'))).toString('base64'),
);

/** Hears the caller by the first bytes of each message: a voice detector that costs nothing. */
export class TurnVendor {
  #speaking = false;
  #silent = 0;
  #turn = 0;
  #response = 0;

  constructor(
    private readonly call: TurnCall,
    private readonly send: (text: string) => void,
  ) {}

  /** @param payload base64 of one or more frames */
  heard(payload: string): void {
    const frames = Math.max(1, Math.round((payload.length * 3) / 4 / FRAME_BYTES));
    if (!payload.startsWith(SILENT_START)) {
      this.#silent = 0;
      if (this.#speaking) return;
      this.#speaking = true;
      this.call.startedAt = performance.now();
      this.send(`{"type":"input_audio_buffer.speech_started","audio_start_ms":0,"item_id":"${this.#item}"}`);
      return;
    }
    if (!this.#speaking) return;
    this.#silent += frames;
    if (this.#silent < SILENT_FRAMES) return;
    this.#speaking = false;
    this.call.startedAt = undefined;
    const item = `"item_id":"${this.#item}"`;
    this.send(`{"type":"input_audio_buffer.speech_stopped","audio_end_ms":0,${item}}`);
    this.send(`{"type":"input_audio_buffer.committed",${item}}`);
    this.send(
      `{"type":"conversation.item.input_audio_transcription.completed",${item},"content_index":0,"transcript":"Please tell me more about that."}`,
    );
    this.#turn++;
  }

  /** Two seconds of answer, all at once. */
  asked(): void {
    const response = `resp_${this.call.index}_${++this.#response}`;
    const itemId = `item_${response}`;
    const of = `"response_id":"${response}","item_id":"${itemId}","output_index":0,"content_index":0`;
    const item = (status: string) =>
      `"item":{"id":"${itemId}","object":"realtime.item","type":"message","status":"${status}","role":"assistant","content":[]}`;
    this.send(`{"type":"response.created","response":{"id":"${response}","object":"realtime.response","status":"in_progress"}}`);
    this.send(`{"type":"response.output_item.added","response_id":"${response}","output_index":0,${item('in_progress')}}`);
    this.send(`{"type":"response.output_audio_transcript.delta",${of},"delta":"All that there is to say about it."}`);
    for (const audio of ANSWER) this.send(`{"type":"response.output_audio.delta",${of},"delta":"${audio}"}`);
    this.send(`{"type":"response.output_item.done","response_id":"${response}","output_index":0,${item('completed')}}`);
    this.send(`{"type":"response.done","response":{"id":"${response}","object":"realtime.response","status":"completed","output":[]}}`);
  }

  get #item(): string {
    return `user_${this.call.index}_${this.#turn}`;
  }
}
