import { ElevenLabsClient } from '@elevenlabs/elevenlabs-js';
import { WebSocket } from 'ws';
import { decodeMulaw } from '../../contracts/g711';
import { heard, VendorLab } from '../providers/vendor-lab';

let lab: VendorLab;
const open: WebSocket[] = [];
const RACHEL = '21m00Tcm4TlvDq8ikWAM';

beforeAll(async () => {
  lab = await VendorLab.start({ elevenLabsIdleMs: 600 });
});
afterAll(() => lab.stop());
afterEach(() => {
  for (const socket of open.splice(0)) socket.terminate();
  lab.server.reset();
});

interface Message {
  audio?: string | null;
  isFinal?: boolean | null;
  alignment?: { chars: string[]; charStartTimesMs: number[]; charDurationsMs: number[] } | null;
  error?: string;
}

class Client {
  readonly messages: Message[] = [];
  readonly closed: Promise<number>;

  constructor(
    query = 'model_id=eleven_flash_v2_5&output_format=ulaw_8000&auto_mode=true',
    headers: Record<string, string> = { 'xi-api-key': 'key' },
    voice = RACHEL,
    readonly socket = new WebSocket(`${lab.server.url.replace('http', 'ws')}/elevenlabs/v1/text-to-speech/${voice}/stream-input?${query}`, {
      headers,
    }),
  ) {
    open.push(socket);
    socket.on('error', () => {});
    socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    this.closed = new Promise((resolve) => socket.on('close', resolve));
  }

  async send(...texts: string[]): Promise<void> {
    if (this.socket.readyState === this.socket.CONNECTING) await new Promise((resolve) => this.socket.once('open', resolve));
    for (const text of texts) this.socket.send(JSON.stringify({ text }));
  }

  get heard(): string {
    return heard(decodeMulaw(Buffer.concat(this.messages.flatMap(({ audio }) => (audio ? [Buffer.from(audio, 'base64')] : [])))), 8000);
  }
}

describe('stream-input', () => {
  it('speaks µ-law, aligned character by character, and ends with isFinal and a clean close', async () => {
    const client = new Client();
    await client.send(' ', 'Good morning. ', 'This is Anna. ', '');
    expect(await client.closed).toBe(1000);
    expect(client.heard).toBe('Good morning. This is Anna.');
    expect(client.messages.flatMap(({ alignment }) => alignment?.chars ?? []).join('')).toBe('Good morning. This is Anna.');
    expect(client.messages.at(-1)).toMatchObject({ audio: null, isFinal: true });
    for (const { alignment } of client.messages) expect(alignment?.charStartTimesMs.every((ms) => ms < 300) ?? true).toBe(true);
  });

  it('gathers short texts without auto mode, until it is flushed or ended', async () => {
    const client = new Client('model_id=eleven_flash_v2_5&output_format=ulaw_8000');
    await client.send(' ', 'Short. ');
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(client.messages).toEqual([]);
    client.socket.send(JSON.stringify({ text: 'Now. ', flush: true }));
    await client.send('');
    await client.closed;
    expect(client.heard).toBe('Short. Now.');
  });

  it('hangs up when no text comes, and a blank is text', async () => {
    const client = new Client();
    await client.send(' ');
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await client.send(' ');
    }
    expect(client.messages).toEqual([]);
    expect(await client.closed).toBe(1008);
    expect(client.messages).toMatchObject([{ error: 'input_timeout_exceeded' }]);
    expect(lab.elevenLabs[0]).toMatchObject({ keepAlives: 5, closedBy: 'idle' });
  });

  it.each([
    ['no key', 'output_format=ulaw_8000', {}, RACHEL, 'missing_api_key'],
    ['a voice by its name', 'output_format=ulaw_8000', undefined, 'rachel', 'voice_id_does_not_exist'],
    [
      'a language where the model takes none',
      'model_id=eleven_multilingual_v2&output_format=ulaw_8000&language_code=en',
      undefined,
      RACHEL,
      'invalid_language_code',
    ],
  ])('says what is wrong only after it has opened: %s', async (_, query, headers, voice, error) => {
    const client = new Client(query, headers, voice);
    expect(await client.closed).toBe(1008);
    expect(client.messages).toMatchObject([{ error }]);
  });

  it('wants a blank first', async () => {
    const client = new Client();
    await client.send('Hello. ');
    expect(await client.closed).toBe(1008);
    expect(client.messages).toMatchObject([{ error: 'invalid_message' }]);
  });
});

describe('HTTP', () => {
  it("streams what the vendor's own client asks for", async () => {
    const client = new ElevenLabsClient({ apiKey: 'key', baseUrl: `${lab.server.url}/elevenlabs` });
    const audio = await client.textToSpeech.stream(RACHEL, {
      text: 'Hello from the package.',
      modelId: 'eleven_flash_v2_5',
      outputFormat: 'ulaw_8000',
    });
    const parts: Uint8Array[] = [];
    for await (const part of audio as unknown as AsyncIterable<Uint8Array>) parts.push(part);
    expect(heard(decodeMulaw(Buffer.concat(parts)), 8000)).toBe('Hello from the package.');
    expect(lab.elevenLabs).toMatchObject([{ transport: 'http', modelId: 'eleven_flash_v2_5', texts: ['Hello from the package.'] }]);
  }, 15_000);

  it.each([
    ['no key', RACHEL, 'ulaw_8000', {}, 401],
    ['an unknown voice', 'rachel', 'ulaw_8000', { 'xi-api-key': 'key' }, 404],
    ['another format', RACHEL, 'mp3_44100_128', { 'xi-api-key': 'key' }, 400],
  ])('refuses %s', async (_, voice, format, headers, status) => {
    const response = await fetch(`${lab.server.url}/elevenlabs/v1/text-to-speech/${voice}/stream?output_format=${format}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ text: 'Hello.' }),
    });
    expect(response.status).toBe(status);
  });
});
