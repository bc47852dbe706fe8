/** OpenAI Realtime's end of one session: utterance after utterance, faster than they can be heard, as the vendor sends them. */
import type { WebSocket } from 'ws';
import { BYTES_PER_MS } from '../../contracts/g711';
import type { Measures } from './measures';
import { readTags, taggedAudio } from './tagged-audio';
import { type TurnCall, TurnVendor } from './turn-ends';

/** An utterance, and the next one's beginning. */
const UTTERANCE_MS = 7_500;
const EVERY_MS = 8_000;
const DELTA_MS = 100;
/** Four times as fast as it is heard. */
const SEND_EVERY_MS = 25;
const DELTAS = UTTERANCE_MS / DELTA_MS;
const TEXT_EVERY = 3;
/** Part of the instructions of a call: which one it is. */
export const CALL_MARK = /bench call (\d+)/;

export class RealtimeEnd {
  #call = -1;
  #sampled = false;
  #streaming = false;
  #nextAt = 0;
  #delta = 0;
  #item = 0;
  #turns: TurnVendor | undefined;

  constructor(
    private readonly socket: WebSocket,
    private readonly options: {
      sampledCalls: number;
      sentAt: Map<number, number>;
      answeredAt: Map<number, number>;
      measures: Measures;
      /** Of a call that takes turns. */
      turnsOf?(call: number): TurnCall | undefined;
    },
  ) {
    socket.on('message', (data: Buffer) => this.#message(data.toString('latin1')));
    socket.on('error', () => undefined);
  }

  tick(now: number): void {
    if (!this.#streaming || this.socket.readyState !== this.socket.OPEN) return;
    while (this.#nextAt <= now) {
      this.#step();
      this.#delta++;
      this.#nextAt += SEND_EVERY_MS;
      if (this.#delta < DELTAS) continue;
      this.#delta = 0;
      this.#nextAt += EVERY_MS - DELTAS * SEND_EVERY_MS;
      this.#item++;
    }
  }

  #step(): void {
    const itemId = `item_${this.#call}_${this.#item}`;
    const of = `"response_id":"resp_${this.#call}","item_id":"${itemId}","output_index":0,"content_index":0`;
    const item = (status: string) =>
      `"item":{"id":"${itemId}","object":"realtime.item","type":"message","status":"${status}","role":"assistant","content":[]}`;
    if (this.#delta === 0) {
      this.#send(`{"type":"response.output_item.added","response_id":"resp_${this.#call}","output_index":0,${item('in_progress')}}`);
      this.#send(`{"type":"conversation.item.added",${item('in_progress')}}`);
    }
    const tag = this.#call * 1_000_000 + this.#item;
    const audio = this.#delta === 0 ? taggedAudio(tag, DELTA_MS * BYTES_PER_MS) : deltaAudio(this.#delta);
    if (this.#delta === 0) this.options.answeredAt.set(tag, performance.now());
    this.#send(`{"type":"response.output_audio.delta","event_id":"event_${this.#delta}",${of},"delta":"${audio}"}`);
    if (this.#delta % TEXT_EVERY === 0) {
      this.#send(`{"type":"response.output_audio_transcript.delta","event_id":"event_t${this.#delta}",${of},"delta":"word "}`);
    }
    if (this.#delta === DELTAS - 1) {
      this.#send(`{"type":"response.output_audio.done",${of}}`);
      this.#send(`{"type":"response.output_item.done","response_id":"resp_${this.#call}","output_index":0,${item('completed')}}`);
    }
  }

  #message(text: string): void {
    const { measures, sentAt } = this.options;
    if (text.startsWith('{"type":"input_audio_buffer.append"')) {
      if (measures.on) measures.appends++;
      if (this.#turns) {
        const at = text.indexOf('"audio":"') + 9;
        this.#turns.heard(text.slice(at, text.indexOf('"', at)));
        return;
      }
      if (!this.#sampled) return;
      const now = performance.now();
      const from = text.indexOf('"audio":"') + 9;
      for (const tag of readTags(text.slice(from, text.indexOf('"', from)))) {
        const at = sentAt.get(tag);
        sentAt.delete(tag);
        if (at !== undefined && measures.on) measures.inMs.push(now - at);
      }
      return;
    }
    const event = JSON.parse(text) as { type: string; session?: { instructions?: string } };
    if (event.type === 'session.update') {
      this.#call = Number(CALL_MARK.exec(event.session?.instructions ?? '')?.[1] ?? -1);
      this.#sampled = this.#call >= 0 && this.#call < this.options.sampledCalls;
      const turns = this.options.turnsOf?.(this.#call);
      if (turns) this.#turns = new TurnVendor(turns, (event) => this.#send(event));
      this.#send('{"type":"session.updated","session":{"type":"realtime"}}');
    } else if (event.type === 'response.create' && this.#turns) {
      this.#turns.asked();
    } else if (event.type === 'response.create' && !this.#streaming) {
      this.#send(`{"type":"response.created","response":{"id":"resp_${this.#call}","object":"realtime.response","status":"in_progress"}}`);
      this.#streaming = true;
      // Not all agents at the same moment.
      this.#nextAt = performance.now() + Math.random() * 500;
    }
  }

  #send(text: string): void {
    this.socket.send(text);
  }
}

const DELTA_AUDIO = Array.from({ length: 16 }, (_, index) => taggedAudio(0xffff_ff00 + index, DELTA_MS * BYTES_PER_MS));

function deltaAudio(index: number): string {
  return DELTA_AUDIO[index % DELTA_AUDIO.length] as string;
}
