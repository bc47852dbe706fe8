/**
 * The shapes of PatterTool against what takes them. OpenAI's by its own package; the Vercel AI SDK (5.0.277, `generateText()`) and LangChain
 * (@langchain/core 1.4.0, types of `bindTools()` and `convertToOpenAITool()`) are no dependencies and were tried by hand.
 */
import OpenAI from 'openai';
import type { ChatCompletionTool } from 'openai/resources/chat/completions';
import type { FunctionTool } from 'openai/resources/responses/responses';
import { type CallHandle, PatterTool } from '../../sdk';

const RESULT = { callId: 'call_1', outcome: 'completed', answeredBy: 'human', duration: 3, transcript: [] };

test('peer defect 19: the tool goes to OpenAI’s client as it is, and the tool call that comes back is one that run() takes', async () => {
  const call = jest.fn(async () => ({ hangup: async () => undefined, result: async () => RESULT }) as unknown as CallHandle);
  const tool = new PatterTool({ phone: { call }, name: 'ring' });
  const tools = [tool.openai() satisfies ChatCompletionTool];
  const sent: unknown[] = [];
  const client = new OpenAI({
    apiKey: 'sk-of-a-test',
    fetch: async (_, init) => {
      sent.push(JSON.parse(String(init?.body)));
      const asked = { name: 'ring', arguments: '{"to":"+15550001111","goal":"Ask."}' };
      const message = { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: asked }] };
      return Response.json({
        id: 'c',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, finish_reason: 'tool_calls', message }],
      });
    },
  });
  const { choices } = await client.chat.completions.create({
    ...{ model: 'm', messages: [{ role: 'user', content: 'Ring them.' }], tools },
  });
  expect(sent).toEqual([expect.objectContaining({ tools })]);
  const [asked] = choices[0]?.message.tool_calls ?? [];
  if (asked?.type !== 'function') throw new Error('no tool call');
  expect(await tool.run(asked.function.arguments, { id: asked.id })).toMatchObject({ outcome: 'completed', timed_out: false });
  expect(call).toHaveBeenCalledWith(expect.objectContaining({ to: '+15550001111', idempotencyKey: 'tool/call_1' }));
});

test('a tool of the responses API is one by the types of OpenAI’s package', () => {
  const tool = new PatterTool({ phone: { call: jest.fn() }, name: 'ring', description: 'Rings.' });
  const responses = tool.openaiResponses() satisfies FunctionTool;
  expect(responses).toEqual({ type: 'function', name: 'ring', description: 'Rings.', parameters: tool.parameters, strict: false });
});
