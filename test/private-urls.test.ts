/**
 * Every use of an address that users write, on a machine that allows no private ones (PATTER_ALLOW_PRIVATE_WEBHOOKS=false): a server of this machine is
 * never reached. Each is tried where they are allowed too, which shows that it would have been.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createActivities } from '../activities';
import { createRunWebhookTool } from '../activities/tools/run-webhook-tool';
import { type AgentSpec, agentSchema } from '../contracts/agent';
import { systemClock } from '../contracts/clock';
import { getCall } from '../control/calls/get-call';
import { agentOf } from '../media-gateway/engines/open-engine';
import type { Config } from '../runtime/config';
import { GuardedFetch, mayReachPrivate } from '../runtime/guarded-fetch';
import { CallbackDispatcher } from '../sdk/callbacks';
import { EventDesk } from '../sdk/cloud/event-desk';
import { callOf } from '../store/call-of';
import type { ContactRow } from '../store/store';
import { openTestActivities, type TestActivities } from './activities/context';
import { allowUnlessInUse, campaignWith, claimOne, done, intentFor, later, settlementFor } from './store/fixtures';

const AGENT = { engine: { type: 'openai-realtime' }, systemPrompt: 'x' };
let t: TestActivities;
let inside: Server;
let reached = 0;
let nextNumber = 5_550_100;

beforeAll(async () => {
  t = await openTestActivities({});
  inside = createServer((request, response) => {
    // One of these sends on to the other.
    const to = request.url?.startsWith('/to/') && decodeURIComponent(request.url.slice('/to/'.length));
    response.writeHead(to ? 307 : 200, { 'content-type': 'application/json', ...(to && { location: to }) }).end('{"text":"hello"}');
  });
  inside.on('connection', () => reached++);
  inside.listen(0, '127.0.0.1');
  await once(inside, 'listening');
}, 120_000);
afterAll(async () => {
  inside.closeAllConnections();
  inside.close();
  await t.close();
});

const port = () => (inside.address() as AddressInfo).port;
const url = (scheme = 'http') => `${scheme}://127.0.0.1:${port()}/`;

/** A call of its own, over already or not. */
async function call(spec: object, over = true): Promise<ContactRow> {
  const { store } = t.ctx;
  const contact = await claimOne(store, await campaignWith(store, [`+1212${nextNumber++}`], { agent: AGENT, ...spec }));
  await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
  if (over) await store.attempts.settle(settlementFor(contact), done(), later(1));
  return contact;
}

async function onMessage(config: Config, scheme: string): Promise<void> {
  const engine = { type: 'pipeline', onMessage: { url: url(scheme), timeoutMs: 3_000 } };
  const agent = agentSchema.parse({ ...AGENT, engine }) as AgentSpec;
  if (agent.engine.type !== 'pipeline') throw new Error('another engine');
  const setup = { callId: 'call_1', agent, variables: {} } as never;
  const answerer = agentOf(agent.engine, setup, { config, clock: systemClock, log: t.ctx.log } as never);
  const request = { requestId: 'r1', messages: [], instructions: undefined, tools: [], signal: new AbortController().signal };
  try {
    for await (const _ of answerer.answer(request as never)) void _;
  } finally {
    answerer.close();
  }
}

const tools = (webhookUrl: string) => ({ agent: { ...AGENT, tools: [{ name: 'book', webhookUrl, durable: true, timeoutMs: 3_000 }] } });
const wish = (contact: ContactRow) => ({ callId: callOf(contact), key: 'book.0123.1', name: 'book', arguments: '{}' });
const activities = (config: Config) => createActivities({ ...t.ctx, config });
const webhooks = () => ({ postCall: { webhooks: [{ url: url() }] } });

/** What counts as public stands for a host of the internet, and is this machine all the same: its answer leads inside. */
function aroundPublic(config: Config, host: string): GuardedFetch {
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
  const judging = new GuardedFetch({ allowPrivate: mayReachPrivate(config) }, resolve);
  const open = new GuardedFetch({ allowPrivate: true }, resolve);
  type Once = { once(url: URL, ...rest: unknown[]): Promise<unknown> };
  const judged = (judging as unknown as Once).once.bind(judging);
  (judging as unknown as Once).once = (to, ...rest) =>
    to.hostname === host ? (open as unknown as Once).once(to, ...rest) : judged(to, ...rest);
  return judging;
}

