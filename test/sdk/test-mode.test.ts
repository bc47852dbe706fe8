import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Webhook } from 'standardwebhooks';
import { Agent } from '../../sdk/agent/agent';
import { runTestMode } from '../../sdk/test-mode';
import { type HttpReceiver, startReceiver } from '../activities/http-receiver';

interface Ran {
  output: string;
  /** What the callbacks were told. */
  events: Record<string, unknown>[];
  code: number | null;
}

/** Types all lines at once into a pipe, as a script would. */
async function run(lines: string[], env: Record<string, string>): Promise<Ran> {
  const child = spawn(process.execPath, [join(__dirname, '../../scripts/run-ts.js'), join(__dirname, 'test-mode-child.ts')], {
    env: { ...process.env, PATTER_LOG_LEVEL: 'silent', ...env },
  });
  let output = '';
  let events = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    events += chunk;
  });
  child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  const [code] = (await once(child, 'close')) as [number | null];
  return { output, code, events: events.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : [])) };
}

test('a piped session with onMessage: commands, guardrails, callbacks, and the end of the call', async () => {
  const { output, events, code } = await run(['hello', 'sue', '/nothing', '/history', 'bye', 'too late'], { MODE: 'function' });
  expect(code).toBe(0);
  expect(output.split('\n').filter((line) => line.startsWith('Agent:'))).toEqual([
    'Agent: This is an automated call from an AI assistant.',
    'Agent: Hello Ann!',
    'Agent: You said hello after 2 turns.',
    'Agent: I cannot talk about that.',
    'Agent: You said bye after 6 turns.',
  ]);
  expect(output).toContain('There is no command /nothing.');
  expect(output).toMatch(/ {2}\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ user: hello\n/);
  expect(output).not.toContain('You: ');
  expect(events).toMatchObject([
    { direction: 'inbound', callee: '+15550009999', call_id: expect.stringMatching(/^test_/) },
    { outcome: 'completed', transcript: { length: 8 }, metrics: { turns: { length: 5 }, cost: { total: 0 } } },
  ]);
}, 30_000);

test('the model answers with its tools where there is no onMessage, /transfer ends the call, and an empty pipe hangs up', async () => {
  const chunk = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const openai: HttpReceiver = await startReceiver(({ body }) => {
    const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] };
    const answered = messages.at(-1)?.role === 'tool';
    const stream = answered
      ? chunk({ role: 'assistant', content: `Done: ${messages.at(-1)?.content}` }) + chunk({}, 'stop')
      : chunk({
          role: 'assistant',
          tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'book', arguments: '{}' } }],
        }) + chunk({}, 'tool_calls');
    return { status: 200, raw: `${stream}data: [DONE]\n\n`, headers: { 'content-type': 'text/event-stream' } };
  });
  try {
    const env = { OPENAI_BASE_URL: `${openai.url}/v1` };
    const { output, events, code } = await run(['a table please', '/transfer 5', '/transfer +15550001111'], env);
    expect(code).toBe(0);
    expect(output).toContain('[book({}) → {"table":7}]');
    expect(output).toContain('Agent: Done: {"table":7}');
    expect(output).toContain('Whom to?');
    expect(events.at(-1)).toMatchObject({ outcome: 'transferred' });
    const first = JSON.parse(openai.requests[0]?.body ?? '{}') as { messages: { content: string }[] };
    expect(first.messages[0]?.content).toContain('You book tables for Ann.');
    expect((await run([], env)).events.at(-1)).toMatchObject({ outcome: 'completed', transcript: { length: 2 } });
  } finally {
    await openai.close();
  }
}, 30_000);

test('callbacks that are URLs get signed POSTs here too', async () => {
  const secret = `whsec_${Buffer.alloc(24, 4).toString('base64')}`;
  const receiver = await startReceiver(() => ({ status: 200 }));
  const before = process.env.PATTER_ALLOW_PRIVATE_WEBHOOKS;
  process.env.PATTER_ALLOW_PRIVATE_WEBHOOKS = 'true';
  try {
    const input = new PassThrough();
    input.end('/hangup\n');
    const agent = new Agent({ systemPrompt: 'You book tables.' });
    const config = { openaiKey: 'sk-lab', phoneNumber: '+15550009999', webhookSecret: secret };
    await runTestMode({ agent, onMessage: undefined, onCallStart: receiver.url, onCallEnd: receiver.url }, config, {
      input,
      output: new PassThrough().resume(),
    });
  } finally {
    if (before === undefined) delete process.env.PATTER_ALLOW_PRIVATE_WEBHOOKS;
    else process.env.PATTER_ALLOW_PRIVATE_WEBHOOKS = before;
    await receiver.close();
  }
  const verified = receiver.requests.map(({ body, headers }) => new Webhook(secret).verify(body, headers as Record<string, string>));
  expect(verified).toEqual([expect.objectContaining({ type: 'call.started' }), expect.objectContaining({ type: 'call.ended' })]);
});
