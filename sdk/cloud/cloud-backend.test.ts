/** The client against a backend that does to it what networks do: real sockets, played by hand. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Clock, systemClock } from '../../contracts/clock';
import type { SdkClientMessage } from '../../contracts/sdk-protocol';
import type { MessageFunction } from '../options/callbacks';
import type { ResolvedConnectOptions } from '../options/connect';
import { CloudBackend } from './cloud-backend';
import { DEFAULT_SOCKET_TIMES } from './socket';

const NUMBER = '+15005550006';
const TIMES = { ...DEFAULT_SOCKET_TIMES, firstPauseMs: 10, longestPauseMs: 50, pingEveryMs: 50, deadAfterMs: 20_000 };

/** Every connection says hello and is welcomed; what comes after is up to the test. */
class HandBackend {
  readonly hellos: SdkClientMessage[] = [];
  readonly got: SdkClientMessage[] = [];
  #waiting: (() => void)[] = [];
  socket: WebSocket | undefined;
  private constructor(readonly server: WebSocketServer) {
    server.on('connection', (socket) => {
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as SdkClientMessage;
        if (message.type === 'hello') {
          this.hellos.push(message);
          this.socket = socket;
          socket.send(JSON.stringify({ type: 'welcome', number: NUMBER, notes: [] }));
        } else this.got.push(message);
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }
  static async open(): Promise<HandBackend> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    return new HandBackend(server);
  }
  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }
  async until(true_: () => boolean): Promise<void> {
    while (!true_()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
  close(): void {
    for (const client of this.server.clients) client.terminate();
    this.server.close();
  }
}

const backends: { close(): void }[] = [];
const clients: CloudBackend[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.disconnect();
  for (const backend of backends.splice(0)) backend.close();
});

async function connected(
  options: Partial<ResolvedConnectOptions> & { onMessage: MessageFunction },
  clock: Clock = systemClock,
  times = TIMES,
) {
  const backend = await HandBackend.open();
  backends.push(backend);
  const config = { apiKey: 'pt_x', backendUrl: backend.url, restUrl: 'http://127.0.0.1:1', webhookSecret: '', allowPrivate: true };
  const client = new CloudBackend(config, times, clock);
  clients.push(client);
  const none = { number: NUMBER, provider: undefined, providerKey: undefined, providerSecret: undefined, stt: undefined, tts: undefined };
  await client.connect({ ...none, callbacks: {}, ...options });
  return { backend, client };
}

function said(id: string, text: string) {
  const parties = { callId: 'call_1', direction: 'inbound', caller: '+12125550101', callee: NUMBER };
  return { type: 'message', id, carrier: 'twilio', message: { ...parties, text, language: 'en', variables: {}, history: [] } };
}

test('a function that returns nothing says nothing, and may hang up; what cannot be spoken is told to its developer', async () => {
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const { backend } = await connected({
    onMessage: async ({ text }, call) => {
      if (text === 'Bye.') await call.hangup();
      // As JavaScript may.
      else return 42 as unknown as string;
    },
  });
  backend.send(said('m1', 'Bye.'));
  backend.send(said('m2', 'How many?'));
  await backend.until(() => backend.got.length > 1);
  expect(backend.got).toContainEqual({ type: 'answer', id: 'm1', parts: 0, text: '', endCall: true });
  expect(backend.got).toContainEqual({ type: 'failed', id: 'm2', reason: 'PatterError' });
  expect(warned).toHaveBeenCalledWith(expect.stringMatching(/returned a value of type number\. Return a string/), expect.anything());
  warned.mockRestore();
});

test('an answer that became ready while the connection was away is sent when it is back, and the function runs once', async () => {
  let answer: (text: string) => void = () => undefined;
  let runs = 0;
  const { backend } = await connected({
    onMessage: () => {
      runs++;
      return new Promise<string>((resolve) => {
        answer = resolve;
      });
    },
  });
  backend.send(said('m1', 'Hello?'));
  await new Promise<void>((resolve) => setImmediate(resolve));
  const first = backend.socket;
  while (runs === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  first?.terminate();
  answer('Here.');
  await backend.until(() => backend.got.length > 0);
  // The backend does not know that it has been answered, and asks again.
  backend.send(said('m1', 'Hello?'));
  await backend.until(() => backend.got.length > 1);
  const expected = { type: 'answer', id: 'm1', parts: 0, text: 'Here.', endCall: false };
  expect(backend.got).toEqual([expected, expected]);
  expect(runs).toBe(1);
  expect(new Set(backend.hellos.map((hello) => hello.type === 'hello' && hello.clientId)).size).toBe(1);
});

test('a backend that is frozen is noticed, and left for a new connection', async () => {
  const { backend } = await connected({ onMessage: () => '' }, systemClock, { ...TIMES, deadAfterMs: 300 });
  // Nothing comes from it any more, not even the pong of a ping; the connection stays open.
  backend.socket?.pause();
  await backend.until(() => backend.hellos.length === 2);
});

test('an answer in pieces is sent as it comes; hanging up comes with its end; a failure is told without its words', async () => {
  const { backend } = await connected({
    onMessage: (message, call) => {
      if (message.text === 'fail') throw new Error('my secret');
      return (async function* () {
        yield 'One, ';
        yield 'two.';
        await call.hangup();
      })();
    },
  });
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  backend.send(said('m1', 'Go.'));
  await backend.until(() => backend.got.length === 3);
  backend.send(said('m2', 'fail'));
  await backend.until(() => backend.got.length === 4);
  expect(backend.got).toEqual([
    { type: 'part', id: 'm1', index: 0, text: 'One, ' },
    { type: 'part', id: 'm1', index: 1, text: 'two.' },
    { type: 'answer', id: 'm1', parts: 2, text: '', endCall: true },
    { type: 'failed', id: 'm2', reason: 'Error' },
  ]);
  expect(warned).toHaveBeenCalled();
  warned.mockRestore();
});

test('an event is acknowledged when its callback has returned, told once for two deliveries, and refused when it throws', async () => {
  let failures = 1;
  const ended: unknown[] = [];
  const { backend } = await connected({
    onMessage: () => '',
    callbacks: {
      onCallEnd: (event) => {
        if (failures-- > 0) throw new Error('not yet');
        ended.push([event.callId, event.call_id, event.deliveryId, event.outcome, event.duration]);
      },
    },
  });
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const call = {
    ...{ callId: 'call_1', direction: 'inbound', from: '+12125550101', to: NUMBER, carrier: 'twilio', turns: [], toolCalls: [], usage: [] },
    ...{ status: 'ended', outcome: 'completed', createdAt: '2026-11-20T10:00:00.000Z', answeredAt: '2026-11-20T10:00:01.000Z' },
    ...{
      endedAt: '2026-11-20T10:00:03.500Z',
      durationMs: 2_500,
      variables: {},
      customParams: {},
      costLines: [],
      answeredBy: null,
      reason: null,
    },
  };
  const event = { type: 'event', event: 'end', call };
  for (const n of [1, 2, 3]) {
    backend.send(event);
    await backend.until(() => backend.got.length === n);
  }
  warned.mockRestore();
  expect(backend.got.map(({ type }) => type)).toEqual(['nack', 'ack', 'ack']);
  expect(ended).toEqual([['call_1', 'call_1', 'call_1:end:1', 'completed', 2.5]]);
});

test('disconnect() leaves no timer that would keep the program’s process alive, whatever it was at', async () => {
  const timers = new Set<object>();
  const clock: Clock = {
    ...systemClock,
    after(ms, fn) {
      const timer = {};
      timers.add(timer);
      const cancel = systemClock.after(ms, () => {
        timers.delete(timer);
        fn();
      });
      return () => {
        timers.delete(timer);
        cancel();
      };
    },
  };
  const { backend, client } = await connected(
    { onMessage: ({ text }) => (text === 'for ever' ? new Promise<string>(() => undefined) : 'Yes.') },
    clock,
  );
  backend.send(said('m1', 'Hello?'));
  backend.send(said('m2', 'for ever'));
  backend.send({ type: 'cancel', id: 'm2' });
  await backend.until(() => backend.got.length === 1);
  const closed = once(backend.socket as WebSocket, 'close');
  await client.disconnect();
  await closed;
  for (let turns = 0; timers.size > 0 && turns < 1_000; turns++) await new Promise<void>((resolve) => setImmediate(resolve));
  expect(timers.size).toBe(0);
});

test('what was cancelled and is wanted after all is answered', async () => {
  let runs = 0;
  const { backend } = await connected({ onMessage: () => (++runs === 1 ? new Promise<string>(() => undefined) : 'Here.') });
  backend.send(said('m1', 'Hello?'));
  backend.send({ type: 'cancel', id: 'm1' });
  backend.send(said('m1', 'Hello?'));
  await backend.until(() => backend.got.length === 1);
  expect(backend.got).toEqual([{ type: 'answer', id: 'm1', parts: 0, text: 'Here.', endCall: false }]);
});
