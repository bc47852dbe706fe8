import { toFile } from 'openai';
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { WebSocket } from 'ws';
import { modulate } from '../../lab/voice';
import { silence, spoken } from '../providers/vendor-lab';
import { BAUD, OpenAiLab } from './openai-harness';

let lab: OpenAiLab;
const open: WebSocket[] = [];

beforeAll(async () => {
  lab = await OpenAiLab.start();
});
afterAll(() => lab.stop());
afterEach(() => {
  for (const socket of open.splice(0)) socket.terminate();
  lab.server.reset();
});

type Of<T extends RealtimeServerEvent['type']> = Extract<RealtimeServerEvent, { type: T }>;

class Client {
  readonly events: RealtimeServerEvent[] = [];
  #wake: () => void = () => {};

  constructor(
    query = 'intent=transcription',
    readonly socket = new WebSocket(`${lab.server.url.replace('http', 'ws')}/v1/realtime?${query}`, {
      headers: { Authorization: 'Bearer sk' },
    }),
  ) {
    open.push(socket);
    socket.on('message', (data) => {
      this.events.push(JSON.parse(String(data)));
      this.#wake();
    });
  }

  send(event: object): void {
    this.socket.send(JSON.stringify(event));
  }

  append(audio: Uint8Array): void {
    this.send({ type: 'input_audio_buffer.append', audio: Buffer.from(audio).toString('base64') });
  }

  async next<T extends RealtimeServerEvent['type']>(type: T): Promise<Of<T>> {
    for (;;) {
      const found = this.events.find((event): event is Of<T> => event.type === type);
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async session(input: object): Promise<void> {
    await this.next('session.created');
    this.send({
      type: 'session.update',
      session: { type: 'transcription', audio: { input: { format: { type: 'audio/pcmu' }, ...input } } },
    });
  }
}

describe('a Realtime session with the intent to transcribe', () => {
  it('is of type transcription from the beginning', async () => {
    expect((await new Client().next('session.created')).session).toMatchObject({ type: 'transcription' });
  });

  it('transcribes what its turn detection finds, and answers nothing', async () => {
    const client = new Client();
    await client.session({
      transcription: { model: 'gpt-4o-mini-transcribe' },
      turn_detection: { type: 'server_vad', silence_duration_ms: 300 },
    });
    await client.next('session.updated');
    client.append(spoken('Who is calling?'));
    client.append(silence(500));
    const done = await client.next('conversation.item.input_audio_transcription.completed');
    expect(done.transcript).toBe('Who is calling?');
    const types = client.events.map(({ type }) => type).filter((type, i, all) => type !== all[i - 1]);
    expect(types).toEqual([
      'session.created',
      'session.updated',
      'input_audio_buffer.speech_started',
      'input_audio_buffer.speech_stopped',
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      'conversation.item.input_audio_transcription.delta',
      'conversation.item.input_audio_transcription.completed',
    ]);
  });

  it('commits on demand, and refuses a buffer that is too short', async () => {
    const client = new Client();
    await client.session({ turn_detection: null });
    client.append(spoken('Yes'));
    client.append(silence(100));
    client.send({ type: 'input_audio_buffer.commit' });
    expect((await client.next('conversation.item.input_audio_transcription.completed')).transcript).toBe('Yes');
    client.send({ type: 'input_audio_buffer.commit', event_id: 'mine' });
    expect((await client.next('error')).error).toMatchObject({ code: 'input_audio_buffer_commit_empty', event_id: 'mine' });
  });

  it.each([
    ['a model in the URL', 'intent=transcription&model=gpt-4o-transcribe', undefined, 'You must not provide a model parameter'],
    [
      'turn detection with the model that has none',
      'intent=transcription',
      { transcription: { model: 'gpt-realtime-whisper' } },
      'Turn detection is not supported',
    ],
    [
      'its update in a conversation',
      'model=gpt-realtime',
      {},
      'Passing a transcription session update event to a realtime session is not allowed',
    ],
  ])('refuses %s', async (_, query, input, message) => {
    const client = new Client(query);
    if (input) await client.session(input);
    expect((await client.next('error')).error.message).toContain(message);
  });

  it('refuses to speak', async () => {
    const client = new Client();
    await client.next('session.created');
    client.send({ type: 'response.create' });
    expect((await client.next('error')).error).toMatchObject({ code: 'invalid_value' });
  });
});

describe('POST /v1/audio/transcriptions', () => {
  function wav(text: string): Buffer {
    const samples = modulate(text, { sampleRate: 8000, baud: BAUD });
    const file = Buffer.alloc(44 + 2 * samples.length);
    file.write('RIFF', 0);
    file.writeUInt32LE(file.length - 8, 4);
    file.write('WAVEfmt ', 8);
    file.writeUInt32LE(16, 16);
    file.writeUInt16LE(1, 20);
    file.writeUInt16LE(1, 22);
    file.writeUInt32LE(8_000, 24);
    file.writeUInt32LE(16_000, 28);
    file.writeUInt16LE(2, 32);
    file.writeUInt16LE(16, 34);
    file.write('data', 36);
    file.writeUInt32LE(2 * samples.length, 40);
    for (const [i, sample] of samples.entries()) file.writeInt16LE(sample, 44 + 2 * i);
    return file;
  }

  it('reads the words of an uploaded file', async () => {
    const answer = await lab.client.audio.transcriptions.create({
      file: await toFile(wav('My number is one two three.'), 'speech.wav'),
      model: 'whisper-1',
      language: 'en',
    });
    expect(answer).toMatchObject({ text: 'My number is one two three.', usage: { type: 'duration', seconds: 1 } });
    const tokens = await lab.client.audio.transcriptions.create({
      file: await toFile(wav('Yes'), 'speech.wav'),
      model: 'gpt-4o-transcribe',
    });
    expect(tokens.usage?.type).toBe('tokens');
  });

  it('refuses what is no audio, and a request without a file', async () => {
    const file = await toFile(Buffer.from('not audio'), 'speech.wav');
    await expect(lab.client.audio.transcriptions.create({ file, model: 'whisper-1' })).rejects.toMatchObject({
      status: 400,
      param: 'file',
    });
    const response = await fetch(`${lab.server.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk' },
      body: new FormData(),
    });
    expect(response.status).toBe(400);
  });
});
