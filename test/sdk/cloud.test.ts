/** Cloud mode against the lab: a backend, a worker and a gateway that have an account at OpenAI alone, and programs that bring theirs. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCarriers } from '../../carriers';
import { main as patterMain } from '../../cli/main';
import { type OpenControlContext, openControlContext } from '../../control/context';
import { createApiKey, revokeApiKey } from '../../control/keys/api-keys';
import { runControl } from '../../control/main';
import type { CallEntry, LedgerSnapshot } from '../../lab/ledger';
import { type RunningLab, runLab } from '../../lab/main';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { runGateway } from '../../media-gateway/main';
import { type Config, configSchema, loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import type { Running } from '../../runtime/running';
import { type CallEndEvent, type CallStartEvent, Patter, PatterConnectionError, PatterTool, type TranscriptEvent } from '../../sdk';
import { runWorker } from '../../worker/main';
import { workflowBundle } from '../../worker/workflow-bundle';
import { until } from '../chaos/until';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { startTestTemporal } from '../support/temporal';
import { testHome } from '../support/test-home';
import { cloudSnippets, SNIPPET_DESK, SNIPPET_PEOPLE, SNIPPET_PERSONAS } from './support/cloud-snippets';

const DESK = '+15005550006';
const WITHIN_MS = 60_000;
const log = createLogger('test', 'error');
const home = mkdtempSync(join(tmpdir(), 'patter-cloud-'));

let lab: RunningLab;
let database: TestDatabase;
let config: Config;
let ctx: OpenControlContext;
let control: Running;
let apiKey: string;
const running: Running[] = [];
const phones: Patter[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  lab = await runLab({
    baud: 1200,
    seed: 3,
    log,
    scenario: {
      numbers: [DESK, SNIPPET_DESK],
      network: { cps: 50 },
      personas: {
        ...SNIPPET_PERSONAS,
        asks: {
          kind: 'human',
          steps: [
            { hear: '/help you/', say: 'What are your opening hours please?' },
            { hear: '/eight to six/', say: 'Thank you, goodbye.' },
            { hear: '/bye|welcome|day/i', orAfterMs: 6_000, hangUp: true },
          ],
        },
        listens: {
          kind: 'human',
          steps: [
            { hear: '/reminder/', say: 'Thank you.' },
            { hear: '/bye/i', orAfterMs: 3_000, hangUp: true },
          ],
        },
        waits: { kind: 'human', patienceMs: 120_000, amd: { afterMs: 1_000, answeredBy: 'human' }, steps: [{ hear: '/reminder/' }] },
      },
      people: {
        ...SNIPPET_PEOPLE,
        '+12125550111': 'listens',
        '+12125550112': { kind: 'busy' },
        '+12125550113': 'waits',
        '+12125550114': 'listens',
      },
    },
  });
  database = await createTestDatabase();
  const temporal = await startTestTemporal();
  const url = lab.urls.lab as string;
  config = loadConfig(
    {
      PATTER_HOME: home,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      PATTER_TASK_QUEUE: temporal.taskQueue,
      PATTER_DATABASE_URL: database.url,
      PATTER_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      PATTER_SECRET_KEY: 'a-secret-of-all-processes',
      PATTER_WORKER_VERSIONING: 'off',
      PATTER_GATEWAY_PORT: '0',
      PATTER_CONTROL_PORT: '0',
      PATTER_LOG_LEVEL: 'error',
      TWILIO_BASE_URL: url,
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_API_KEY: 'lab-openai-key',
      DEEPGRAM_BASE_URL: `${url}/deepgram`,
      ELEVENLABS_BASE_URL: `${url}/elevenlabs`,
    },
    home,
  );
  await workflowBundle(testHome(), log);
  cpSync(join(testHome(), 'cache'), join(home, 'cache'), { recursive: true });
  control = await runControl(config, { backend: { carriersOf: createCarriers, sockets: { checkKeyEveryMs: 200 } } });
  running.push(control);
  config = { ...config, PATTER_CONTROL_URL: control.urls.api as string };
  running.push(await runWorker(config), await runGateway(config));
  ctx = await openControlContext(config, log);
  apiKey = (await createApiKey(ctx, { tenantId: 'acme' })).secret;
}, 180_000);

afterAll(async () => {
  for (const phone of phones) await phone.disconnect();
  for (const child of children) child.kill('SIGKILL');
  for (const one of running.reverse()) await one.stop();
  await ctx?.close();
  await lab?.stop();
  await database?.drop();
  rmSync(home, { recursive: true, force: true });
}, 60_000);

function patter(key = apiKey): Patter {
  const phone = new Patter({ apiKey: key, backendUrl: control.urls.api?.replace('http', 'ws') });
  phones.push(phone);
  return phone;
}

const accounts = {
  provider: 'twilio',
  providerKey: LAB_ACCOUNT.sid,
  providerSecret: LAB_ACCOUNT.authToken,
  number: DESK,
  stt: Patter.deepgram({ apiKey: 'lab-deepgram-key' }),
  tts: Patter.elevenlabs({ apiKey: 'lab-elevenlabs-key', voice: 'rachel' }),
} as const;

test('a connected program answers who calls; one that dies over a message loses it to another, and nothing is said twice', async () => {
  const asked: string[] = [];
  const started: CallStartEvent[] = [];
  const said: TranscriptEvent[] = [];
  const ended: CallEndEvent[] = [];
  const phone = patter();
  const connect = () =>
    phone.connect({
      ...accounts,
      onMessage: async (message) => {
        asked.push(`${message.caller} ${message.text}`);
        if (!message.text) return 'Acme, how can I help you?';
        return /hours/i.test(message.text) ? 'We are open from eight to six.' : 'You are welcome, goodbye.';
      },
      onCallStart: (event) => void started.push(event),
      onTranscript: (event) => void said.push(event),
      onCallEnd: (event) => void ended.push(event),
    });
  // Makes the number's line, with its accounts.
  await connect();
  await phone.disconnect();
  // Another one of the same number takes the call, greets, and dies over what the caller says.
  const victim = await dyingProgram();
  await connect();
  const call = await over(await dialIn('+12125550101', 'asks'));
  const heard = call.heard.map(({ text }) => text).join('');
  expect(heard).toContain('We are open from eight to six.');
  expect(heard.split('We are open from eight to six.')).toHaveLength(2);
  expect(call.errors).toEqual([]);
  expect(asked.filter((line) => /hours/i.test(line))).toHaveLength(1);
  expect(victim.asked).toEqual(['', expect.stringMatching(/hours/i)]);

  await until(() => ended.length > 0, { withinMs: WITHIN_MS, what: 'onCallEnd' });
  // What the victim was told and had not yet said so is told again, under its name.
  const once = <Event extends { deliveryId: string }>(events: Event[]) => [
    ...new Map(events.map((event) => [event.deliveryId, event])).values(),
  ];
  expect(once([...victim.started, ...started])).toEqual([
    expect.objectContaining({ caller: '+12125550101', callee: DESK, direction: 'inbound', call_id: ended[0]?.callId }),
  ]);
  expect(said.map(({ role }) => role)).toEqual(expect.arrayContaining(['user', 'assistant']));
  expect(once([...victim.said, ...said]).map(({ text }) => text)).toEqual(ended[0]?.transcript.map(({ text }) => text));
  expect(new Set(said.map(({ deliveryId }) => deliveryId)).size).toBe(said.length);
  expect(ended).toEqual([expect.objectContaining({ outcome: 'completed', direction: 'inbound' })]);
  expect((await ctx.store.lines.get('acme', DESK))?.spec.agent.engine).toMatchObject({ type: 'pipeline', tts: { provider: 'elevenlabs' } });
}, 180_000);

test('call() says its first message with the tenant’s own account, and its result is known here and elsewhere; busy is an outcome', async () => {
  const [phone] = phones as [Patter];
  const call = await phone.call({ to: '+12125550111', firstMessage: 'Hi, this is a reminder from Acme.', idempotencyKey: 'once' });
  expect((await phone.call({ to: '+12125550111', firstMessage: 'Hi, this is a reminder from Acme.', idempotencyKey: 'once' })).id).toBe(
    call.id,
  );
  const busy = await phone.call({ to: '+12125550112' });
  expect(await busy.result()).toMatchObject({ outcome: 'busy', duration: 0, transcript: [] });
  const result = await call.result();
  expect(result).toMatchObject({ call_id: call.id, outcome: 'completed' });
  expect(result.transcript.map(({ text }) => text).join(' ')).toContain('this is a reminder from Acme');
  expect(call.status).toBe('ended');
  expect(await patter().calls.get(call.id).result()).toEqual(result);
  const { secret } = await createApiKey(ctx, { tenantId: 'other' });
  await expect(patter(secret).calls.get(call.id).result()).rejects.toMatchObject({ code: 'PATTER_CALL_NOT_FOUND' });
}, 120_000);

test('who answered is told while the call goes on, which its program may end for that; metrics come with the turns', async () => {
  const [phone] = phones as [Patter];
  const seen: string[] = [];
  const costs: number[] = [];
  const call = await phone.call({
    to: '+12125550113',
    firstMessage: 'Hi, this is a reminder from Acme.',
    machineDetection: true,
    onCallStart: () => void seen.push('start'),
    // Nobody else ends this call.
    onMachineDetection: async ({ callId, isMachine, result }) => {
      seen.push(`${result} ${isMachine}`);
      if (costs.length > 0) await phone.calls.get(callId).hangup();
    },
    onMetrics: async ({ callId, costSoFar, turn }) => {
      expect(turn.latency).toMatchObject({ totalMs: expect.any(Number) });
      costs.push(costSoFar.total);
      if (seen.includes('human false')) await phone.calls.get(callId).hangup();
    },
    onCallEnd: ({ answeredBy, outcome }) => void seen.push(`${outcome} ${answeredBy}`),
  });
  const result = await call.result({ timeoutMs: WITHIN_MS });
  expect(result).toMatchObject({ outcome: 'completed', answeredBy: 'human' });
  await until(() => seen.length === 3, { withinMs: WITHIN_MS, what: 'onCallEnd' });
  expect(seen).toEqual(['start', 'human false', 'completed human']);
  expect(costs.length).toBeGreaterThan(0);
}, 120_000);

test('PatterTool and agents by name work at a backend too: the agent talks, and not the connected program', async () => {
  const phone = patter();
  const asked: string[] = [];
  await phone.connect({ onMessage: ({ text }) => void asked.push(text) });
  phone.agent({ agentId: 'reminder', systemPrompt: 'You remind people.', firstMessage: 'Hi, {name}, this is a reminder.' });
  const tool = new PatterTool({ phone, allow: ['+12125550111'], call: { machineDetection: false } });
  const call = await phone.call({ to: '+12125550114', agentId: 'reminder', variables: { name: 'Ada' }, machineDetection: false });
  const said = {
    to: '+12125550111',
    goal: 'Remind {them} of the appointment.',
    first_message: 'Hi, this is a reminder from your assistant.',
  };
  const told = await tool.run(said, { id: 'tool_1' });
  expect(told).toMatchObject({ outcome: 'completed', timed_out: false });
  expect(told.transcript.map(({ text }) => text).join(' ')).toMatch(/a reminder from your assistant.*Thank you/);
  // The same tool call is the same call.
  expect(await tool.run(said, { id: 'tool_1' })).toEqual(told);
  expect((await call.result()).transcript.map(({ text }) => text).join(' ')).toContain('Hi, Ada, this is a reminder.');
  expect(asked).toEqual([]);
  await phone.disconnect();
}, 120_000);

test('a campaign at the backend: the connected program talks, and it is steered, reported and told of like one of its own', async () => {
  const ended: CallEndEvent[] = [];
  const phone = patter();
  await phone.connect({
    onMessage: ({ text }) => (text ? 'Goodbye.' : 'Hi, this is a reminder from Acme.'),
    onCallEnd: (event) => void ended.push(event),
  });
  const people = ['+12125550111', '+12125550112'];
  async function* contacts() {
    for (const number of people) yield { phone: number, first_name: 'Ada' };
  }
  const campaign = phone.campaign({
    name: 'reminders',
    contacts: contacts(),
    window: { start: '00:00', end: '24:00' },
    retry: { maxAttempts: 1 },
    dialing: { cps: 0.01, machineDetection: false },
  });
  const { campaignId } = await campaign.start();
  const elsewhere = patter().campaigns.get('reminders');
  await elsewhere.pause('lunch');
  expect(await campaign.progress()).toMatchObject({ campaignId, state: 'paused', reason: 'lunch', contacts: { total: 2 } });
  await elsewhere.edit({ cps: 20 });
  await elsewhere.resume();
  const report = await campaign.result({ timeoutMs: WITHIN_MS });
  expect(report.results.map(({ outcome, phone: number }) => [number, outcome])).toEqual([
    ['+12125550111', 'completed'],
    ['+12125550112', 'busy'],
  ]);
  expect(JSON.stringify(report.results[0]?.calls)).toContain('a reminder from Acme');
  await expect(elsewhere.cancel()).rejects.toMatchObject({ code: 'PATTER_CAMPAIGN_STATE' });
  const told = () => people.every((number) => ended.some(({ callee, outcome }) => callee === number && outcome !== undefined));
  await until(told, { withinMs: WITHIN_MS, what: 'onCallEnd of both' });
  await phone.disconnect();
}, 120_000);

test('what happened while no program was connected is told to the next one', async () => {
  const [phone] = phones as [Patter];
  await phone.disconnect();
  const missed = await phone.call({ to: '+12125550112', customParams: { crm: '7734' } });
  expect(await missed.result()).toMatchObject({ outcome: 'busy' });
  const ended: CallEndEvent[] = [];
  const next = patter();
  await next.connect({ onMessage: () => 'Yes?', onCallEnd: (event) => void ended.push(event) });
  await until(() => ended.some(({ callId }) => callId === missed.id), { withinMs: WITHIN_MS, what: 'onCallEnd' });
  expect(ended.find(({ callId }) => callId === missed.id)).toMatchObject({ outcome: 'busy', custom_params: { crm: '7734' } });
  expect(new Set(ended.map(({ deliveryId }) => deliveryId)).size).toBe(ended.length);
  await next.disconnect();
}, 60_000);

test('what went wrong with a connection is told with what to do', async () => {
  await expect(patter(`pt_${randomBytes(32).toString('base64url')}`).connect({ onMessage: () => '' })).rejects.toMatchObject({
    code: 'PATTER_UNAUTHORIZED',
    message: expect.stringContaining('patter keys create'),
  });
  const nowhere = new Patter({ apiKey, backendUrl: 'ws://127.0.0.1:1' });
  const refused = nowhere.connect({ onMessage: () => '' });
  await expect(refused).rejects.toBeInstanceOf(PatterConnectionError);
  await expect(refused).rejects.toThrow('PATTER_BACKEND_URL');
  const { secret } = await createApiKey(ctx, { tenantId: 'other' });
  await expect(patter(secret).connect({ onMessage: () => '' })).rejects.toThrow('say which one is meant');
  await expect(patter(secret).connect({ onMessage: () => '', number: DESK })).rejects.toThrow('another tenant');
  await expect(patter(secret).call({ to: '+12125550111' })).rejects.toThrow('number');
  const { key, secret: revoked } = await createApiKey(ctx, { tenantId: 'acme' });
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  await patter(revoked).connect({ onMessage: () => '' });
  await revokeApiKey(ctx, key.keyId, 'acme');
  const told = () => warned.mock.calls.some(([text]) => String(text).includes('does not know this API key'));
  await until(told, { withinMs: 30_000, what: 'the revocation' });
  warned.mockRestore();
}, 60_000);

describe('the snippets', () => {
  cloudSnippets(() => ({ ctx, labUrl: lab.urls.lab as string, controlUrl: control.urls.api as string }));
});

test('patter keys, credentials and --tenant: a secret is shown once, a rotation leaves the old key unused, a mistyped tenant is none', async () => {
  const before = { ...process.env };
  const old = config.PATTER_ENCRYPTION_KEY as string;
  const fresh = randomBytes(32).toString('base64');
  for (const [name, value] of Object.entries(config))
    if (typeof value === 'string' && name in configSchema.shape) process.env[name] = value;
  try {
    const made = JSON.parse(
      await patterCommand('keys', 'create', '--tenant', 'shop', '--scopes', 'read, calls', '--number', '+15005550021', '--json'),
    );
    expect(made).toMatchObject({
      tenantId: 'shop',
      scopes: ['read', 'calls'],
      secret: expect.stringMatching(/^pt_/),
      number: '+15005550021',
    });
    const listed = await patterCommand('keys', 'list', '--tenant', 'shop');
    expect(listed).toContain(made.keyId);
    expect(listed).not.toContain(made.secret);
    await patterCommand('keys', 'revoke', made.prefix, '--tenant', 'shop');
    expect(JSON.parse(await patterCommand('keys', 'list', '--tenant', 'shop', '--json'))).toEqual([
      expect.objectContaining({ keyId: made.keyId, revokedAt: expect.any(String) }),
    ]);
    const phone = '+12125550130';
    expect(await patterCommand('dnc', 'add', phone, '--tenant', 'shop')).toContain('is on the list now');
    expect(JSON.parse(await patterCommand('dnc', 'check', phone, '--json'))).toEqual({ phone, listed: false });
    expect(await ctx.store.suppressions.check('shop', phone)).toMatchObject({ source: 'cli' });
    expect(JSON.parse(await patterCommand('numbers', 'list', '--tenant', 'acme', '--json'))).toEqual([
      expect.objectContaining({ number: DESK }),
    ]);
    const complained = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await patterMain(['campaign', 'list', '--tenant', 'shpo'])).toBe(1);
    expect(complained.mock.calls.join('')).toContain('There is no tenant shpo');
    complained.mockRestore();
    process.env.PATTER_ENCRYPTION_KEY = `${fresh},${old}`;
    expect(JSON.parse(await patterCommand('credentials', 'rotate', '--json'))).toEqual({ rotated: 6 });
    process.env.PATTER_ENCRYPTION_KEY = fresh;
    const accounts = JSON.parse(await patterCommand('credentials', 'list', '--tenant', 'acme', '--json'));
    expect(accounts.map(({ provider }: { provider: string }) => provider)).toEqual(['deepgram', 'elevenlabs', 'twilio']);
  } finally {
    process.env = before;
  }
}, 60_000);

/** @returns what it prints on stdout */
async function patterCommand(...argv: string[]): Promise<string> {
  let out = '';
  const written = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  try {
    expect(await patterMain(argv)).toBe(0);
  } finally {
    written.mockRestore();
  }
  return out;
}

