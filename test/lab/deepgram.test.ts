import { DeepgramClient } from '@deepgram/sdk';
import { WebSocket } from 'ws';
import { say, silence, spoken, VendorLab } from '../providers/vendor-lab';

let lab: VendorLab;
const open: WebSocket[] = [];

beforeAll(async () => {
  lab = await VendorLab.start({ deepgram: { idleMs: 300 } });
});
afterAll(() => lab.stop());
afterEach(() => {
  for (const socket of open.splice(0)) socket.terminate();
  lab.server.reset();
});

const V1 = 'model=nova-3&encoding=mulaw&sample_rate=8000&interim_results=true&endpointing=300&utterance_end_ms=1000&vad_events=true';
const V2 = 'model=flux-general-en&encoding=mulaw&sample_rate=8000';

type Message = Record<string, unknown> & { type: string };

class Client {
  readonly messages: Message[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly refused: Promise<{ status: number | undefined; body: string }>;
  readonly #opened: Promise<unknown>;
  #wake: () => void = () => {};

  constructor(
    path: string,
    headers: Record<string, string> = { Authorization: 'Token key' },
    readonly socket = new WebSocket(`${lab.server.url.replace('http', 'ws')}/deepgram${path}`, { headers }),
  ) {
    open.push(socket);
    this.#opened = new Promise((resolve) => socket.once('open', resolve));
    socket.on('error', () => {});
    socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      this.#wake();
    });
    this.closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })));
    this.refused = new Promise((resolve) => {
      socket.on('unexpected-response', (_, response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, body }));
      });
    });
  }

  async say(...parts: (string | number)[]): Promise<void> {
    await this.#opened;
    say({ push: (audio) => this.socket.send(audio) }, ...parts);
  }

  async text(message: object): Promise<void> {
    await this.#opened;
    this.socket.send(JSON.stringify(message));
  }

  async next(test: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(test);
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  get types(): string[] {
    return this.messages.map(({ type }) => type);
  }
}

const transcript = (message: Message) =>
  (message as unknown as { channel: { alternatives: { transcript: string }[] } }).channel.alternatives[0]?.transcript;
const isFinal = (message: Message) => message.type === 'Results' && message.is_final === true && transcript(message) !== '';

describe('v1 listen', () => {
  it('tells the start of speech, words on the way, the segment, and the end of the utterance', async () => {
    const client = new Client(`/v1/listen?${V1}`);
    await client.say(500, 'I would like to move my appointment.', 1_300);
    await client.next(({ type }) => type === 'UtteranceEnd');
    expect(client.types.filter((type, i, all) => type !== all[i - 1])).toEqual(['SpeechStarted', 'Results', 'UtteranceEnd']);
    const results = client.messages.filter(({ type }) => type === 'Results');
    expect(results[0]).toMatchObject({ is_final: false, speech_final: false });
    expect(results.at(-1)).toMatchObject({ is_final: true, speech_final: true, from_finalize: false });
    expect(transcript(results.at(-1) as Message)).toBe('I would like to move my appointment.');
    expect(client.messages[0]?.timestamp).toBeCloseTo(0.5, 1);
  });

  it("is also what the vendor's own client takes for Deepgram", async () => {
    const base = `${lab.server.url}/deepgram`;
    const client = new DeepgramClient({
      apiKey: 'key',
      environment: { base, production: base.replace('http', 'ws'), agent: base, agentRest: base },
    });
    const socket = await client.listen.v1.connect({ model: 'nova-3', encoding: 'mulaw', sample_rate: 8_000, reconnectAttempts: 0 });
    const final = new Promise((resolve) =>
      socket.on('message', (message) => {
        if (message.type === 'Results' && message.is_final) resolve(message.channel.alternatives[0]?.transcript);
      }),
    );
    socket.connect();
    await socket.waitForOpen();
    socket.sendMedia(spoken('Hello from the package.'));
    socket.sendMedia(silence(500));
    expect(await final).toBe('Hello from the package.');
    socket.close();
  });

  it('takes a KeepAlive only as text: as bytes it is audio, and is answered by nothing either way', async () => {
    const client = new Client(`/v1/listen?${V1}`);
    await client.text({ type: 'KeepAlive' });
    client.socket.send(Buffer.from(JSON.stringify({ type: 'KeepAlive' })));
    expect(await client.closed).toEqual({ code: 1011, reason: 'NET-0001' });
    expect(client.messages).toEqual([]);
    expect(lab.deepgram[0]).toMatchObject({ keepAlives: 1, audioMs: 3, closedBy: 'idle' });
  });

  it('finalises on demand, and is silent when nothing waits', async () => {
    const client = new Client(`/v1/listen?${V1}`);
    await client.text({ type: 'Finalize' });
    await client.say('My number is', 60);
    await client.text({ type: 'Finalize' });
    const final = await client.next(isFinal);
    expect(final).toMatchObject({ from_finalize: true });
    expect(transcript(final)).toBe('My number is');
    expect(client.messages.filter(({ from_finalize }) => from_finalize)).toHaveLength(1);
  });

  it('answers CloseStream with what is left, Metadata and a clean close', async () => {
    const client = new Client(`/v1/listen?${V1}`);
    await client.say('Goodbye', 40);
    await client.text({ type: 'CloseStream' });
    expect((await client.closed).code).toBe(1000);
    expect(client.types.slice(-2)).toEqual(['Results', 'Metadata']);
    expect(client.messages.at(-1)).toMatchObject({ transaction_key: 'deprecated', channels: 1 });
  });

  it('tells silence by finals that are empty', async () => {
    const client = new Client(`/v1/listen?${V1}`);
    await client.say(3_500);
    const empty = await client.next(({ is_final }) => is_final === true);
    expect(transcript(empty)).toBe('');
  });

  it('tells a late final after the end of its utterance', async () => {
    lab.fault({ kind: 'stt_late', event: 'deepgram', delayMs: 150 });
    const client = new Client(`/v1/listen?${V1}`);
    await client.say('This is late.', 1_500);
    await client.next(isFinal);
    expect(client.messages.findIndex(isFinal)).toBeGreaterThan(client.types.indexOf('UtteranceEnd'));
  });

  it.each([
    ['a key that is missing', `/v1/listen?${V1}`, {}, 401, 'INVALID_AUTH'],
    ['a gap that is too short', `/v1/listen?${V1.replace('1000', '500')}`, undefined, 400, 'utterance_end_ms'],
    [
      'utterances without interim results',
      `/v1/listen?${V1.replace('interim_results=true', 'interim_results=false')}`,
      undefined,
      400,
      'needs interim_results',
    ],
    ['keywords with nova-3', `/v1/listen?${V1}&keywords=Acme`, undefined, 400, 'keyterm'],
    ['a parameter that does not exist', `/v1/listen?${V1}&nonsense=1`, undefined, 400, 'nonsense'],
    [
      'an eager threshold above the other',
      `/v2/listen?${V2}&eot_threshold=0.5&eager_eot_threshold=0.8`,
      undefined,
      400,
      'eager_eot_threshold',
    ],
    ['a nova model at v2', `/v2/listen?${V2.replace('flux-general-en', 'nova-3')}`, undefined, 400, 'model'],
  ])('refuses %s at the handshake', async (_, path, headers, status, reason) => {
    const refused = await new Client(path, headers).refused;
    expect(refused.status).toBe(status);
    expect(refused.body).toContain(reason);
  });

  it('hangs up on a text frame that it does not know', async () => {
    const client = new Client(`/v1/listen?${V1}`);
    await client.text({ type: 'Hello' });
    expect(await client.closed).toEqual({ code: 1008, reason: 'DATA-0000' });
  });
});