const uses: [string, (config: Config) => Promise<unknown>][] = [
  ['onMessage over HTTP', (config) => onMessage(config, 'http')],
  ['onMessage over a WebSocket', (config) => onMessage(config, 'ws')],
  [
    'a durable tool, asked by the worker',
    async (config) => {
      const contact = await call(tools(url()), false);
      return t.inActivity(() => activities(config).runWebhookTool(wish(contact)));
    },
  ],
  [
    'contact.ended',
    async (config) => {
      const campaign = await campaignWith(t.ctx.store, [`+1212${nextNumber++}`], webhooks());
      await t.ctx.store.contacts.closeRemaining(campaign.campaignId, 'expired', later(2));
      return t.inActivity(() => activities(config).deliverContactOutcomes({ campaignId: campaign.campaignId }));
    },
  ],
  [
    'call.ended',
    async (config) => {
      const contact = await call(webhooks());
      const { campaignId, contactId, tenantId } = contact;
      const input = { campaignId, contactId, tenantId, callId: callOf(contact), webhook: 0 };
      return t.inActivity(() => activities(config).deliverCallWebhook(input));
    },
  ],
  [
    'recording.ready',
    async (config) => {
      const contact = await call(webhooks());
      const [tenantId, callId] = [contact.tenantId, callOf(contact)];
      const track = { changes: [{ state: 'recording' as const, at: later(0).getTime() }] };
      await t.ctx.store.recordings.begin({ tenantId, callId, carrier: 'twilio', carrierCallId: 'CA1', track, now: later(0) });
      return t.inActivity(() => activities(config).deliverRecordingWebhook({ tenantId, callId, webhook: 0 } as never));
    },
  ],
  [
    'a callback of serve() that is a URL',
    async (config) => {
      const contact = await call({ agent: { ...AGENT, code: 'shop/desk' } });
      const dispatcher = new CallbackDispatcher({
        ...{ app: 'shop', store: t.ctx.store, log: t.ctx.log, persistRoot: null, allowPrivate: mayReachPrivate(config) },
        callbacksOf: () => ({ onCallEnd: url() }),
      });
      try {
        await dispatcher.finish({ tenantId: contact.tenantId, callId: callOf(contact) } as never);
      } finally {
        await dispatcher.stop();
      }
    },
  ],
  [
    'a callback of connect() that is a URL',
    async (config) => {
      const contact = await call({});
      const answered = new Promise((resolve) => {
        const desk = new EventDesk({
          callbacks: async () => ({ onCallEnd: url() }),
          agent: () => agentSchema.parse(AGENT),
          send: (message) => {
            resolve(message);
            return true;
          },
          ...{ webhookSecret: '', allowPrivate: mayReachPrivate(config), clock: systemClock },
        });
        void getCall(t.ctx as never, callOf(contact)).then((found) =>
          desk.event({ type: 'event', event: 'end', call: JSON.parse(JSON.stringify(found)) } as never),
        );
      });
      return answered;
    },
  ],
];

const withPrivate = (allow: boolean): Config => ({ ...t.ctx.config, PATTER_ALLOW_PRIVATE_WEBHOOKS: allow });

test.each(uses)('%s reaches no private address', async (_use, use) => {
  const warned = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
  reached = 0;
  await use(withPrivate(false)).catch(() => undefined);
  expect(reached).toBe(0);
  await use(withPrivate(true)).catch(() => undefined);
  expect(reached).toBeGreaterThan(0);
  warned.mockRestore();
});

test('a redirect of a tool’s webhook from outside to inside is not followed', async () => {
  const contact = await call(tools(`http://public.example:${port()}/to/${encodeURIComponent(url())}`), false);
  const ask = (allow: boolean) =>
    t.inActivity(() => createRunWebhookTool(t.ctx, aroundPublic(withPrivate(allow), 'public.example'))(wish(contact)));
  reached = 0;
  expect(await ask(false)).toMatchObject({ ok: false, output: expect.stringContaining('PATTER_URL_FORBIDDEN') });
  // The one outside.
  expect(reached).toBe(1);
  expect(await ask(true)).toEqual({ ok: true, output: '{"text":"hello"}' });
});