interface Victim {
  asked: string[];
  /** What it has been told, perhaps without its having said so. */
  started: CallStartEvent[];
  said: TranscriptEvent[];
}

/** A program that greets, and is killed over the first thing that it is told. */
async function dyingProgram(): Promise<Victim> {
  const seen: Victim = { asked: [], started: [], said: [] };
  const root = join(__dirname, '..', '..');
  const env = { ...process.env, API_KEY: apiKey, BACKEND_URL: control.urls.api?.replace('http', 'ws'), NUMBER: DESK };
  const child = fork(join(root, 'scripts', 'run-ts.js'), [join(__dirname, 'cloud-child.ts')], { cwd: root, env });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the program ended with ${code} before it was connected`)));
    child.on('message', (message: { connected?: true; asked?: string; started?: CallStartEvent; said?: TranscriptEvent }) => {
      if (message.connected) resolve();
      if (message.started) seen.started.push(message.started);
      if (message.said) seen.said.push(message.said);
      if (message.asked === undefined) return;
      seen.asked.push(message.asked);
      if (message.asked !== '') child.kill('SIGKILL');
    });
  });
  return seen;
}

async function dialIn(from: string, persona: string): Promise<string> {
  const response = await fetch(`${lab.urls.lab}/lab/twilio/inbound`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from, to: DESK, persona }),
  });
  if (!response.ok) throw new Error(await response.text());
  return ((await response.json()) as { callSid: string }).callSid;
}

async function over(callSid: string): Promise<CallEntry> {
  return until(
    async () => {
      const { calls } = (await (await fetch(`${lab.urls.lab}/lab/ledger`)).json()) as LedgerSnapshot;
      const call = calls.find((entry) => entry.callSid === callSid);
      return call?.endedAt !== undefined && call;
    },
    { withinMs: WITHIN_MS, what: 'the end of the call', everyMs: 100 },
  );
}