describe('v2 listen', () => {
  const events = (client: Client) => client.messages.filter(({ type }) => type === 'TurnInfo').map(({ event }) => event);

  it('numbers its messages and its turns, and says why a turn is over', async () => {
    const client = new Client(`/v2/listen?${V2}`);
    await client.say('First turn, which is long enough for an update.', 700, 'Second.', 700);
    await client.next(({ event, turn_index }) => event === 'EndOfTurn' && turn_index === 1);
    expect(client.messages.map(({ sequence_id }) => sequence_id)).toEqual(client.messages.map((_, i) => i));
    expect(client.types[0]).toBe('Connected');
    expect([...new Set(events(client))]).toEqual(['StartOfTurn', 'Update', 'EndOfTurn']);
    const ends = client.messages.filter(({ event }) => event === 'EndOfTurn');
    expect(ends.map(({ transcript: text, trigger }) => [text, trigger])).toEqual([
      ['First turn, which is long enough for an update.', 'model'],
      ['Second.', 'model'],
    ]);
  });

  it('takes an eager end back when speech goes on', async () => {
    const client = new Client(`/v2/listen?${V2}&eager_eot_threshold=0.3`);
    await client.say('Friday.', 250, 'Or Monday.', 700);
    await client.next(({ event }) => event === 'EndOfTurn');
    expect(events(client).filter((event) => event !== 'Update')).toEqual([
      'StartOfTurn',
      'EagerEndOfTurn',
      'TurnResumed',
      'EagerEndOfTurn',
      'EndOfTurn',
    ]);
  });

  it('changes its thresholds on Configure, and refuses wrong ones', async () => {
    const client = new Client(`/v2/listen?${V2}`);
    await client.text({ type: 'Configure', thresholds: { eot_threshold: 0.9, eager_eot_threshold: 0.5 } });
    expect(await client.next(({ type }) => type === 'ConfigureSuccess')).toMatchObject({
      thresholds: { eot_threshold: 0.9, eager_eot_threshold: 0.5, eot_timeout_ms: 5_000 },
    });
    await client.text({ type: 'Configure', thresholds: { eot_threshold: 3 } });
    await client.next(({ type }) => type === 'ConfigureFailure');
  });

  it.each(['KeepAlive', 'Finalize', 'ForceEndTurn'])('knows no %s: an Error, and the end', async (type) => {
    const client = new Client(`/v2/listen?${V2}`);
    await client.text({ type });
    expect(await client.next((message) => message.type === 'Error')).toMatchObject({ code: 'UNPARSABLE_CLIENT_MESSAGE' });
    expect((await client.closed).code).toBe(1008);
  });
});
