/** A developer's tool that acts once per idempotency key, and can be told to think for a while. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../contracts/clock';

export interface ToolRequest {
  key: string;
  callId: string;
  at: number;
}

export interface ToolReceiver {
  readonly url: string;
  readonly requests: readonly ToolRequest[];
  /** How long it takes to answer, for calls of one contact or all. */
  thinkMs: number;
  /** What a receiver that goes by the key has done for a call: distinct keys. */
  actionsOf(callId: string): string[];
  stop(): Promise<void>;
}

export async function startToolReceiver(): Promise<ToolReceiver> {
  const requests: ToolRequest[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await bodyOf(request)) as { callId: string };
    requests.push({ key: String(request.headers['idempotency-key']), callId: body.callId, at: systemClock.now() });
    const answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
    if (receiver.thinkMs > 0) waiting.add(systemClock.after(receiver.thinkMs, answer));
    else answer();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: ToolReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/confirm`,
    requests,
    thinkMs: 0,
    actionsOf: (callId) => [...new Set(requests.filter((request) => request.callId === callId).map((request) => request.key))],
    stop() {
      for (const cancel of waiting) cancel();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return receiver;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
