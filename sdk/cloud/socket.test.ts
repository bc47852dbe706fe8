/** How a program comes back to a backend that is gone: later and later, with an end, and never at the same moment as all others. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Clock } from '../../contracts/clock';
import type { SdkHello } from '../../contracts/sdk-protocol';
import { until } from '../../test/chaos/until';
import { ManualClock } from '../../test/support/manual-clock';
import { BackendSocket, DEFAULT_SOCKET_TIMES } from './socket';

const WITHIN_MS = 30_000;
/** Of what watches a connection; no pause is as long. */
const FAR = 1_000_000_000;

let server: WebSocketServer;
let socket: BackendSocket | undefined;
let welcomes = true;
let random: jest.SpyInstance<number>;
beforeEach(async () => {
  welcomes = true;
  random = jest.spyOn(Math, 'random');
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (connection) => {
    connection.on('message', () => {
      if (welcomes) connection.send(JSON.stringify({ type: 'welcome', number: '+15005550006', notes: [] }));
      else connection.terminate();
    });
  });
  await once(server, 'listening');
});
afterEach(() => {
  socket?.close();
  random.mockRestore();
  for (const client of server.clients) client.terminate();
  server.close();
});

function open() {
  const manual = new ManualClock();
  const pauses: number[] = [];
  const clock: Clock = {
    ...{ now: manual.now, monotonic: manual.monotonic },
    after(ms, fn) {
      if (ms < FAR) pauses.push(ms);
      return manual.after(ms, fn);
    },
  };
  const stopped: string[] = [];
  let greetings = 0;
  const opened = new BackendSocket(
    { apiKey: 'pt_x', backendUrl: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` },
    () => ({ type: 'hello' }) as SdkHello,
    { greeted: () => greetings++, message: () => undefined, stopped: ({ message }) => stopped.push(message) },
    clock,
    { ...DEFAULT_SOCKET_TIMES, pingEveryMs: FAR, deadAfterMs: FAR },
  );
  socket = opened;
  opened.open();
  return {
    ...{ pauses, stopped },
    greeted: (count: number) => until(() => greetings === count, { withinMs: WITHIN_MS, what: 'the welcome' }),
    /** Waits for that many pauses, each of which is passed at once but the last. */
    async failures(count: number): Promise<number[]> {
      for (let seen = 1; seen <= count; seen++) {
        await until(() => pauses.length >= seen, { withinMs: WITHIN_MS, what: 'another pause' });
        if (seen < count) manual.pass(pauses[seen - 1] as number);
      }
      return pauses.splice(0);
    },
    passTime: (ms: number) => manual.pass(ms),
  };
}

const DOUBLED = [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000, 15_000];

test.each([
  ['at the soonest after half of a pause', 0, 0.5],
  ['at the latest after the whole of it', 1, 1],
])('pauses double from 0.2 s up to 15 s, and a program comes back %s', async (_, drawn, part) => {
  random.mockReturnValue(drawn);
  const { failures, greeted } = open();
  await greeted(1);
  welcomes = false;
  for (const client of server.clients) client.terminate();
  expect(await failures(DOUBLED.length)).toEqual(DOUBLED.map((ms) => ms * part));
});

test('each pause is drawn anew', async () => {
  const { failures, greeted } = open();
  await greeted(1);
  welcomes = false;
  for (const client of server.clients) client.terminate();
  const parts = (await failures(8)).map((ms, index) => ms / (DOUBLED[index] as number));
  for (const part of parts) expect(part >= 0.5 && part <= 1).toBe(true);
  expect(new Set(parts).size).toBe(parts.length);
});

test('who was welcomed again begins with the shortest pause', async () => {
  random.mockReturnValue(1);
  const { failures, greeted, passTime, stopped } = open();
  await greeted(1);
  welcomes = false;
  for (const client of server.clients) client.terminate();
  // More failures than a first connection may have: it has been there before.
  expect(await failures(6)).toEqual(DOUBLED.slice(0, 6));
  welcomes = true;
  passTime(6_400);
  await greeted(2);
  for (const client of server.clients) client.terminate();
  expect(await failures(1)).toEqual([200]);
  expect(stopped).toEqual([]);
});

test('a first connection that cannot be made is given up after four tries', async () => {
  random.mockReturnValue(1);
  welcomes = false;
  const { failures, passTime, pauses, stopped } = open();
  expect(await failures(3)).toEqual([200, 400, 800]);
  passTime(800);
  await until(() => stopped.length > 0, { withinMs: WITHIN_MS, what: 'the end' });
  expect(stopped).toEqual([expect.stringContaining('closed the connection')]);
  expect(pauses).toEqual([]);
});
