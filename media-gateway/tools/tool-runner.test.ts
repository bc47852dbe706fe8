import pino from 'pino';
import { agentSchema } from '../../contracts/agent';
import type { CallSetup, ToolCallRecord } from '../../contracts/call';
import { systemClock } from '../../contracts/clock';
import { ArgumentSchemas } from '../../runtime/json-schema';
import type { CodeContext, ToolHandler } from '../agent-code';
import { ToolMemory } from './tool-memory';
import { ToolRunner, type ToolRunnerOptions } from './tool-runner';

const PARAMETERS = { type: 'object', properties: { day: { type: 'string' } }, required: ['day'] };

function runner(over: Partial<ToolRunnerOptions> & { tools?: object[] } = {}): ToolRunner {
  const { tools = [{ name: 'book', handler: true, parameters: PARAMETERS, timeoutMs: 200 }], ...rest } = over;
  const agent = agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'x', code: 'shop/desk', tools });
  const setup: CallSetup = {
    callId: 'call_1',
    campaignId: 'cmp_1',
    contactId: 'ct_1',
    tenantId: 'default',
    direction: 'outbound',
    carrier: 'twilio',
    to: '+15005550001',
    from: '+15005550006',
    agent,
    variables: { first_name: 'Ada' },
    voicemailMessage: '',
    machineDetection: false,
    canTransfer: false,
  };
  return new ToolRunner({
    setup,
    clock: systemClock,
    log: pino({ enabled: false }),
    fetch: { send: () => Promise.reject(new Error('nobody is asked here')) },
    schemas: new ArgumentSchemas(),
    builtIn: () => 'done',
    history: () => [{ role: 'user', text: 'Book it.', at: 1 }],
    ...rest,
  });
}

const book = (args: unknown, toolCallId = 'tc1') => ({
  toolCallId,
  name: 'book',
  arguments: typeof args === 'string' ? args : JSON.stringify(args),
});
const withHandler = (handler: ToolHandler) => runner({ code: { tools: { book: handler } } });

