/** Local mode against the lab: all of Patter in this process, on servers that it starts itself. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { Webhook } from 'standardwebhooks';
import { callWorkflowId } from '../../contracts/call-id';
import type { CallEntry, LedgerSnapshot } from '../../lab/ledger';
import { type RunningLab, runLab } from '../../lab/main';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { loadConfig } from '../../runtime/config';
import { freePort } from '../../runtime/free-port';
import { homePaths } from '../../runtime/home';
import { localPostgresIsAlive, removeLocalPostgres } from '../../runtime/local-postgres';
import { type LocalServers, openLocalServers } from '../../runtime/local-servers';
import { findLocalTemporal, stopLocalTemporal } from '../../runtime/local-temporal';
import { createLogger } from '../../runtime/log';
import { listProcessStates } from '../../runtime/process-files';
import { currentProcess, isAlive } from '../../runtime/process-identity';
import { type CallEndEvent, type CallStartEvent, EmbeddedServer, OpenAITTS, Patter, Twilio, WhisperSTT } from '../../sdk';
import { workflowBundle } from '../../worker/workflow-bundle';
import { type HttpReceiver, startReceiver } from '../activities/http-receiver';
import { until } from '../chaos/until';
import { testHome } from '../support/test-home';

const DESK = '+15005550006';
const AI = 'This is an AI.';
const WITHIN_MS = 60_000;
const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const log = createLogger('test', 'error');
// By this name and its owner the next run finds what a killed one leaves.
const home = mkdtempSync(join(tmpdir(), 'patter-test-sdk-'));
const before = { ...process.env };
const children: ChildProcess[] = [];

let lab: RunningLab;
let port: number;

beforeAll(async () => {
  writeFileSync(join(home, 'owner.json'), JSON.stringify(currentProcess()));
  lab = await runLab({
    baud: 1200,
    seed: 3,
    log,
    scenario: {
      numbers: [DESK, '+15005550007', '+15005550008'],
      network: { cps: 50, onAbnormalClose: 'hold' },
      personas: {
        asks: {
          kind: 'human',
          steps: [
            { hear: '/help you/', say: 'Opening hours?' },
            { hear: '/eight to six/', hangUp: true },
          ],
        },
        waits: {
          kind: 'human',
          patienceMs: 60_000,
          steps: [
            { hear: '/I am back/', say: 'Opening hours?' },
            { hear: '/eight to six/', hangUp: true },
          ],
        },
        held: { kind: 'human', patienceMs: 60_000, steps: [{ hear: '/never said/', hangUp: true }] },
        sales: { kind: 'human', steps: [{ waitMs: 1_000, hangUp: true }] },
        books: {
          kind: 'human',
          steps: [
            { hear: '/shall I/', say: 'Book it.' },
            { hear: '/booked/', hangUp: true },
          ],
        },
      },
      people: {
        ...{ '+12125550111': 'asks', '+12125550121': 'books', '+12125550122': 'books', '+12125550124': 'books', '+12125550125': 'sales' },
        '+12125550123': { kind: 'busy' },
      },
      brain: [
        { when: 'opening hours', say: 'We are open from eight to six.' },
        { when: 'book it', call: { tool: 'book', args: {} }, thenSay: 'It is booked.' },
      ],
    },
  });
  Object.assign(process.env, {
    PATTER_HOME: home,
    TWILIO_BASE_URL: lab.urls.lab,
    TWILIO_ACCOUNT_SID: LAB_ACCOUNT.sid,
    TWILIO_AUTH_TOKEN: LAB_ACCOUNT.authToken,
    OPENAI_BASE_URL: `${lab.urls.lab}/v1`,
    OPENAI_API_KEY: 'lab-openai-key',
  });
  port = await freePort();
  // Bundled once for all test files.
  await workflowBundle(testHome(), log);
  cpSync(join(testHome(), 'cache'), join(home, 'cache'), { recursive: true });
}, 120_000);

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await lab?.stop();
  process.env = before;
  // Where a test has failed they may still run.
  await stopLocalTemporal(home);
  await removeLocalPostgres(home);
  rmSync(home, { recursive: true, force: true });
}, 60_000);

test('ten lines are an agent that answers; a killed run’s servers are adopted, its caller is talked to again, and disconnect() leaves nothing', async () => {
  const killed = await startChild(DESK, port);
  const temporal = findLocalTemporal(home)?.address;
  const callSid = await dialIn('+12125550101', 'waits', { sipHeaders: { 'X-Customer-Id': '7734' } });
  await until(async () => (await entryOf(callSid))?.heard.some(({ text }) => /help you/.test(text)), {
    withinMs: WITHIN_MS,
    what: 'the greeting',
  });
  killed.process.kill('SIGKILL');
  await killed.ended;
  expect(temporal).toBeDefined();
  expect(findLocalTemporal(home)?.address).toBe(temporal);

  const started: CallStartEvent[] = [];
  const ended: CallEndEvent[] = [];
  const phone = new Patter({ carrier: new Twilio(), phoneNumber: DESK, webhookUrl: `127.0.0.1:${port}` });
  const agent = phone.agent({ systemPrompt: 'You are the receptionist.', firstMessage: 'Acme, how can I help you?', disclosure: AI });
  const ready = phone.ready;
  await phone.serve({ agent, port, onCallStart: (event) => void started.push(event), onCallEnd: (event) => void ended.push(event) });
  expect(await ready).toBe(`127.0.0.1:${port}`);
  expect(findLocalTemporal(home)?.address).toBe(temporal);
  // Its port is the one that a tunnel makes public.
  const dashboard = async (headers: Record<string, string>) =>
    (await fetch(`http://127.0.0.1:${port}/dashboard/api/summary`, { headers })).status;
  expect([await dashboard({}), await dashboard({ 'x-forwarded-for': '203.0.113.9' })]).toEqual([200, 401]);

  const call = await over(callSid);
  expect(heard(call)).toMatch(/^This is an AI\. ?Acme, how can I help you\? ?Sorry,.* I am back\..*We are open from eight to six/);
  const [end] = await until(() => ended.length > 0 && ended, { withinMs: WITHIN_MS, what: 'onCallEnd' });
  expect(started).toEqual([
    expect.objectContaining({
      caller: '+12125550101',
      callee: DESK,
      direction: 'inbound',
      call_id: end?.callId,
      customParams: { customer_id: '7734' },
      history: [],
    }),
  ]);
  expect(end).toMatchObject({
    outcome: 'completed',
    custom_params: { customer_id: '7734' },
    transcript: expect.arrayContaining([expect.objectContaining({ role: 'user' })]),
  });
  // The call that its first process did not live to see the end of.
  expect(await phone.calls.get(end?.callId as string).result()).toMatchObject({ outcome: 'completed', callId: end?.callId });

  await phone.disconnect();
  await phone.disconnect();
  expect(findLocalTemporal(home)).toBeUndefined();
  expect(localPostgresIsAlive(home)).toBe(false);
  expect(listProcessStates(home).filter((state) => isAlive(state))).toEqual([]);
  expect(existsSync(homePaths(home).serversJson)).toBe(false);
  expect(process.listenerCount('SIGTERM')).toBe(0);
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
}, 180_000);

test('SIGTERM and SIGINT stop a program in order; the servers go with the last program that uses them, also when that dies of an error', async () => {
  const [told, interrupted, throws] = await Promise.all([startChild('+15005550007'), startChild(DESK), startChild('+15005550008')]);
  told.process.kill('SIGTERM');
  interrupted.process.kill('SIGINT');
  expect(await told.ended).toEqual({ code: null, signal: 'SIGTERM' });
  expect(await interrupted.ended).toEqual({ code: null, signal: 'SIGINT' });
  expect([findLocalTemporal(home) !== undefined, localPostgresIsAlive(home)]).toEqual([true, true]);
  throws.process.send('throw');
  expect(await throws.ended).toEqual({ code: 1, signal: null });
  await until(() => !findLocalTemporal(home) && !localPostgresIsAlive(home), { withinMs: WITHIN_MS, what: 'the end of the servers' });
}, 180_000);

describe('with a server', () => {
  const ends: CallEndEvent[] = [];
  let phone: Patter;
  let held: LocalServers;
  let hooks: HttpReceiver;

  beforeAll(async () => {
    hooks = await startReceiver(({ path }) => ({ status: 200, body: path === '/message' ? { text: 'It is booked.' } : {} }));
    // Another user of the same servers: they stay between one server and the next.
    held = await openLocalServers({ config: loadConfig({ PATTER_HOME: home }, home), log, headless: true });
    phone = new Patter({ phoneNumber: DESK, webhookUrl: `127.0.0.1:${port}`, webhookSecret: SECRET });
    const agent = phone.agent({ systemPrompt: 'You are the receptionist.', firstMessage: 'How can I help you?', disclosure: AI });
    await phone.serve(agent, { port, onCallEnd: (event) => void ends.push(event) });
  }, 120_000);
  afterAll(async () => {
    await phone?.disconnect();
    await hooks?.close();
    await held?.close();
    expect([findLocalTemporal(home), localPostgresIsAlive(home)]).toEqual([undefined, false]);
  }, 60_000);

  /** Throws where the signature is missing or wrong. */
  const verified = (path: string) =>
    hooks.requests
      .filter((request) => request.path === path)
      .map(({ body, headers }) => new Webhook(SECRET).verify(body, headers as Record<string, string>) as Record<string, unknown>);

  test('peer defect 5: a call has its own agent and variables, and what it returns tells of it; callbacks that are URLs get signed POSTs', async () => {
    const agent = phone.agent({
      systemPrompt: 'You call {customer_name}.',
      disclosure: AI,
      firstMessage: 'Hello {customer_name}, how can I help you with order {order_id}?',
      variables: { order_id: 'none' },
    });
    const url = `${hooks.url}/told`;
    const told = { onCallStart: url, onTranscript: url, onMetrics: url, onMachineDetection: url, onCallEnd: url };
    const call = await phone.call({
      to: '+12125550111',
      agent,
      variables: { customer_name: 'Ada', order_id: '815' },
      customParams: { crm: '7734' },
      machineDetection: true,
      idempotencyKey: 'once',
      ...told,
    });
    const again = await phone.call({
      to: '+12125550111',
      agent,
      variables: { customer_name: 'Ada', order_id: '815' },
      idempotencyKey: 'once',
      ...told,
    });
    expect(again.id).toBe(call.id);
    const seen: string[] = [];
    const watching = (async () => {
      for await (const update of call.events) seen.push(update.type === 'status' ? update.status : update.type);
    })();
    const result = await call.result();
    expect(result).toMatchObject({ callId: call.id, outcome: 'completed', custom_params: { crm: '7734' } });
    expect(result.transcript.map(({ text }) => text).join(' ')).toContain('We are open from eight to six');
    expect(result.cost?.total).toBeGreaterThan(0);
    await watching;
    expect(seen).toContain('turn');
    expect(seen.at(-1)).toBe('ended');
    expect(call.status).toBe('ended');

    const [entry, ...others] = await callsTo('+12125550111');
    expect(others).toEqual([]);
    expect(heard(entry as CallEntry)).toContain('Hello Ada, how can I help you with order 815?');
    const ofCall = () => verified('/told').filter(({ data }) => (data as { callId: string }).callId === call.id);
    await until(() => ofCall().some(({ type }) => type === 'call.ended'), { withinMs: WITHIN_MS, what: 'the POST of the end' });
    expect(new Set(ofCall().map(({ type }) => type))).toEqual(
      new Set(['call.started', 'call.machine_detection', 'call.transcript', 'call.metrics', 'call.ended']),
    );
    expect(ofCall().find(({ type }) => type === 'call.started')?.data).toMatchObject({ custom_params: { crm: '7734' }, history: [] });
    // As another process has it.
    const other = new Patter({ phoneNumber: DESK, webhookUrl: `127.0.0.1:${port}` });
    expect(await other.calls.get(call.id).result()).toEqual(result);
    await other.disconnect();
    expect(findLocalTemporal(home)).toBeDefined();
  }, 120_000);

  test('peer defect 7: calls at the same time have their own agents, functions and callbacks; an onMessage that is a URL is asked with a signature', async () => {
    const booked: string[] = [];
    const ended: string[] = [];
    const place = async (to: string, name: string) => {
      const agent = phone.agent({
        systemPrompt: 'You book tables.',
        disclosure: AI,
        firstMessage: `${name} here, shall I book it?`,
        tools: [{ name: 'book', handler: (_: unknown, { callee }) => void booked.push(`${name} ${callee}`) }],
      });
      const onCallEnd = ({ callee }: CallEndEvent) => void ended.push(`${name} ${callee}`);
      return phone.call({ to, agent, machineDetection: false, onCallEnd });
    };
    const asked = phone.call({
      to: '+12125550124',
      agent: phone.agent({
        ...{ systemPrompt: 'You book tables.', disclosure: AI, firstMessage: 'Bern here, shall I book it?' },
        ...{ provider: 'pipeline', stt: new WhisperSTT(), tts: new OpenAITTS() },
      }),
      onMessage: `${hooks.url}/message`,
      machineDetection: false,
    });
    const placed = await Promise.all([place('+12125550121', 'Rome'), place('+12125550122', 'Oslo'), asked]);
    const results = await Promise.all(placed.map((call) => call.result()));
    expect(results.map(({ outcome }) => outcome)).toEqual(['completed', 'completed', 'completed']);
    expect(verified('/message')).toEqual([expect.objectContaining({ callId: placed[2]?.id, text: expect.stringMatching(/book it/i) })]);
    // The program keeps its secret to itself: what Temporal stores, here readable, names the URL alone.
    const { client } = await phone.workflows.connect();
    const history = await client.workflow.getHandle(callWorkflowId(placed[2]?.id as string)).fetchHistory();
    const stored = Buffer.from(temporal.api.history.v1.History.encode(history).finish());
    expect([stored.includes('/message'), stored.includes(SECRET.slice('whsec_'.length))]).toEqual([true, false]);
    expect(booked.sort()).toEqual(['Oslo +12125550122', 'Rome +12125550121']);
    await until(() => ended.length === 2, { withinMs: WITHIN_MS, what: 'both callbacks' });
    expect(ended.sort()).toEqual(['Oslo +12125550122', 'Rome +12125550121']);
    for (const [to, name] of [
      ['+12125550121', 'Rome'],
      ['+12125550122', 'Oslo'],
    ] as const) {
      const [entry] = await callsTo(to);
      expect(heard(entry as CallEntry)).toMatch(new RegExp(`^This is an AI\\. ?${name} here, shall I book it\\? ?It is booked`));
    }
  }, 120_000);

  test('call() without a server starts what it needs, and needs an agent; serve() after it has all that it asks for', async () => {
    const at = await freePort();
    const caller = new Patter({ phoneNumber: '+15005550007', webhookUrl: `127.0.0.1:${at}`, appId: 'caller' });
    await expect(caller.call({ to: '+12125550123' })).rejects.toMatchObject({ name: 'PatterConnectionError' });
    const told: CallEndEvent[] = [];
    const agent = caller.agent({ systemPrompt: 'x' });
    const call = await caller.call({ to: '+12125550123', agent, machineDetection: false, onCallEnd: (event) => void told.push(event) });
    expect(await call.result()).toMatchObject({ outcome: 'busy' });
    await until(() => told.length > 0, { withinMs: WITHIN_MS, what: 'onCallEnd' });
    expect(told).toEqual([expect.objectContaining({ callId: call.id, outcome: 'busy' })]);
    // Served later, on the same server: with its page, and what opens it.
    const dashboard = async (headers: Record<string, string> = {}) =>
      (await fetch(`http://127.0.0.1:${at}/dashboard/api/summary`, { headers })).status;
    expect(await dashboard()).toBe(404);
    await caller.serve({ agent, port: at, configureNumber: false, dashboardToken: 'secret' });
    expect([await dashboard(), await dashboard({ authorization: 'Bearer secret' })]).toEqual([401, 200]);
    await caller.disconnect();
  }, 120_000);

  test('EmbeddedServer is started and stopped by hand; its calls are steered by their handles, priced and written down', async () => {
    const [at, number] = [await freePort(), '+15005550008'];
    const folder = join(home, 'written');
    const other = new Patter({
      ...{ phoneNumber: number, webhookUrl: `127.0.0.1:${at}`, appId: 'embedded', persist: folder },
      pricing: { 'twilio/voice/inbound/second': 1 },
    });
    const told: { start?: CallStartEvent; end?: CallEndEvent } = {};
    const server = new EmbeddedServer({
      config: other.config,
      agent: phone.agent({ systemPrompt: 'You are the receptionist.', firstMessage: 'How can I help you?', disclosure: AI }),
      configureNumber: 'always',
      onCallStart: (event) => void Object.assign(told, { start: event }),
      onCallEnd: (event) => void Object.assign(told, { end: event }),
    });
    await server.start(at);
    expect((await fetch(`http://127.0.0.1:${at}/healthz`)).status).toBe(200);
    const callSid = await dialIn('+12125550102', 'held', { to: number });
    const hears = (words: RegExp) =>
      until(async () => words.test(heard((await entryOf(callSid)) as CallEntry)), { withinMs: WITHIN_MS, what: String(words) });
    await hears(/help you\?/);
    const call = phone.calls.get((await until(() => told.start, { withinMs: WITHIN_MS, what: 'onCallStart' })).callId);
    await call.say('Ada is coming.');
    await hears(/Ada is coming/);
    await call.transfer('+12125550125');
    expect(await call.result()).toMatchObject({ outcome: 'transferred' });
    expect(await callsTo('+12125550125')).toHaveLength(1);
    const end = await until(() => told.end, { withinMs: WITHIN_MS, what: 'onCallEnd' });
    // A dollar for each second, by `pricing`.
    expect(end.metrics.cost.telephony).toBeGreaterThan(1);
    expect((await other.calls.get(call.id).result()).cost?.telephony).toBeGreaterThan(1);
    await other.disconnect();
    const [written] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
    expect(JSON.parse(readFileSync(join(folder, written as string), 'utf8'))).toMatchObject({ callId: end.callId, outcome: 'transferred' });
    await server.stop();
    await expect(fetch(`http://127.0.0.1:${at}/healthz`)).rejects.toThrow();
  }, 120_000);

  test('peer defect 18: a busy line is an outcome of the call and a callback of serve()', async () => {
    const call = await phone.call({ to: '+12125550123', machineDetection: false });
    expect(await call.result()).toMatchObject({ outcome: 'busy', duration: 0, transcript: [] });
    await until(() => ends.some((event) => event.callId === call.id && event.outcome === 'busy'), {
      withinMs: WITHIN_MS,
      what: 'onCallEnd',
    });
  }, 120_000);

  test('a tunnel that gets another name takes the number with it; a number that is somebody else’s is left alone', async () => {
    await expect(phone.serve({ agent: phone.agent({ systemPrompt: 'x' }), port })).rejects.toThrow('disconnect() first');
    await phone.disconnect();
    let rename = (_: string) => {};
    let closed = 0;
    const tunnel = {
      name: 'test',
      open: async (to: number) => ({
        host: `127.0.0.1:${to}`,
        onChange: (listener: (host: string) => void) => {
          rename = listener;
        },
        close: async () => void closed++,
      }),
    };
    phone = new Patter({ phoneNumber: DESK });
    const agent = phone.agent({ systemPrompt: 'You are the receptionist.' });
    const serving = phone.serve({ agent, port, tunnel });
    expect(await phone.tunnelReady).toBe(`127.0.0.1:${port}`);
    // While worker and gateway start, and once more when all is up.
    rename(`localhost:${port}`);
    await serving;
    const routing = async () => (await numberAt()).voice_url as string;
    const leadsTo = (host: string) =>
      until(async () => (await routing()).startsWith(`http://${host}:${port}/`), { withinMs: WITHIN_MS, what: `the name ${host}` });
    await leadsTo('localhost');
    rename(`127.0.0.1:${port}`);
    await leadsTo('127.0.0.1');
    await phone.disconnect();
    expect(closed).toBe(1);

    process.env.PATTER_GATEWAY_PORT = String(port);
    phone = new Patter({ phoneNumber: DESK, tunnel });
    const busy = async () => (await (await phone.call({ to: '+12125550123', agent, machineDetection: false })).result()).outcome;
    expect(await busy()).toBe('busy');
    // A serve() that fails takes nothing away from what call() has started.
    const ready = await phone.ready;
    await expect(phone.serve({ agent, port, tunnel: false })).rejects.toThrow(
      'call() has started this server with the tunnel of new Patter()',
    );
    expect(await phone.ready).toBe(ready);
    await pointElsewhere('https://somebody-else.example.com/voice');
    await expect(phone.serve({ agent, port, tunnel })).rejects.toMatchObject({ code: 'PATTER_NUMBER_TAKEN' });
    await expect(phone.ready).rejects.toMatchObject({ code: 'PATTER_NUMBER_TAKEN' });
    expect(await busy()).toBe('busy');
    expect(closed).toBe(1);
    await phone.disconnect();
    expect(closed).toBe(2);
    await phone.serve({ agent, port, tunnel: false, configureNumber: false });
    await phone.disconnect();
    expect(closed).toBe(2);

    await expect(phone.serve({ agent, port, tunnel })).rejects.toMatchObject({
      code: 'PATTER_NUMBER_TAKEN',
      message: expect.stringContaining("configureNumber: 'always'"),
    });
    await expect(phone.ready).rejects.toMatchObject({ code: 'PATTER_NUMBER_TAKEN' });
    expect(await routing()).toBe('https://somebody-else.example.com/voice');
  }, 180_000);
});

