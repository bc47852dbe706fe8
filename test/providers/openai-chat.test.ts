import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../contracts/clock';
import { llmSchema } from '../../contracts/providers';
import type { ChatEntry } from '../../lab/openai/ledger-entry';
import type { ChatDelta, ChatMessage, ChatModel } from '../../providers/llm/chat';
import { openChatModel } from '../../providers/llm/open-chat';
import { OpenAiChat } from '../../providers/llm/openai-chat';
import { VendorLab } from './vendor-lab';

let lab: VendorLab;
beforeAll(async () => {
  lab = await VendorLab.start();
});
afterAll(() => lab.stop());
afterEach(() => lab.server.reset());

const spec = llmSchema.parse({ provider: 'openai' });
const model = () => openChatModel(spec, lab.deps());
const TOOLS = [
  { name: 'end_call', description: 'Ends the call.', parameters: { type: 'object', properties: { farewell: { type: 'string' } } } },
];
const CONVERSATION: ChatMessage[] = [
  { role: 'system', text: 'You call Ada about the appointment on Friday.' },
  { role: 'assistant', text: 'Is there anything else I can do for you?' },
  { role: 'user', text: 'No, thank you. Goodbye.' },
];

async function answer(chat: ChatModel, options: Partial<Parameters<ChatModel['answer']>[0]> = {}): Promise<ChatDelta[]> {
  const deltas: ChatDelta[] = [];
  const signal = new AbortController().signal;
  for await (const delta of chat.answer({ messages: CONVERSATION, tools: [], signal, ...options })) deltas.push(delta);
  return deltas;
}

const textOf = (deltas: readonly ChatDelta[]) => deltas.map((delta) => (delta.kind === 'text' ? delta.text : '')).join('');

it('streams words as they come, then what they cost', async () => {
  const deltas = await answer(model());
  expect(textOf(deltas)).toMatch(/Goodbye\.$/);
  expect(deltas.filter(({ kind }) => kind === 'text').length).toBeGreaterThan(2);
  const usage = deltas.at(-1);
  expect(usage).toMatchObject({ kind: 'usage', lines: [{ unit: 'input_text_token', item: 'gpt-4o-mini' }, { unit: 'output_text_token' }] });
});

it('puts the pieces of a tool call together, and takes its result back', async () => {
  const deltas = await answer(model(), { tools: TOOLS });
  const calls = deltas.filter((delta) => delta.kind === 'tool_call');
  expect(calls).toHaveLength(1);
  const [call] = calls;
  expect(JSON.parse(call?.arguments ?? '')).toEqual({ farewell: expect.stringContaining('Goodbye') });
  const id = call?.id ?? '';
  const after: ChatMessage[] = [
    ...CONVERSATION,
    { role: 'assistant', toolCalls: [{ id, name: 'end_call', arguments: call?.arguments ?? '' }] },
    { role: 'tool', toolCallId: id, text: '{"ok":true}' },
  ];
  expect(textOf(await answer(model(), { messages: after, tools: TOOLS }))).toBe('');
});

it('peer defect 10: a refusal is an error that says which, never an empty answer', async () => {
  for (const status of [429, 500]) {
    lab.fault({ kind: 'provider_error', event: 'chat', status });
    await expect(answer(model())).rejects.toMatchObject({
      code: 'PATTER_PROVIDER_FAILED',
      message: expect.stringContaining(String(status)),
    });
  }
});

it('a stream that breaks is an error, however much of it had come', async () => {
  lab.fault({ kind: 'provider_drop', event: 'chat', afterMs: 5 });
  await expect(answer(model())).rejects.toMatchObject({ code: 'PATTER_PROVIDER_FAILED' });
});

it('without a key says which variable to set', async () => {
  const deps = lab.deps({ config: { ...lab.config, OPENAI_API_KEY: undefined } });
  await expect(answer(openChatModel(spec, deps))).rejects.toMatchObject({
    code: 'PATTER_CREDENTIAL_MISSING',
    message: expect.stringContaining('OPENAI_API_KEY'),
  });
});

it('hangs up on the vendor when the answer is not wanted any more', async () => {
  const abort = new AbortController();
  const stream = model().answer({ messages: CONVERSATION, tools: [], signal: abort.signal });
  await expect(
    (async () => {
      for await (const _ of stream) abort.abort(new Error('interrupted'));
    })(),
  ).rejects.toThrow('interrupted');
  const entry = () => lab.notes<ChatEntry>('chat').at(-1);
  for (let i = 0; i < 200 && entry()?.status === 'open'; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(entry()?.status).toBe('aborted');
});

describe('a vendor that says nothing', () => {
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['does not even answer', false],
    ['falls silent in mid-answer', true],
  ])('%s: is given up', async (_, begins) => {
    server = createServer((_request, response) => {
      if (!begins) return;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'Well,' }, finish_reason: null }] })}\n\n`,
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const chat = new OpenAiChat({ spec, apiKey: 'sk', baseUrl, clock: systemClock, firstMs: 200, stallMs: 200 });
    await expect(answer(chat)).rejects.toMatchObject({ code: 'PATTER_PROVIDER_FAILED', message: expect.stringMatching(/200 ms/) });
  });
});
