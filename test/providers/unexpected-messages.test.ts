/** What no vendor should send ends the one socket it came on: a throw out of a socket's event would take the process with it, and every call in it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { agentSchema } from '../../contracts/agent';
import { systemClock } from '../../contracts/clock';
import { sttSchema } from '../../contracts/providers';
import { OpenAiRealtime } from '../../media-gateway/engines/openai-realtime';
import { openSpeechToText } from '../../providers/stt/open-stt';
import { StreamInput } from '../../providers/tts/elevenlabs-stream-input';

const log = pino({ level: 'silent' });

let server: WebSocketServer;
let url: string;
let sends: string;

beforeAll(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  url = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.on('connection', (socket: WebSocket) => socket.send(sends));
});
afterAll(async () => {
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

test.each([
  'null',
  '{"type":"response.created"}',
  '{"type":"response.output_audio.delta","item_id":"item_1"}',
  '{"type":"conversation.item.input_audio_transcription.completed","item_id":"item_1","transcript":null}',
])('OpenAI Realtime: %s', async (message) => {
  sends = message;
  const agent = agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'You are a test.' });
  if (agent.engine.type !== 'openai-realtime') throw new Error('another engine');
  const engine = new OpenAiRealtime({
    ...{ spec: agent.engine, instructions: '', language: 'en', tools: [], apiKey: 'sk', baseUrl: `http://${url}/v1` },
    ...{ clock: systemClock, log },
  });
  const error = await new Promise((resolve) => engine.listen((event) => event.kind === 'closed' && resolve(event.error)));
  expect(error).toMatch(/could not be handled/);
  await expect(engine.ready).rejects.toThrow(/could not be handled/);
});

test.each(['null', '{"type":"conversation.item.input_audio_transcription.completed","item_id":"i"}'])(
  'OpenAI transcription: %s',
  async (message) => {
    sends = message;
    const stt = openSpeechToText(
      sttSchema.parse({ provider: 'openai', model: 'gpt-4o-transcribe' }),
      { language: 'en' },
      { config: { OPENAI_API_KEY: 'sk', OPENAI_BASE_URL: `http://${url}/v1` } as never, clock: systemClock, log },
    );
    const error = await new Promise((resolve) => stt.listen((event) => event.kind === 'closed' && resolve(event.error)));
    expect(error).toMatch(/could not be handled/);
  },
);

test.each(['null', '{"audio":5}'])('ElevenLabs speech: %s', async (message) => {
  sends = message;
  const stream = new StreamInput({
    ...{ url: `ws://${url}/`, apiKey: 'el', clock: systemClock, voiceSettings: undefined },
    usage: () => [],
    ended: () => undefined,
  });
  const error = await new Promise((resolve) => stream.listen((event) => event.kind === 'failed' && resolve(event.error)));
  expect(error).toMatch(/could not be handled/);
});
