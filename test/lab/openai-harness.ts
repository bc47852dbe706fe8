/** A lab with its AI vendor alone, and a Realtime client typed by the vendor's own package. */
import OpenAI from 'openai';
import type { RealtimeClientEvent, RealtimeServerEvent, RealtimeSessionCreateRequest } from 'openai/resources/realtime/realtime';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import type { LedgerSnapshot } from '../../lab/ledger';
import { registerOpenAi } from '../../lab/openai';
import type { RealtimeEntry, SpeechEntry, TextEntry } from '../../lab/openai/ledger-entry';
import { loadScenario, type ScenarioInput } from '../../lab/scenario';
import { createLabServer, type ListeningLabServer } from '../../lab/server';
import { Demodulator, modulate } from '../../lab/voice';

/** Fast speech, so that a sentence is a fraction of a second of audio. */
export const BAUD = 1200;

type Of<T extends RealtimeServerEvent['type']> = Extract<RealtimeServerEvent, { type: T }>;

export class OpenAiLab {
  private constructor(readonly server: ListeningLabServer) {}

  static async start(scenario: ScenarioInput = {}): Promise<OpenAiLab> {
    const log = pino({ level: 'silent' });
    const loaded = loadScenario(scenario);
    const server = await createLabServer(loaded, { baud: BAUD, seed: 1, brain: loaded.brain }, log);
    registerOpenAi(server);
    await server.listen('127.0.0.1', 0);
    return new OpenAiLab(server);
  }

  get client(): OpenAI {
    return new OpenAI({ apiKey: 'sk-lab', baseURL: `${this.server.url}/v1`, maxRetries: 0 });
  }

  get ledger(): LedgerSnapshot {
    return this.server.ledger.snapshot();
  }

  get sessions(): RealtimeEntry[] {
    return (this.ledger.notes.realtime ?? []) as RealtimeEntry[];
  }

  get speeches(): SpeechEntry[] {
    return (this.ledger.notes.speech ?? []) as SpeechEntry[];
  }

  get texts(): TextEntry[] {
    return (this.ledger.notes.text ?? []) as TextEntry[];
  }

  async realtime(session?: Partial<RealtimeSessionCreateRequest>): Promise<RealtimeClient> {
    const client = new RealtimeClient(this.server.url);
    await client.next('session.created');
    if (session) {
      client.send({ type: 'session.update', session: { type: 'realtime', ...session } });
      await client.next('session.updated');
    }
    return client;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

export class RealtimeClient {
  readonly events: RealtimeServerEvent[] = [];
  readonly socket: WebSocket;
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  private seen = 0;
  private wake: () => void = () => undefined;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/v1/realtime?model=gpt-realtime`, {
      headers: { authorization: 'Bearer sk-lab', ...headers },
    });
    this.socket.on('message', (data) => {
      this.events.push(JSON.parse(String(data)) as RealtimeServerEvent);
      this.wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code) => {
        this.wake();
        resolve(code);
      });
    });
    this.socket.on('error', () => undefined);
  }

  send(event: RealtimeClientEvent): void {
    this.socket.send(JSON.stringify(event));
  }

  /** The next event of this type after the one that was waited for last; the ones between are passed over. */
  async next<T extends RealtimeServerEvent['type']>(type: T): Promise<Of<T>> {
    for (;;) {
      for (; this.seen < this.events.length; this.seen++) {
        const event = this.events[this.seen] as RealtimeServerEvent;
        if (event.type !== type) continue;
        this.seen++;
        return event as Of<T>;
      }
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed before ${type}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  all<T extends RealtimeServerEvent['type']>(type: T): Of<T>[] {
    return this.events.filter((event): event is Of<T> => event.type === type);
  }

  /** Speaks µ-law, as fast as the socket takes it, and then is silent for so long. */
  speak(text: string, silenceMs = 700): void {
    this.append(encodeMulaw(modulate(text, { sampleRate: 8000, baud: BAUD })));
    this.append(new Uint8Array(silenceMs * 8).fill(0xff));
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 160) {
      const audio = Buffer.from(bytes.subarray(at, at + 160)).toString('base64');
      this.send({ type: 'input_audio_buffer.append', audio });
    }
  }

  write(role: 'user' | 'assistant' | 'system', text: string): void {
    const type = role === 'assistant' ? 'output_text' : 'input_text';
    this.send({ type: 'conversation.item.create', item: { type: 'message', role, content: [{ type, text }] } as never });
  }

  /** What a response's audio says, read from the tones. */
  heard(responseId: string | undefined, format: 'pcmu' | 'pcm' = 'pcmu'): string {
    let text = '';
    const demodulator = new Demodulator(
      { sampleRate: format === 'pcmu' ? 8000 : 24000, baud: BAUD },
      {
        text: (fragment) => {
          text += fragment;
        },
      },
    );
    for (const event of this.all('response.output_audio.delta')) {
      if (event.response_id !== responseId) continue;
      const bytes = Buffer.from(event.delta, 'base64');
      demodulator.push(
        format === 'pcmu' ? decodeMulaw(bytes) : Int16Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i)),
      );
    }
    return text;
  }
}

/** A session as a telephone gateway sets it up. */
export const PHONE: Partial<RealtimeSessionCreateRequest> = {
  instructions: 'You call Ada about the appointment on Tuesday. Ask whether it suits her.',
  audio: {
    input: { format: { type: 'audio/pcmu' }, transcription: { model: 'gpt-4o-mini-transcribe' } },
    output: { format: { type: 'audio/pcmu' }, voice: 'alloy' },
  },
};

const object = (properties: Record<string, unknown> = {}, required: string[] = []) => ({ type: 'object', properties, required });

export const TOOLS: RealtimeSessionCreateRequest['tools'] = [
  { type: 'function', name: 'transfer_call', description: '', parameters: object({ reason: { type: 'string' } }, ['reason']) },
  { type: 'function', name: 'end_call', description: '', parameters: object({ farewell: { type: 'string' } }) },
  { type: 'function', name: 'opt_out', description: '', parameters: object() },
  { type: 'function', name: 'schedule_callback', description: '', parameters: object({ when: { type: 'string' } }, ['when']) },
  {
    type: 'function',
    name: 'confirm',
    description: '',
    parameters: object({ date: { type: 'string', description: 'The day' } }, ['date']),
  },
];