describe('a function of the process as a tool', () => {
  it('peer defect 3: is called with the arguments and the call, and the model is told what it returns', async () => {
    const seen: { args: unknown; context: CodeContext }[] = [];
    const tools = withHandler(async (args, context) => {
      seen.push({ args, context });
      return { booked: args.day };
    });
    expect(await tools.run(book({ day: 'Friday' }))).toEqual({ output: '{"booked":"Friday"}', ok: true });
    expect(seen).toMatchObject([
      {
        args: { day: 'Friday' },
        context: {
          callId: 'call_1',
          caller: '+15005550006',
          callee: '+15005550001',
          direction: 'outbound',
          variables: { first_name: 'Ada' },
          history: [{ role: 'user', text: 'Book it.' }],
          toolCallId: expect.stringMatching(/^book\..*\.1$/),
        },
      },
    ]);
    expect(tools.records).toMatchObject([
      { id: 'tc1', name: 'book', arguments: '{"day":"Friday"}', result: '{"booked":"Friday"}', ok: true },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['a string', 'It is booked.', 'It is booked.'],
    ['nothing', undefined, '{}'],
    ['a list', [1, 2], '[1,2]'],
    ['more than a model can use', 'x'.repeat(50_000), 'x'.repeat(32_000)],
  ])('may return %s', async (_what, value, output) => {
    expect(await withHandler(() => value).run(book({ day: 'Friday' }))).toEqual({ output, ok: true });
  });

  it.each<[string, ToolHandler, RegExp]>([
    ['throws', () => Promise.reject(new Error('the calendar is away')), /The tool book failed: the calendar is away"}$/],
    [
      'throws at once',
      () => {
        throw 'no';
      },
      /The tool book failed: no/,
    ],
    ['returns what JSON cannot hold', () => ({ big: 1n }), /The tool book failed: .*BigInt/],
    ['never returns', () => new Promise(() => undefined), /no answer within 200 ms/],
  ])('peer defect 3: one that %s is answered as a failure', async (_what, handler, told) => {
    const tools = withHandler(handler);
    const answer = await tools.run(book({ day: 'Friday' }));
    expect(answer).toMatchObject({ ok: false, output: expect.stringMatching(told) });
    expect(answer.output).not.toContain('tool-runner.test');
    expect(tools.records).toMatchObject([{ ok: false }]);
    expect(tools.busy).toBe(false);
  });

  it.each<[string, (tools: ToolRunner) => void]>([
    ['its deadline is over', () => undefined],
    ['the call ends', (tools) => tools.dispose()],
  ])('is told by its signal when %s', async (_when, end) => {
    let signal: AbortSignal | undefined;
    const tools = withHandler((_args, context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    });
    const answered = tools.run(book({ day: 'Friday' }));
    await Promise.resolve();
    end(tools);
    expect(await answered).toMatchObject({ ok: false });
    expect(signal?.aborted).toBe(true);
  });

  it('that this process does not have is answered as a failure', async () => {
    expect(await runner().run(book({ day: 'Friday' }))).toEqual({ ok: false, output: '{"error":"The tool book is not available."}' });
  });
});

describe('arguments that do not fit', () => {
  it.each<[string, string, RegExp]>([
    ['its schema', '{"day":5}', /The arguments are wrong: day must be string\. Nothing was done/],
    ['JSON', '{"day":', /not JSON/],
    ['an object', '["Friday"]', /not a JSON object/],
  ])('%s are told to the model, and nothing is called', async (_what, args, told) => {
    let called = 0;
    const answer = await withHandler(() => ++called).run(book(args));
    expect(answer).toMatchObject({ ok: false, output: expect.stringMatching(told) });
    expect(called).toBe(0);
  });

  it('keep a webhook from being asked', async () => {
    const asked: unknown[] = [];
    const tools = runner({
      tools: [{ name: 'book', webhookUrl: 'https://api.example.com/book', parameters: PARAMETERS }],
      fetch: {
        send: async (request) => {
          asked.push(request);
          return { status: 200, headers: {}, text: '{}', truncated: false };
        },
      },
    });
    expect(await tools.run(book({}))).toMatchObject({ ok: false, output: expect.stringContaining("'day'") });
    expect(asked).toEqual([]);
    expect(await tools.run(book({ day: 'Friday' }))).toMatchObject({ ok: true });
    expect(asked).toHaveLength(1);
  });
});

describe('a durable tool', () => {
  const tools = [{ name: 'book', webhookUrl: 'https://api.example.com/book', durable: true, parameters: PARAMETERS }];
  const answer = { output: '{"booked":true}', ok: true };

  it('is asked of the workflow with a key that the next gateway would use too', async () => {
    const keys: string[] = [];
    const durable: ToolRunnerOptions['durable'] = async ({ key }) => {
      keys.push(key);
      return answer;
    };
    const first = runner({ tools, durable });
    expect(await first.run(book({ day: 'Friday' }))).toEqual(answer);
    await runner({ tools, durable }).run(book({ day: 'Friday' }, 'another id'));
    expect(new Set(keys).size).toBe(1);
    expect(first.records).toMatchObject([{ id: keys[0], name: 'book', ok: true }]);
    await first.run(book({ day: 'Friday' }, 'tc2'));
    expect(new Set(keys).size).toBe(2);
  });

  it('that was under way on a dead gateway gives this one its answer, once', async () => {
    const keys: string[] = [];
    const durable: ToolRunnerOptions['durable'] = async ({ key }) => {
      keys.push(key);
      return answer;
    };
    const open = { key: new ToolMemory([], []).keyOf('book', '{"day":"Friday"}'), name: 'book', arguments: '{"day":"Friday"}' };
    const alone = runner({ tools, durable });
    expect(await alone.goOn(open)).toEqual(answer);
    expect(alone.records).toHaveLength(1);
    // The model asks for the same while the answer is awaited: it is told by its own call, and not a second time.
    const both = runner({ tools, durable });
    const [goneOn, asked] = await Promise.all([both.goOn(open), both.run(book({ day: 'Friday' }))]);
    expect([goneOn, asked]).toEqual([undefined, answer]);
    expect(both.records).toHaveLength(1);
    expect(new Set(keys)).toEqual(new Set([open.key]));
  });

  it('whose answer a dead gateway did not pass on is not asked for again', async () => {
    const told: ToolCallRecord = {
      id: 'k',
      name: 'book',
      arguments: '{"day":"Friday"}',
      result: answer.output,
      ok: true,
      durationMs: 3_000,
      at: 10_000,
    };
    // A filler was spoken while it ran: the caller has heard of no answer.
    const memory = new ToolMemory([told], [{ role: 'assistant', text: 'One moment.', at: 11_000 }]);
    const tools_ = runner({ tools, memory, durable: () => Promise.reject(new Error('asked again')) });
    expect(await tools_.run(book({ day: 'Friday' }))).toEqual(answer);
    // One wish, and one record: the earlier gateway's.
    expect(tools_.records).toEqual([]);
  });

  it('bug: a model that asked once more after the deadline had a second booking made', async () => {
    const keys: string[] = [];
    const late: ToolRunnerOptions['durable'] = ({ key }) => {
      keys.push(key);
      return keys.length === 1 ? Promise.reject(new Error('no answer within 200 ms')) : Promise.resolve(answer);
    };
    const asked = runner({ tools, durable: late });
    expect(await asked.run(book({ day: 'Friday' }))).toMatchObject({ ok: false });
    expect(await asked.run(book({ day: 'Friday' }, 'tc2'))).toEqual(answer);
    expect(keys[1]).toBe(keys[0]);
    expect(asked.records).toMatchObject([{ id: keys[0], ok: true }]);
    await asked.run(book({ day: 'Friday' }, 'tc3'));
    expect(keys[2]).not.toBe(keys[0]);
  });

  it('that has no answer in time is not called failed: it may still happen', async () => {
    const durable = () => Promise.reject(new Error('no answer within 200 ms'));
    expect(await runner({ tools, durable }).run(book({ day: 'Friday' }))).toMatchObject({
      ok: false,
      output: expect.stringMatching(/no answer within 200 ms.*may still be carried out: do not call it again/),
    });
  });
});
