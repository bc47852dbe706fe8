/** Calls with functions of their own, against a backend that is played by hand: its REST and its socket. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../contracts/clock';
import type { SdkClientMessage } from '../../contracts/sdk-protocol';
import { until } from '../../test/chaos/until';
import { ManualClock } from '../../test/support/manual-clock';
import { Agent } from '../agent/agent';
import type { MessageFunction } from '../options/callbacks';
import { resolveCall } from '../options/resolve-call';
import { DeepgramSTT } from '../providers/stt';
import { OpenAITTS } from '../providers/tts';
import { CloudBackend } from './cloud-backend';
import { type OwnHandlers, OwnHandlersOfCalls } from './own-handlers';
import { DEFAULT_SOCKET_TIMES } from './socket';

const NUMBER = '+15005550006';
const TO = '+12125550101';
const WITHIN_MS = 30_000;

interface Placed {
  url: string;
  body: Record<string, unknown>;
  answer(callId: string): void;
}

const servers: { server: Server; sockets: WebSocketServer }[] = [];
const clients: CloudBackend[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.disconnect();
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
    server.closeAllConnections();
  }
});

/** A program, and the backend that it is connected to unless it has no `onMessage`. */
async function program(onMessage?: MessageFunction) {
  const placed: Placed[] = [];
  const hellos: string[] = [];
  const got: SdkClientMessage[] = [];
  let socket: WebSocket | undefined;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const answer = (callId: string) => void response.end(JSON.stringify({ callId, notes: [] }));
    placed.push({ url: request.url ?? '', body: JSON.parse(body), answer });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (connection) => {
    connection.on('message', (data) => {
      const message = JSON.parse(String(data)) as SdkClientMessage;
      if (message.type !== 'hello') return void got.push(message);
      hellos.push(message.clientId);
      socket = connection;
      connection.send(JSON.stringify({ type: 'welcome', number: NUMBER, notes: [] }));
    });
  });
  servers.push({ server, sockets });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const times = { ...DEFAULT_SOCKET_TIMES, firstPauseMs: 10, longestPauseMs: 50 };
  const config = { apiKey: 'pt_x', backendUrl: `ws://${host}`, restUrl: `http://${host}`, webhookSecret: '', allowPrivate: true };
  const client = new CloudBackend(config, times, systemClock);
  clients.push(client);
  const none = { provider: undefined, providerKey: undefined, providerSecret: undefined, stt: undefined, tts: undefined };
  if (onMessage) await client.connect({ ...none, number: NUMBER, callbacks: {}, onMessage });
  let asked = 0;
  return {
    ...{ client, placed, hellos },
    drop: () => socket?.terminate(),
    call: (options: object = {}) => client.call(resolveCall({ to: TO, ...options }, { mode: 'cloud', phoneNumber: '' })),
    async request(count = 1): Promise<Placed> {
      await until(() => placed.length >= count, { withinMs: WITHIN_MS, what: 'the request' });
      return placed[count - 1] as Placed;
    },
    /** What it answers to a message of a call. */
    async say(callId: string): Promise<string> {
      const id = `m${++asked}`;
      const message = {
        callId,
        direction: 'outbound',
        caller: TO,
        callee: NUMBER,
        text: 'Hello?',
        language: 'en',
        variables: {},
        history: [],
      };
      socket?.send(JSON.stringify({ type: 'message', id, carrier: 'twilio', message }));
      const answer = () => got.find((each) => each.type === 'answer' && each.id === id);
      const found = await until(answer, { withinMs: WITHIN_MS, what: 'an answer' });
      return found.type === 'answer' ? found.text : '';
    },
  };
}

