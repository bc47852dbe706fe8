/** Durable tools as activities: of the worker (webhooks) and of the developer's process (functions). */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import type { RunHandlerInput } from '../../contracts/durable-tool';
import type { CodeContext } from '../../media-gateway/agent-code';
import { createAppToolActivities } from '../../media-gateway/tools/tool-activities';
import { callOf } from '../../store/call-of';
import { allowUnlessInUse, campaignWith, claimOne, intentFor } from '../store/fixtures';
import { openTestActivities, type TestActivities } from './context';
import { type HttpReceiver, startReceiver } from './http-receiver';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`;

describe('a webhook', () => {
  let t: TestActivities;
  let receiver: HttpReceiver;
  let statuses: number[] = [];
  let callId: string;
  beforeAll(async () => {
    receiver = await startReceiver(() => ({ status: statuses.shift() ?? 200, body: { booked: true } }));
    t = await openTestActivities({});
    const tools = [{ name: 'book', webhookUrl: receiver.url, secret: SECRET, durable: true }];
    const agent = { engine: { type: 'openai-realtime' }, systemPrompt: 'x', tools };
    const contact = await claimOne(t.ctx.store, await campaignWith(t.ctx.store, ['+12125550177'], { agent }));
    callId = callOf(contact);
    await t.ctx.store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
  });
  afterAll(async () => {
    await t.close();
    await receiver.close();
  });
  beforeEach(() => {
    receiver.requests.length = 0;
  });

  const wish = (over: object = {}) => ({ callId, key: 'book.0123.1', name: 'book', arguments: '{"day":"Friday"}', ...over });
  const run = (over: object = {}, env?: MockActivityEnvironment) => t.inActivity(() => t.activities.runWebhookTool(wish(over)), env);

  it('is asked where and by the secret that the campaign names, with the wish’s key at every run', async () => {
    statuses = [503];
    expect(await run()).toEqual({ output: '{"booked":true}', ok: true });
    await run();
    expect(receiver.requests).toHaveLength(3);
    for (const { headers, body } of receiver.requests) {
      expect(headers['idempotency-key']).toBe(`${callId}.book.0123.1`);
      expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toMatchObject({
        tool: 'book',
        arguments: { day: 'Friday' },
        callId,
      });
    }
  });

  it('that refuses has answered; a tool that the campaign does not have is none', async () => {
    statuses = [422];
    expect(await run()).toMatchObject({ ok: false, output: expect.stringContaining('HTTP 422') });
    expect(await run({ name: 'pay' })).toMatchObject({ ok: false, output: expect.stringContaining('no tool named pay') });
    expect(receiver.requests).toHaveLength(1);
  });

  it('bug: a worker that shut down would have told a request of unknown fate as the tool’s failure', async () => {
    const env = new MockActivityEnvironment();
    const ran = run({}, env);
    env.cancel('WORKER_SHUTDOWN');
    await expect(ran).rejects.toThrow();
  });
});

describe('a function of the developer’s process', () => {
  const log = pino({ level: 'silent' });
  const input: RunHandlerInput = {
    callId: 'call_1',
    code: 'shop/desk',
    key: 'book.0123.1',
    name: 'book',
    arguments: '{"day":"Friday"}',
    timeoutMs: 5_000,
    caller: '+15005550006',
    callee: '+15005550001',
    direction: 'outbound',
    variables: {},
    history: [],
  };
  const run = (code: Parameters<typeof createAppToolActivities>[0], over: Partial<RunHandlerInput> = {}) =>
    new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(() =>
      createAppToolActivities(code, { log }).runTool({ ...input, ...over }),
    );

  it('is called with the arguments, and the wish’s key as its id', async () => {
    const seen: [unknown, Partial<CodeContext>][] = [];
    const book = (args: unknown, context: CodeContext) => {
      seen.push([args, context]);
      return { room: 12 };
    };
    expect(await run((code) => (code === 'shop/desk' ? { tools: { book } } : undefined))).toEqual({ output: '{"room":12}', ok: true });
    expect(seen).toMatchObject([[{ day: 'Friday' }, { callId: 'call_1', toolCallId: input.key, caller: '+15005550006' }]]);
  });

  it('that throws has answered; one that is missing is a failure for the model', async () => {
    const book = () => Promise.reject(new Error('full'));
    expect(await run(() => ({ tools: { book } }))).toMatchObject({ ok: false, output: expect.stringContaining('full') });
    expect(await run(() => ({}))).toEqual({ ok: false, output: '{"error":"The tool book is not available."}' });
  });

  it('whose agent this process does not know yet is left to another one', async () => {
    await expect(run(() => undefined)).rejects.toThrow('no agent shop/desk');
  });
});
