/** Twilio's end of one media stream, as cheap as it can be: talks without a pause, and reckons when it runs out of the agent's audio. */
import { WebSocket } from 'ws';
import { BYTES_PER_MS, FRAME_BYTES, FRAME_MS } from '../../contracts/g711';
import type { Measures } from './measures';
import { noiseFrame, readTags, taggedAudio } from './tagged-audio';
import type { TurnCall } from './turn-ends';

/** Not a divisor of the pairs in which a gateway may send frames on. */
const TAG_EVERY = 7;
/** A gap between two utterances is at least so long, and none within one. */
export const UTTERANCE_GAP_MS = 400;

export interface CallerOptions {
  url: string;
  index: number;
  callSid: string;
  token: string;
  /** Tags its frames, for the latency. */
  sampled: boolean;
  /** When its tagged frames left, by tag; read by the provider's end. */
  sentAt: Map<number, number>;
  /** When the provider sent the first audio of an utterance, by tag. */
  answeredAt: Map<number, number>;
  measures: Measures;
  /** Absent: talks without a pause. */
  turns?: TurnCall;
}

export class Caller {
  readonly streamSid: string;
  /** True once the agent was heard. */
  heard = false;
  readonly #socket: WebSocket;
  #open = false;
  #leaving = false;
  #nextAt = 0;
  #chunk = 0;
  #runsOutAt = 0;
  #marks: { name: string; dueAt: number }[] = [];

  constructor(private readonly options: CallerOptions) {
    this.streamSid = `MZ${options.callSid.slice(2)}`;
    this.#socket = new WebSocket(options.url, { perMessageDeflate: false });
    this.#socket.on('open', () => this.#start());
    this.#socket.on('message', (data: Buffer) => this.#message(data.toString('latin1')));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.#open = false;
      if (!this.#leaving) options.measures.lost++;
    });
  }

  /** Sends every frame that is due, and the marks of what has been played. */
  tick(now: number): void {
    if (!this.#open) return;
    const { measures, sampled, sentAt, index, turns } = this.options;
    while (this.#nextAt <= now) {
      const chunk = ++this.#chunk;
      let payload = turns ? turns.frame() : noiseFrame(chunk + index);
      if (!turns && sampled && chunk % TAG_EVERY === 0) {
        const tag = index * 1_000_000 + chunk;
        payload = taggedAudio(tag, FRAME_BYTES);
        if (measures.on) sentAt.set(tag, performance.now());
      }
      this.#socket.send(
        `{"event":"media","sequenceNumber":"${chunk + 1}","media":{"track":"inbound","chunk":"${chunk}","timestamp":"${chunk * FRAME_MS}","payload":"${payload}"},"streamSid":"${this.streamSid}"}`,
      );
      if (measures.on) {
        measures.callerFrames++;
        if (sampled) measures.ownLateMs.push(now - this.#nextAt);
      }
      this.#nextAt += FRAME_MS;
    }
    while (this.#marks.length > 0 && (this.#marks[0]?.dueAt as number) <= now) {
      const mark = this.#marks.shift() as { name: string };
      this.#socket.send(
        `{"event":"mark","sequenceNumber":"${this.#chunk}","streamSid":"${this.streamSid}","mark":{"name":"${mark.name}"}}`,
      );
    }
  }

  hangUp(): void {
    this.#leaving = true;
    if (!this.#open) {
      this.#socket.terminate();
      return;
    }
    this.#open = false;
    this.#socket.send(`{"event":"stop","sequenceNumber":"${this.#chunk + 2}","streamSid":"${this.streamSid}","stop":{}}`);
    this.#socket.close(1_000);
  }

  #start(): void {
    const { callSid, token } = this.options;
    this.#socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    this.#socket.send(
      JSON.stringify({
        event: 'start',
        sequenceNumber: '1',
        streamSid: this.streamSid,
        start: {
          accountSid: 'AC00000000000000000000000000000000',
          streamSid: this.streamSid,
          callSid,
          tracks: ['inbound'],
          mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
          customParameters: { token },
        },
      }),
    );
    this.#open = true;
    // Not all callers at the same moment.
    this.#nextAt = performance.now() + Math.random() * FRAME_MS;
  }

  /** Read by position, not parsed: the far end's own work should be small. */
  #message(text: string): void {
    const now = performance.now();
    const { measures } = this.options;
    if (text.startsWith('{"event":"media"')) this.#audio(text, now);
    else if (text.startsWith('{"event":"mark"')) {
      const name = JSON.parse(text).mark.name as string;
      this.#marks.push({ name, dueAt: Math.max(now, this.#runsOutAt) });
      if (measures.on) measures.marks++;
    } else if (text.startsWith('{"event":"clear"')) {
      for (const mark of this.#marks) mark.dueAt = now;
      this.#runsOutAt = now;
      this.options.turns?.cleared(now);
      if (measures.on) measures.clears++;
    }
  }

  #audio(text: string, now: number): void {
    const { measures, answeredAt } = this.options;
    const from = text.indexOf('"payload":"') + 11;
    const to = text.indexOf('"', from);
    const padding = text[to - 2] === '=' ? 2 : text[to - 1] === '=' ? 1 : 0;
    const bytes = ((to - from) * 3) / 4 - padding;
    const gapMs = now - this.#runsOutAt;
    if (this.heard && gapMs < UTTERANCE_GAP_MS && gapMs > 0 && measures.on) measures.lateFrames += Math.ceil(gapMs / FRAME_MS);
    if (!this.heard || gapMs >= UTTERANCE_GAP_MS) {
      for (const tag of readTags(text.slice(from, to))) {
        const sentAt = answeredAt.get(tag);
        answeredAt.delete(tag);
        if (sentAt !== undefined && measures.on) measures.outMs.push(now - sentAt);
      }
    }
    this.heard = true;
    this.options.turns?.answered(now);
    this.#runsOutAt = Math.max(now, this.#runsOutAt) + bytes / BYTES_PER_MS;
    if (!measures.on) return;
    measures.agentMessages++;
    measures.agentBytes += bytes;
  }
}
