/** The ElevenLabs engine and the lab's agents, message by message over real sockets, with what goes wrong between them. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../contracts/clock';
import { decodeMulaw, FRAME_BYTES } from '../../contracts/g711';
import type { ConvaiEntry } from '../../lab/elevenlabs/convai/ledger-entry';
import { ElevenLabsConvai, type ElevenLabsConvaiOptions } from '../../media-gateway/engines/elevenlabs-convai';
import type { EngineEvent } from '../../media-gateway/engines/engine';
import { Events, heard, silence, spoken, VendorLab } from '../providers/vendor-lab';

const LONG = 'One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen.';

const SCENARIO = {
  elevenlabs: {
    agents: {
      strict: { allows: [] },
      needs: { needs: ['first_name'], prompt: 'You call {{first_name}}.' },
      open: { allows: ['llm', 'voice_id', 'stability', 'similarity_boost', 'speed'] },
      wideband: { outputFormat: 'pcm_16000' },
      deaf: { inputFormat: 'pcm_16000' },
      nudges: { nudgeAfterMs: 300 },
      plain: { aligned: false },
      greets: { firstMessage: 'Welcome.' },
    },
  },
  brain: [
    { when: 'stop', say: 'I stop.' },
    { when: 'hello', say: 'Good morning.' },
    { when: 'count', say: LONG },
    { when: 'check', call: { tool: 'check' }, thenSay: 'It is free.' },
  ],
} as never;

let lab: VendorLab;
const engines: ElevenLabsConvai[] = [];
const sockets: WebSocket[] = [];
const vendors: { server: Server; vendor: WebSocketServer }[] = [];
const warnings: object[] = [];
const log = Object.assign(pino({ level: 'silent' }), { warn: (fields: object) => void warnings.push(fields) });

beforeAll(async () => {
  lab = await VendorLab.start({ scenario: SCENARIO });
});
afterAll(() => lab.stop());
afterEach(() => {
  for (const engine of engines.splice(0)) engine.close();
  for (const socket of sockets.splice(0)) socket.terminate();
  for (const { server, vendor } of vendors.splice(0)) {
    for (const client of vendor.clients) client.terminate();
    vendor.close();
    server.close();
  }
  warnings.length = 0;
  lab.server.reset();
});

function open(agentId: string, more: Partial<ElevenLabsConvaiOptions> = {}) {
  const engine = new ElevenLabsConvai({
    spec: { agentId, override: { prompt: false, language: false } },
    instructions: 'You are Anna.',
    language: 'en',
    variables: {},
    greets: false,
    apiKey: 'el-lab',
    baseUrl: lab.config.ELEVENLABS_BASE_URL,
    clock: systemClock,
    log,
    ...more,
  });
  engines.push(engine);
  return { engine, events: new Events<EngineEvent>(engine) };
}

/** For a test that waits long, side by side with others: a lab, engines and warnings of its own. */
async function inLab(
  test: (own: { lab: VendorLab; open: typeof open; entry: () => ConvaiEntry; warnings: object[] }) => Promise<void>,
): Promise<void> {
  const lab = await VendorLab.start({ scenario: SCENARIO });
  const opened: ElevenLabsConvai[] = [];
  const warnings: object[] = [];
  const log = Object.assign(pino({ level: 'silent' }), { warn: (fields: object) => void warnings.push(fields) });
  try {
    await test({
      lab,
      open: (agentId, more) => {
        const made = open(agentId, { baseUrl: lab.config.ELEVENLABS_BASE_URL, log, ...more });
        opened.push(made.engine);
        return made;
      },
      entry: () => lastOf(lab),
      warnings,
    });
  } finally {
    for (const engine of opened) engine.close();
    await lab.stop();
  }
}