interface Child {
  process: ChildProcess;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Resolves when it serves. */
async function startChild(number: string, at?: number): Promise<Child> {
  const root = join(__dirname, '..', '..');
  const env = { ...process.env, PORT: String(at ?? (await freePort())), NUMBER: number };
  const child = fork(join(root, 'scripts', 'run-ts.js'), [join(__dirname, 'local-child.ts')], { cwd: root, env });
  children.push(child);
  const ended = new Promise<Awaited<Child['ended']>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  await Promise.race([
    once(child, 'message'),
    ended.then(({ code }) => {
      throw new Error(`the child ended with ${code} before it served`);
    }),
  ]);
  return { process: child, ended };
}

async function ledger(): Promise<LedgerSnapshot> {
  const response = await fetch(`${lab.urls.lab}/lab/ledger`);
  return (await response.json()) as LedgerSnapshot;
}

async function callsTo(to: string): Promise<CallEntry[]> {
  return (await ledger()).calls.filter((call) => call.to === to);
}

async function dialIn(from: string, persona: string, more: { to?: string; sipHeaders?: Record<string, string> } = {}): Promise<string> {
  const body = JSON.stringify({ from, to: DESK, persona, ...more });
  const response = await fetch(`${lab.urls.lab}/lab/twilio/inbound`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!response.ok) throw new Error(await response.text());
  return ((await response.json()) as { callSid: string }).callSid;
}

async function entryOf(callSid: string): Promise<CallEntry | undefined> {
  return (await ledger()).calls.find((call) => call.callSid === callSid);
}

async function over(callSid: string): Promise<CallEntry> {
  return until(async () => (await ledger()).calls.find((call) => call.callSid === callSid && call.endedAt !== undefined), {
    withinMs: WITHIN_MS,
    what: 'the end of the call',
  });
}

function heard(call: CallEntry): string {
  return call.heard.map(({ text }) => text).join('');
}

const NUMBERS = () => `${lab.urls.lab}/2010-04-01/Accounts/${LAB_ACCOUNT.sid}/IncomingPhoneNumbers`;
const authorization = `Basic ${Buffer.from(`${LAB_ACCOUNT.sid}:${LAB_ACCOUNT.authToken}`).toString('base64')}`;

async function numberAt(): Promise<Record<string, unknown>> {
  const response = await fetch(`${NUMBERS()}.json?PhoneNumber=${encodeURIComponent(DESK)}`, { headers: { authorization } });
  return ((await response.json()) as { incoming_phone_numbers: Record<string, unknown>[] }).incoming_phone_numbers[0] as Record<
    string,
    unknown
  >;
}

async function pointElsewhere(url: string): Promise<void> {
  const { sid } = await numberAt();
  const body = new URLSearchParams({ VoiceUrl: url });
  await fetch(`${NUMBERS()}/${sid}.json`, { method: 'POST', headers: { authorization }, body });
}
