/** A process of its own: all callers, and the provider that answers them. Both ends are here, so that one clock tells the latency. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { Caller } from './caller';
import { Measures } from './measures';
import { RealtimeEnd } from './realtime-end';
import { TurnCall } from './turn-ends';

export interface CallToOpen {
  index: number;
  callSid: string;
  token: string;
}

export type Order =
  | {
      order: 'open';
      url: string;
      calls: CallToOpen[];
      perSecond: number /** The callers take turns, instead of talking without a pause. */;
      turns?: boolean;
    }
  | { order: 'start' }
  | { order: 'stop' }
  | { order: 'close' };

const TICK_MS = 4;
/** Decoding what comes back costs more than sending it. */
const SAMPLED_CALLS = 25;
const OPEN_WITHIN_MS = 60_000;

const sentAt = new Map<number, number>();
const answeredAt = new Map<number, number>();
let measures = new Measures();
let callers: Caller[] = [];
let turnCalls = new Map<number, TurnCall>();
const providers = new Set<RealtimeEnd>();

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  request.resume();
  // A second of silence for every fixed line; nothing else is known here.
  if (request.url?.endsWith('/audio/speech'))
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(Buffer.alloc(48_000));
  else response.writeHead(404, { 'content-type': 'application/json' }).end('{"code":20404,"message":"not here","status":404}');
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket) => {
  const provider = new RealtimeEnd(socket, {
    sampledCalls: SAMPLED_CALLS,
    sentAt,
    answeredAt,
    measures,
    turnsOf: (call) => turnCalls.get(call),
  });
  providers.add(provider);
  socket.on('close', () => providers.delete(provider));
});

setInterval(() => {
  const now = performance.now();
  for (const caller of callers) caller.tick(now);
  for (const provider of providers) provider.tick(now);
}, TICK_MS);

async function open({ url, calls, perSecond, turns = false }: Extract<Order, { order: 'open' }>): Promise<boolean> {
  measures = new Measures();
  sentAt.clear();
  answeredAt.clear();
  callers = [];
  turnCalls = new Map(turns ? calls.map(({ index }) => [index, new TurnCall(index, measures)]) : []);
  for (const call of calls) {
    callers.push(
      new Caller({ ...call, url, sampled: call.index < SAMPLED_CALLS, sentAt, answeredAt, measures, turns: turnCalls.get(call.index) }),
    );
    await new Promise((resolve) => setTimeout(resolve, 1_000 / perSecond));
  }
  const until = performance.now() + OPEN_WITHIN_MS;
  while (performance.now() < until && !callers.every((caller) => caller.heard)) await new Promise((resolve) => setTimeout(resolve, 100));
  return callers.every((caller) => caller.heard);
}

process.on('message', async (message: Order) => {
  switch (message.order) {
    case 'open':
      process.send?.({ done: 'open', value: await open(message) });
      return;
    case 'start':
      measures.start();
      process.send?.({ done: 'start' });
      return;
    case 'stop':
      process.send?.({ done: 'stop', value: measures.stop() });
      return;
    case 'close':
      for (const caller of callers) caller.hangUp();
      callers = [];
      process.send?.({ done: 'close' });
      return;
  }
});
process.on('disconnect', () => process.exit(0));

server.listen(0, '127.0.0.1', () => {
  process.send?.({ done: 'listening', value: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