/** A vendor whose every message is the test's. */
async function withVendor() {
  const server = createServer((_request, response) => {
    const { port } = server.address() as AddressInfo;
    response.end(JSON.stringify({ signed_url: `ws://127.0.0.1:${port}/` }));
  });
  const vendor = new WebSocketServer({ server });
  vendors.push({ server, vendor });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connected = once(vendor, 'connection') as Promise<[WebSocket]>;
  const { engine, events } = open('theirs', { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const [socket] = await connected;
  await once(socket, 'message');
  const formats = { agent_output_audio_format: 'ulaw_8000', user_input_audio_format: 'ulaw_8000' };
  const metadata = { conversation_id: 'conv_1', ...formats };
  socket.send(JSON.stringify({ type: 'conversation_initiation_metadata', conversation_initiation_metadata_event: metadata }));
  await engine.ready;
  return { engine, events, socket };
}

/** As a caller says it: in time, since the agent's answers take theirs. */
async function say(engine: ElevenLabsConvai, text: string, silentMs = 600): Promise<void> {
  const audio = Buffer.concat([spoken(text), silence(silentMs)]);
  for (let at = 0; at < audio.length; at += FRAME_BYTES) {
    engine.appendAudio(audio.subarray(at, at + FRAME_BYTES));
    await pause(5);
  }
}

const lastOf = (of: VendorLab) => of.notes<ConvaiEntry>('convai').at(-1) as ConvaiEntry;
const entry = () => lastOf(lab);
const heardOf = (events: Events<EngineEvent>) => heard(decodeMulaw(Buffer.concat(events.of('audio').map(({ mulaw }) => mulaw))), 8000);
const textOf = (events: Events<EngineEvent>) =>
  events
    .of('agent_text')
    .map(({ delta }) => delta)
    .join('');

describe('opening a conversation', () => {
  it('asks for a signed address with the key, and never shows the key in a URL', async () => {
    const { engine } = open('someone');
    await engine.ready;
    expect(entry()).toMatchObject({
      agentId: 'someone',
      initiation: { type: 'conversation_initiation_client_data', dynamic_variables: {} },
    });
    expect(entry().initiation).not.toHaveProperty('conversation_config_override');
  });

  it('overrides what the specification allows, and fills the dynamic variables', async () => {
    const { engine } = open('needs', {
      spec: { agentId: 'needs', override: { prompt: true, language: true, voiceId: 'sarah' } },
      language: 'pt-BR',
      variables: { first_name: 'Ada' },
    });
    await engine.ready;
    expect(entry().initiation).toEqual({
      type: 'conversation_initiation_client_data',
      conversation_config_override: {
        agent: { prompt: { prompt: 'You are Anna.' }, language: 'pt-br' },
        tts: { voice_id: 'EXAVITQu4vr4xnSDxMaL' },
      },
      dynamic_variables: { first_name: 'Ada' },
    });
  });

  it('overrides the model and the voice’s settings where they are given', async () => {
    const override = { prompt: false, language: false, llm: 'gpt-4o', stability: 0.4, similarityBoost: 0.8, speed: 1.1 };
    const { engine } = open('open', { spec: { agentId: 'open', override } });
    await engine.ready;
    expect(entry().initiation).toMatchObject({
      conversation_config_override: { agent: { prompt: { llm: 'gpt-4o' } }, tts: { stability: 0.4, similarity_boost: 0.8, speed: 1.1 } },
    });
    expect(entry().initiation).not.toHaveProperty('conversation_config_override.agent.prompt.prompt');
    expect(entry().initiation).not.toHaveProperty('conversation_config_override.tts.voice_id');
    const [slow] = [open('someone', { spec: { agentId: 'someone', override: { prompt: false, language: false, speed: 0.8 } } })];
    await expect(slow?.engine.ready).rejects.toThrow(/speed/);
  });

  it.each([
    ['a key that is missing', 'someone', { apiKey: undefined }, /ELEVENLABS_API_KEY/],
    ['an agent that nobody has', 'unknown_1', {}, /404.*not found/],
    [
      'an override that the agent does not allow',
      'strict',
      { spec: { agentId: 'strict', override: { prompt: true, language: false } } },
      /override_error/,
    ],
    ['a variable that the agent needs', 'needs', {}, /missing_dynamic_variable.*first_name/],
    ['an agent that speaks another format', 'wideband', {}, /pcm_16000.*μ-law 8000/],
    ['an agent that hears another format', 'deaf', {}, /hears pcm_16000/],
    ['an address that is nobody’s', 'someone', { baseUrl: 'http://127.0.0.1:1' }, /could not be reached/],
  ])('%s: says what is wrong, once', async (_, agentId, more, message) => {
    const { engine, events } = open(agentId, more as never);
    await expect(engine.ready).rejects.toThrow(message);
    await expect(engine.ready).rejects.toMatchObject({ code: 'PATTER_PROVIDER_FAILED' });
    expect(events.of('closed').map(({ error }) => error)).toEqual([expect.stringMatching(message)]);
  });

  it('tells of a refused address and of a refused socket', async () => {
    lab.fault({ kind: 'provider_error', event: 'convai', status: 503 });
    await expect(open('someone').engine.ready).rejects.toThrow(/503/);
    lab.fault({ kind: 'provider_refuse', event: 'convai', status: 429 });
    await expect(open('someone').engine.ready).rejects.toThrow(/429/);
  });
});

describe('turns', () => {
  it('keeps an answer until it is asked for, and tells exactly where its words are', async () => {
    const { engine, events } = open('someone');
    await engine.ready;
    await say(engine, 'hello');
    const { itemId } = await events.next('user_transcript');
    expect(events.all.filter(({ kind }) => kind.startsWith('speech'))).toEqual([
      { kind: 'speech_started', itemId },
      { kind: 'speech_stopped', itemId },
    ]);
    while (entry().said.length === 0) await pause(10);
    await pause(100);
    expect(events.of('audio')).toEqual([]);
    engine.respond();
    await events.next('response_done');
    expect(heardOf(events)).toBe('Good morning.');
    expect(textOf(events)).toBe('Good morning.');
    expect(events.of('agent_text').every(({ fromMs }) => fromMs !== undefined)).toBe(true);
    expect(events.kinds.indexOf('item_completed')).toBeLessThan(events.kinds.indexOf('response_done'));
    expect(engine.responding).toBe(false);
  });

  it('finds the end of an answer without alignment, and tells its text once', async () => {
    const { engine, events } = open('plain');
    await engine.ready;
    await say(engine, 'hello');
    engine.respond();
    await events.next('response_done');
    expect(heardOf(events)).toBe('Good morning.');
    expect(events.of('agent_text')).toEqual([expect.objectContaining({ delta: 'Good morning.' })]);
  });

  it('is silent when the agent speaks up unasked, and tells the agent that nobody heard it', async () => {
    const { engine, events } = open('nudges');
    await engine.ready;
    engine.appendAudio(silence(20));
    while (!entry().contextualUpdates.some((text) => /not heard .*Are you still with me/.test(text))) await pause(10);
    expect(events.of('audio')).toEqual([]);
  });

  it('keeps the agent from speaking up while the phone rings and while our own lines are heard', async () => {
    const { engine } = open('someone');
    await engine.ready;
    while (entry().activities < 1) await pause(10);
    engine.appendAudio(silence(20));
    const before = entry().activities;
    engine.agentSpeaking(true);
    while (entry().activities === before) await pause(10);
    expect(entry().activities).toBeGreaterThan(before);
  });

  it('an answer that is not heard is no answer to what comes later', async () => {
    const { engine, events } = open('someone');
    await engine.ready;
    await say(engine, 'hello');
    while (entry().said.length === 0) await pause(10);
    await say(engine, 'stop');
    await events.next('user_transcript', 2);
    engine.respond();
    await events.next('response_done');
    expect(heardOf(events)).toBe('I stop.');
    expect(entry().contextualUpdates).toEqual([expect.stringContaining('Good morning.')]);
  });

  it('gives a tool’s answer back and speaks from it', async () => {
    const { engine, events } = open('someone');
    await engine.ready;
    await say(engine, 'check');
    engine.respond();
    const call = await events.next('tool_call');
    expect(call).toMatchObject({ name: 'check', arguments: '{}' });
    await events.next('response_done');
    engine.toolResult(call.toolCallId, '{"free":true}');
    engine.respond();
    await events.next('response_done', 2);
    expect(heardOf(events)).toBe('It is free.');
    // A second answer, and one of an earlier socket, would be refused: they are only told.
    engine.toolResult(call.toolCallId, '{"error":"x"}');
    while (!entry().contextualUpdates.some((text) => text.includes('{"error":"x"}'))) await pause(10);
    expect(entry().toolCalls).toMatchObject([{ result: '{"free":true}', isError: false }]);
  });

  it('asks by a message for an answer to what nobody said', async () => {
    const { engine, events } = open('greets');
    engine.respond({ instructions: 'You are Anna.\n\nSay exactly: We are back.' });
    await events.next('response_done');
    // Not the first message of its settings.
    expect(heardOf(events)).toBe('We are back.');
    expect(entry().userMessages).toEqual([expect.stringMatching(/^\[.*We are back\.\]$/)]);
  });
});

describe('interruptions', () => {
  async function interrupted(agentId: string) {
    const { engine, events } = open(agentId);
    await engine.ready;
    await say(engine, 'count');
    engine.respond();
    await events.next('audio');
    const before = say(engine, 'Please stop it now, because I have something to say that is longer than this.');
    await events.next('interrupted');
    return { engine, events, before };
  }

  it('tells of the vendor’s own, and drops what comes late of the answer', async () => {
    lab.fault({ kind: 'late_audio', event: 'convai' });
    const { engine, events, before } = await interrupted('someone');
    const [{ itemId } = { itemId: '' }] = events.of('audio');
    engine.cancel();
    engine.interrupt(itemId, 400);
    await before;
    await events.next('user_transcript', 2);
    engine.respond();
    await events.until(() => events.of('response_done').some(({ status }, index) => index > 0 && status === 'completed'));
    expect(heardOf(events)).not.toContain('LATE');
    expect(heardOf(events)).toMatch(/I stop\.$/);
    // 400 ms at 1,200 baud.
    expect(entry().contextualUpdates).toContainEqual(expect.stringMatching(/heard only: One two three four five six seven eight nine$/));
    expect(entry().interruptions).toHaveLength(1);
  });

  it('an answer that was cancelled here is not heard, though the vendor goes on', async () => {
    const { engine, events } = open('someone');
    await engine.ready;
    await say(engine, 'count');
    engine.respond();
    await events.next('audio');
    engine.cancel();
    expect((await events.next('response_done')).status).toBe('cancelled');
    const audio = events.of('audio').length;
    while (entry().audioMs < 900) await pause(10);
    await pause(50);
    expect(events.of('audio')).toHaveLength(audio);
    expect(engine.responding).toBe(false);
  });
});

it('a correction that is not what was heard changes nothing: what the agent is told goes by the playback', async () => {
  const { engine, events, socket } = await withVendor();
  const say = (message: object) => socket.send(JSON.stringify(message));
  say({ type: 'user_transcript', user_transcription_event: { user_transcript: 'Hello.' } });
  await events.next('user_transcript');
  engine.respond();
  const words = 'One two three four.';
  say({ type: 'agent_response', agent_response_event: { agent_response: words, event_id: 1 } });
  const chars = [...words];
  const alignment = { chars, char_start_times_ms: chars.map((_, i) => i * 100), char_durations_ms: chars.map(() => 100) };
  say({ type: 'audio', audio_event: { audio_base_64: Buffer.alloc(words.length * 800, 0x55).toString('base64'), event_id: 1, alignment } });
  const { itemId } = await events.next('audio');
  const told = once(socket, 'message');
  const correction = { original_agent_response: words, corrected_agent_response: 'Nothing at all, and something else.', event_id: 2 };
  say({ type: 'agent_response_correction', agent_response_correction_event: correction });
  // Comes behind it.
  say({ type: 'interruption', interruption_event: { event_id: 2 } });
  await events.next('interrupted');
  engine.interrupt(itemId, 850);
  expect(JSON.parse(String((await told)[0]))).toMatchObject({
    type: 'contextual_update',
    text: expect.stringMatching(/heard only: One two$/),
  });
  expect(textOf(events)).toBe(words);
});

describe('what goes wrong', () => {
  it('ignores events that nobody knows, and says so once', async () => {
    lab.fault({ kind: 'provider_unknown_event', event: 'convai' });
    const { engine, events } = open('someone');
    await engine.ready;
    await say(engine, 'hello');
    engine.respond();
    await events.next('response_done');
    expect(warnings).toEqual([{ type: 'something_new' }]);
    expect(heardOf(events)).toBe('Good morning.');
  });

  it.concurrent('a renamed transcript: the caller gets their answer all the same', () =>
    inLab(async ({ lab, open, warnings }) => {
      lab.fault({ kind: 'renamed_event', event: 'user_transcript', count: undefined });
      const { engine, events } = open('someone');
      await engine.ready;
      // A first message of its settings would have come by now.
      await pause(1_100);
      await say(engine, 'hello, is anybody there at all?');
      await events.next('speech_stopped');
      engine.respond();
      await events.next('response_done');
      expect(heardOf(events)).toBe('Good morning.');
      expect(warnings).toEqual([{ type: 'user_transcript_v2' }]);
    }));

  it.concurrent('renamed audio: the answer has failed, in a few seconds', () =>
    inLab(async ({ lab, open }) => {
      lab.fault({ kind: 'renamed_event', event: 'audio', count: undefined });
      const { engine, events } = open('someone');
      await engine.ready;
      await say(engine, 'hello');
      engine.respond();
      expect(await events.next('response_done')).toMatchObject({ status: 'failed', error: 'words came without audio' });
    }));

  it.each([
    ['a close without a reason', 'provider_close', /closed with 1011$/],
    ['a broken connection', 'provider_drop', /closed with 1006/],
  ] as const)('%s ends the engine once, and its seconds are counted', async (_, kind, message) => {
    lab.fault({ kind, event: 'convai', afterMs: 50 });
    const { engine, events } = open('someone');
    await engine.ready;
    await say(engine, 'hello');
    engine.respond();
    expect((await events.next('closed')).error).toMatch(message);
    expect(events.kinds.at(-1)).toBe('closed');
    expect(events.of('closed')).toHaveLength(1);
    expect(events.of('usage')[0]?.lines).toMatchObject([{ provider: 'elevenlabs', service: 'convai', item: 'someone', unit: 'second' }]);
  });

  it.concurrent('answers pings with their number', () =>
    inLab(async ({ open, entry }) => {
      const { engine } = open('someone');
      await engine.ready;
      while (entry().pongs < 1) await pause(20);
      expect(entry().pongs).toBe(entry().pings);
    }));

  it.concurrent('does not wait for ever for a vendor that never begins the conversation', () =>
    inLab(async ({ open }) => {
      const server = createServer((_request, response) => {
        const { port } = server.address() as AddressInfo;
        response.end(JSON.stringify({ signed_url: `ws://127.0.0.1:${port}/` }));
      });
      const silent = new WebSocketServer({ server });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      try {
        await expect(open('someone', { baseUrl }).engine.ready).rejects.toThrow('was not ready in time');
      } finally {
        for (const client of silent.clients) client.terminate();
        silent.close();
        server.close();
      }
    }));
});

describe('the lab’s agents', () => {
  async function raw(): Promise<{ socket: WebSocket; closed: Promise<number> }> {
    const response = await fetch(`${lab.config.ELEVENLABS_BASE_URL}/v1/convai/conversation/get-signed-url?agent_id=raw`, {
      headers: { 'xi-api-key': 'k' },
    });
    const { signed_url } = (await response.json()) as { signed_url: string };
    const socket = new WebSocket(signed_url);
    sockets.push(socket);
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.once('open', resolve));
    return { socket, closed };
  }

  it('hang up on a client that does not answer a ping', async () => {
    const { socket, closed } = await raw();
    socket.send(JSON.stringify({ type: 'conversation_initiation_client_data' }));
    expect(await closed).toBe(1002);
    expect(entry().closedBy).toBe('silent');
  });

  it('hang up on a client that sends what the protocol does not have', async () => {
    const { socket, closed } = await raw();
    socket.send(JSON.stringify({ type: 'pong', event_id: '1' }));
    expect(await closed).toBe(1008);
  });
});
