/** What the engine tells OpenAI of answers that the caller did not hear, with a vendor whose every message is the test's. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { agentSchema } from '../../contracts/agent';
import { systemClock } from '../../contracts/clock';
import type { EngineEvent } from '../../media-gateway/engines/engine';
import { OpenAiRealtime } from '../../media-gateway/engines/openai-realtime';

type Message = { type: string; [field: string]: unknown };

let server: WebSocketServer;
let engine: OpenAiRealtime;
afterEach(async () => {
  engine.close();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

/** @param answers what the vendor sends for a message of ours */
async function connected(answers: (message: Message) => Message[]) {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const received: Message[] = [];
  const events: EngineEvent[] = [];
  server.on('connection', (socket: WebSocket) => {
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Message;
      received.push(message);
      const answer = answers(message);
      const reply = message.type === 'session.update' && answer.length === 0 ? [{ type: 'session.updated' }] : answer;
      for (const each of reply) socket.send(JSON.stringify(each));
    });
  });
  const agent = agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'You are a test.' });
  if (agent.engine.type !== 'openai-realtime') throw new Error('another engine');
  const { port } = server.address() as AddressInfo;
  engine = new OpenAiRealtime({
    ...{ spec: agent.engine, instructions: '', language: 'en', tools: [], apiKey: 'sk', baseUrl: `http://127.0.0.1:${port}/v1` },
    ...{ clock: systemClock, log: pino({ level: 'silent' }) },
  });
  const heard = (kind: EngineEvent['kind']) =>
    new Promise<void>((resolve) => {
      engine.listen((event) => {
        events.push(event);
        if (event.kind === kind) resolve();
      });
    });
  return { received, events, heard };
}

/** Resolves when the vendor has all that was sent before. */
async function told(received: Message[]): Promise<void> {
  engine.addUserText('the last');
  while (!JSON.stringify(received.at(-1) ?? '').includes('the last')) await new Promise(setImmediate);
}

it('an answer that was cancelled before its first sound came is forgotten, and a tool that it asked for too late: nobody heard of either', async () => {
  const { received, events, heard } = await connected(({ type }) => {
    if (type === 'response.create') return [{ type: 'response.created', response: { id: 'r1' } }];
    if (type !== 'response.cancel') return [];
    // The vendor is ahead of what has come here.
    const delta = { response_id: 'r1', item_id: 'item_1', delta: Buffer.alloc(160).toString('base64') };
    const call = { type: 'function_call', id: 'item_2', call_id: 'call_1', name: 'book', arguments: '{}' };
    const message = { type: 'message', id: 'item_1', role: 'assistant', content: [{ type: 'output_audio', transcript: 'It is booked.' }] };
    return [
      { type: 'response.output_audio.delta', ...delta },
      { type: 'response.output_item.done', response_id: 'r1', item: call },
      { type: 'response.done', response: { id: 'r1', status: 'cancelled', output: [message, call] } },
    ];
  });
  const done = heard('response_done');
  engine.respond();
  while (!received.some(({ type }) => type === 'response.create')) await new Promise(setImmediate);
  engine.cancel();
  await done;
  await told(received);
  expect(events).toEqual([{ kind: 'response_done', status: 'cancelled', error: undefined }]);
  const deleted = received.filter(({ type }) => type === 'conversation.item.delete').map(({ item_id }) => item_id);
  expect(deleted).toEqual(['item_1', 'item_2']);
});

it('of a cancelled answer that was heard in part, and of a tool that runs, nothing is deleted', async () => {
  const call = { type: 'function_call', id: 'item_2', call_id: 'call_1', name: 'book', arguments: '{}' };
  const message = { type: 'message', id: 'item_1', role: 'assistant', content: [{ type: 'output_audio', transcript: 'It is booked.' }] };
  const { received, heard } = await connected(({ type }) => {
    if (type === 'response.create')
      return [
        { type: 'response.created', response: { id: 'r1' } },
        { type: 'response.output_audio.delta', response_id: 'r1', item_id: 'item_1', delta: Buffer.alloc(1_600).toString('base64') },
        { type: 'response.output_item.done', response_id: 'r1', item: call },
      ];
    return type === 'response.cancel'
      ? [{ type: 'response.done', response: { id: 'r1', status: 'cancelled', output: [message, call] } }]
      : [];
  });
  const tool = heard('tool_call');
  engine.respond();
  await tool;
  const done = heard('response_done');
  engine.cancel();
  engine.interrupt('item_1', 100);
  await done;
  await told(received);
  expect(received.filter(({ type }) => type === 'conversation.item.delete')).toEqual([]);
  expect(received).toContainEqual({ type: 'conversation.item.truncate', item_id: 'item_1', content_index: 0, audio_end_ms: 100 });
});

it('a session that is refused has failed at once, with the vendor’s reason, and not for want of an answer seconds later', async () => {
  const error = { type: 'invalid_request_error', code: 'invalid_value', message: "Invalid value: 'rachel'. Supported voices are …" };
  const { heard, events } = await connected(({ type }) => (type === 'session.update' ? [{ type: 'error', error }] : []));
  await heard('closed');
  expect(events).toEqual([{ kind: 'closed', error: expect.stringContaining("refused the session: Invalid value: 'rachel'") }]);
  await expect(engine.ready).rejects.toThrow(/rachel/);
});
