/** Orders to a call at a backend that is away, refuses, or has taken an order whose answer got lost. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../contracts/clock';
import { ManualClock } from '../../test/support/manual-clock';
import { CloudCall } from './cloud-call';
import { RestClient } from './rest';
import { agentFor } from './snapshot-facts';

interface Asked {
  path: string;
  body: { orderId: string; [field: string]: unknown };
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** @param answer undefined: it breaks off, after it has read the order */
async function backend(answer: (asked: Asked, index: number) => { status: number; code?: string } | undefined) {
  const asked: Asked[] = [];
  const pauses: number[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ path: request.url ?? '', body: JSON.parse(body) });
    const told = answer(asked.at(-1) as Asked, asked.length - 1);
    if (told)
      response.writeHead(told.status, { 'content-type': 'application/json' }).end(JSON.stringify({ code: told.code, message: 'no' }));
    else request.socket.destroy();
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Time passes as fast as it is waited for.
  const manual = new ManualClock();
  const clock: Clock = {
    ...{ now: manual.now, monotonic: manual.monotonic },
    after(ms, fn) {
      pauses.push(ms);
      const soon = setImmediate(fn);
      return () => clearImmediate(soon);
    },
  };
  const rest = new RestClient({ apiKey: 'pt_x', restUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, clock);
  const call = new CloudCall('call_1', { rest, agent: () => agentFor(undefined), signal: () => new AbortController().signal, clock });
  return { asked, call, pauses };
}

const ok = { status: 200 };

test('each order says what it is and has an id of its own', async () => {
  const { asked, call, pauses } = await backend(() => ok);
  await call.say('One moment.');
  await call.transfer('+12125550199');
  await call.hangup();
  expect(asked).toEqual([
    { path: '/api/calls/call_1/say', body: { text: 'One moment.', orderId: expect.any(String) } },
    { path: '/api/calls/call_1/transfer', body: { number: '+12125550199', orderId: expect.any(String) } },
    { path: '/api/calls/call_1/hangup', body: { orderId: expect.any(String) } },
  ]);
  expect(new Set(asked.map(({ body }) => body.orderId)).size).toBe(3);
  expect(pauses).toEqual([]);
});

test('an order whose answer got lost is repeated under its id, so that it is carried out once; longer and longer apart, four times in all', async () => {
  const passing = await backend((_, index) => (index === 0 ? undefined : index === 1 ? { status: 503 } : ok));
  await passing.call.say('Hello.');
  expect(passing.asked).toHaveLength(3);
  expect(new Set(passing.asked.map(({ body }) => body.orderId)).size).toBe(1);
  const gone = await backend(() => ({ status: 503 }));
  await expect(gone.call.transfer('+12125550199')).rejects.toMatchObject({ name: 'PatterConnectionError' });
  expect(gone.asked).toHaveLength(4);
  expect(new Set(gone.asked.map(({ body }) => body.orderId)).size).toBe(1);
  expect(gone.pauses).toEqual([500, 1_000, 1_500]);
});

test('what the backend refuses is not repeated; hanging up what has ended is no error, anything else of it is', async () => {
  const { asked, call } = await backend(() => ({ status: 409, code: 'PATTER_CALL_ENDED' }));
  await call.hangup();
  await expect(call.say('Hello.')).rejects.toMatchObject({ code: 'PATTER_CALL_ENDED' });
  await expect(call.transfer('+12125550199')).rejects.toMatchObject({ code: 'PATTER_CALL_ENDED' });
  expect(asked).toHaveLength(3);
  const unknown = await backend(() => ({ status: 404, code: 'PATTER_CALL_NOT_FOUND' }));
  await expect(unknown.call.hangup()).rejects.toMatchObject({ code: 'PATTER_CALL_NOT_FOUND' });
});

test('an order that cannot be is refused before anybody is asked', async () => {
  const { asked, call } = await backend(() => ok);
  await expect(call.transfer('sales')).rejects.toMatchObject({ details: { option: 'number' } });
  await expect(call.say('')).rejects.toMatchObject({ details: { option: 'text' } });
  expect(asked).toEqual([]);
});