test('a call’s own onMessage answers it, also before its id is here and over a reconnection; all other calls are connect()’s', async () => {
  const { call, drop, hellos, request, say } = await program(() => 'Of all.');
  const placing = call({ onMessage: () => 'Of this one.' });
  const { answer, url } = await request();
  expect(url).toBe(`/v1/calls?client=${hellos[0]}`);
  // The person has answered before the program knows what its call is named.
  const early = say('call_1');
  answer('call_1');
  expect(await early).toBe('Of this one.');
  expect((await placing).id).toBe('call_1');
  expect(await say('call_2')).toBe('Of all.');
  drop();
  await until(() => hellos.length === 2, { withinMs: WITHIN_MS, what: 'the reconnection' });
  expect(hellos[1]).toBe(hellos[0]);
  expect([await say('call_1'), await say('call_2')]).toEqual(['Of this one.', 'Of all.']);
});

test('an agent goes to the backend, with the program in the place of its model where the call has an onMessage', async () => {
  const { call, request } = await program(() => 'Of all.');
  const agent = new Agent({ systemPrompt: 'You remind people.', stt: new DeepgramSTT(), tts: new OpenAITTS() });
  for (const [count, onMessage] of [undefined, () => 'Mine.'].entries()) {
    const placing = call({ agent, ...(onMessage && { onMessage }) });
    const { answer, body } = await request(count + 1);
    const { code, engine, systemPrompt } = body.agent as { code?: string; engine: { onMessage?: object }; systemPrompt: string };
    expect([systemPrompt, code, engine.onMessage]).toEqual([
      'You remind people.',
      undefined,
      onMessage && expect.objectContaining({ url: 'patter-sdk://connected' }),
    ]);
    answer(`call_${count}`);
    await placing;
  }
});

test('what the backend cannot carry out, or would ask of another program, is refused before anything is asked for', async () => {
  const connected = await program(() => 'Of all.');
  const tools = [{ name: 'book', handler: () => 'booked' }];
  await expect(connected.call({ agent: new Agent({ systemPrompt: 'x', tools }) })).rejects.toThrow('give the tools a webhookUrl');
  await expect(connected.call({ onMessage: 'https://example.com/m' })).rejects.toThrow('let it ask the URL');
  await expect(connected.call({ onMessage: () => '', fromNumber: '+15005550007' })).rejects.toMatchObject({
    details: { option: 'fromNumber' },
  });
  const alone = await program();
  await expect(alone.call({ onMessage: () => '' })).rejects.toThrow('connect first');
  expect([...connected.placed, ...alone.placed]).toEqual([]);
});

describe('while a call is on its way to the backend', () => {
  const own: OwnHandlers = { callbacks: {}, onMessage: () => 'Mine.' };
  const named = (callId: string, person = TO, direction: 'inbound' | 'outbound' = 'outbound') => ({ callId, person, direction });

  test('only what may be meant for it waits, and not for long', async () => {
    const clock = new ManualClock();
    const handlers = new OwnHandlersOfCalls(clock);
    let answer = (_: { callId: string }) => {};
    const placed = handlers.placed(TO, own, () => new Promise<{ callId: string }>((resolve) => (answer = resolve)));
    expect(await handlers.of(named('call_2', '+12125550102'))).toBeUndefined();
    expect(await handlers.of(named('call_3', TO, 'inbound'))).toBeUndefined();
    const waiting = handlers.of(named('call_1'));
    clock.pass(2_000);
    expect(await waiting).toBeUndefined();
    const next = handlers.of(named('call_1'));
    answer({ callId: 'call_1' });
    await placed;
    expect(await next).toBe(own);
  });

  test('one that the backend refuses holds up nobody', async () => {
    const handlers = new OwnHandlersOfCalls(new ManualClock());
    let refuse = (_: Error) => {};
    const placed = handlers.placed(TO, own, () => new Promise<{ callId: string }>((_, reject) => (refuse = reject)));
    const waiting = handlers.of(named('call_1'));
    refuse(new Error('no'));
    await expect(placed).rejects.toThrow('no');
    expect(await waiting).toBeUndefined();
  });
});
