import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { agentSchema } from '../../../../contracts/agent';
import { systemClock } from '../../../../contracts/clock';
import { GuardedFetch } from '../../../../runtime/guarded-fetch';
import { SocketAgent } from './socket-agent';

let server: WebSocketServer;
let agent: SocketAgent;
afterEach(async () => {
  agent.close();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

/** @param on what the developer's server does with a message, on the how-manieth socket */
async function asked(on: (message: { id: string }, socket: WebSocket, number: number) => void) {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const sockets: WebSocket[] = [];
  server.on('connection', (socket: WebSocket) => {
    const number = sockets.push(socket);
    socket.on('message', (data) => {
      const { data: json } = JSON.parse(String(data)) as { data: string };
      on(JSON.parse(json) as { id: string }, socket, number);
    });
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const setup = { callId: 'call_1', agent: agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'x' }), variables: {} };
  agent = new SocketAgent({ url, timeoutMs: 5_000 }, setup as never, {
    fetch: new GuardedFetch({ allowPrivate: true }),
    clock: systemClock,
  });
  const answer = async (requestId: string) => {
    let text = '';
    const request = { requestId, messages: [], instructions: undefined, tools: [], signal: new AbortController().signal };
    for await (const delta of agent.answer(request)) if (delta.kind === 'text') text += delta.text;
    return text;
  };
  return { answer, sockets };
}

it('a socket that closes late, after its failure was told, takes nothing of the next one with it', async () => {
  const { answer, sockets } = await asked(({ id }, socket, number) => {
    if (number === 1) {
      socket.send('x'.repeat(300_000));
      // Our end of it goes through its closing for a while.
      socket.pause();
      return;
    }
    const reply = () => socket.send(JSON.stringify({ type: 'message', id, text: 'Here I am.' }));
    if (sockets[0]?.readyState === socket.CLOSED) return reply();
    sockets[0]?.once('close', () => setTimeout(reply, 20));
    sockets[0]?.terminate();
  });
  await expect(answer('1')).rejects.toThrow(/onMessage at/);
  await expect(answer('2')).resolves.toBe('Here I am.');
  await expect(answer('3')).resolves.toBe('Here I am.');
  expect(sockets).toHaveLength(2);
  agent.close();
  await Promise.all(sockets.map((socket) => socket.readyState === socket.CLOSED || once(socket, 'close')));
});
