import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { buildSetup } from '../../activities/call/build-setup';
import { startCallbacks } from '../../activities/callbacks/start';
import type { CallSettlement } from '../../contracts/activities';
import type { CallSetup, ToolCallRecord, TranscriptTurn, UsageLine } from '../../contracts/call';
import { callbacksWorkflowId } from '../../contracts/callbacks';
import { getCall } from '../../control/calls/get-call';
import type { CallTaps } from '../../media-gateway/call-taps';
import { callOf } from '../../store/call-of';
import type { ContactRow } from '../../store/store';
import { installTemporalRuntime } from '../../worker/temporal-runtime';
import { openTestActivities, type TestActivities, until } from '../activities/context';
import { type HttpReceiver, startReceiver } from '../activities/http-receiver';
import { allowUnlessInUse, campaignWith, claimOne, intentFor, later, NOW, settlementFor } from '../store/fixtures';

const APP = `crash-${randomBytes(4).toString('hex')}`;
const AT = NOW.getTime();
const TURNS: TranscriptTurn[] = [
  { role: 'assistant', text: 'This is an AI assistant. Does Tuesday suit you?', at: AT + 1_000 },
  { role: 'user', text: 'What time?', at: AT + 4_000 },
  { role: 'assistant', text: 'At nine.', at: AT + 6_000, latency: { sttMs: 300, llmMs: 200, ttsMs: 100, totalMs: 600, speechMs: 900 } },
  { role: 'user', text: 'Fine, bye.', at: AT + 8_000 },
];

const USAGE: UsageLine[] = [{ provider: 'openai', service: 'realtime', item: 'gpt-realtime', unit: 'output_audio_token', quantity: 1_000 }];
const TOOL_CALLS: ToolCallRecord[] = [
  { id: 'tool_1', name: 'look', arguments: '{}', result: '{"at":9}', ok: true, durationMs: 120, at: AT + 5_000 },
];

interface Told {
  deliveryId: string;
  callId: string;
  role?: string;
  text?: string;
  outcome?: string;
  history?: { role: string; text: string; timestamp: string }[];
  result?: string;
  metrics?: { durationSeconds: number; turns: unknown[]; cost: { total: number }; latencyP50: object };
}

let t: TestActivities;
let crm: HttpReceiver;
let worker: Worker;
let running: Promise<void>;
let connection: NativeConnection;
/** Deliveries that the CRM does not answer. */
let stuck: (told: Told) => boolean = () => false;
const children = new Set<ChildProcess>();
let phones = 7_000_000;

beforeAll(async () => {
  t = await openTestActivities({});
  crm = await startReceiver(({ body }) => ({ status: stuck(JSON.parse(body) as Told) ? 503 : 200 }));
  const { config, log } = t.ctx;
  installTemporalRuntime(log);
  connection = await NativeConnection.connect({ address: config.TEMPORAL_ADDRESS ?? '' });
  worker = await Worker.create({
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    taskQueue: config.PATTER_TASK_QUEUE,
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: join(__dirname, '../../workflows/callbacks/callbacks.ts'),
      logger: new DefaultLogger('ERROR'),
    }),
    activities: { giveUpCallbacks: t.activities.giveUpCallbacks },
  });
  running = worker.run();
}, 60_000);

afterAll(async () => {
  for (const child of children) await kill(child);
  worker?.shutdown();
  await running;
  await connection?.close();
  await crm?.close();
  await t?.close();
});

afterEach(() => {
  stuck = () => false;
});

async function startProcess(): Promise<ChildProcess> {
  const { config } = t.ctx;
  const child = fork(join(__dirname, '../../scripts/run-ts.js'), [join(__dirname, 'callbacks-child.ts')], {
    env: {
      ...process.env,
      APP,
      DATABASE: t.databaseUrl,
      CRM: crm.url,
      HOME_FOLDER: config.PATTER_HOME,
      PATTER_HOME: config.PATTER_HOME,
      TEMPORAL_ADDRESS: config.TEMPORAL_ADDRESS,
      TEMPORAL_NAMESPACE: config.TEMPORAL_NAMESPACE,
    },
  });
  children.add(child);
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('the process did not come up');
    }),
  ]);
  expect(message).toBe('ready');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

function tap<Name extends keyof CallTaps>(child: ChildProcess, name: Name, ...args: Parameters<NonNullable<CallTaps[Name]>>): void {
  child.send({ tap: name, args });
}

const told = (callId: string): Told[] => crm.requests.map(({ body }) => JSON.parse(body) as Told).filter((each) => each.callId === callId);
const kinds = (all: Told[]) => all.map(({ deliveryId }) => deliveryId.split(':')[1]);

async function call(verdict: 'allow' | 'skip' = 'allow'): Promise<{ contact: ContactRow; setup: CallSetup; callId: string }> {
  const { store } = t.ctx;
  const campaign = await campaignWith(store, [`+1500${phones++}`], {
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'You call {first_name}.', code: `${APP}/agent` },
    dialing: { machineDetection: true },
  });
  const contact = await claimOne(store, campaign);
  const callId = callOf(contact);
  await store.attempts.openIntent(
    intentFor(contact),
    verdict === 'allow'
      ? allowUnlessInUse
      : () => ({ verdict: { decision: 'skip', rule: 'suppressed', reason: 'on the do-not-call list' } }),
  );
  const { spec } = campaign;
  const setup = buildSetup({ ...contact, callId, spec, to: contact.phone, from: '+15005550006' });
  return { contact, setup, callId };
}

const settle = (contact: ContactRow, overrides: Partial<CallSettlement>) => t.activities.settleCall(settlementFor(contact, overrides));

test('peer defect 11: a process killed in mid-call loses no event: the next one is told the rest in order, under stable ids', async () => {
  const { contact, setup, callId } = await call();
  const first = await startProcess();
  const live = { setup, first: true };
  // The third turn reaches the CRM, and the process dies before it is answered.
  stuck = ({ text }) => text === 'At nine.';
  tap(first, 'started', live, []);
  tap(first, 'machine', callId, 'human');
  for (const [index, turn] of TURNS.slice(0, 3).entries()) {
    tap(first, 'turn', live, turn, TURNS.slice(0, index + 1));
  }
  await until(async () => told(callId).some(({ text }) => text === 'At nine.'));
  await until(async () => (await t.ctx.store.deliveries.get(callId))?.cursor.done.length === 5);
  expect(kinds(told(callId)).slice(0, 5)).toEqual(['start', 'machine', 'transcript', 'metrics', 'transcript']);
  await kill(first);
  stuck = () => false;
  const before = told(callId);

  // The caller talks on with another gateway, and the call ends while nobody of the app is there.
  await settle(contact, { turns: TURNS, usage: USAGE, toolCalls: TOOL_CALLS, answeredAt: AT, endedAt: later(10_000).getTime() });
  expect(told(callId)).toHaveLength(before.length);
  // Nobody of the program has to be there for the call's record to be whole.
  const record = (await getCall(t.ctx, callId))!;
  expect(record).toMatchObject({
    status: 'ended',
    outcome: 'completed',
    durationMs: 10_000,
    turns: TURNS,
    usage: USAGE,
    toolCalls: TOOL_CALLS,
  });
  // A thousand tokens of $64 a million; a minute that was begun is the carrier's.
  expect(record.costLines.find(({ label }) => /gpt-realtime/.test(label))?.usd).toBeCloseTo(0.064, 6);
  expect(record.costLines.some(({ label }) => /twilio/i.test(label))).toBe(true);
  expect(record.costUsd).toBeCloseTo(
    record.costLines.reduce((sum, { usd }) => sum + usd, 0),
    6,
  );

  await startProcess();
  await until(async () => kinds(told(callId)).includes('end'));
  const after = told(callId).slice(before.length);
  expect(kinds(after)).toEqual(['transcript', 'metrics', 'transcript', 'end']);
  expect(after.map(({ text }) => text)).toEqual(['At nine.', undefined, 'Fine, bye.', undefined]);
  // What was told twice bears the same id, and nothing else was.
  const ids = told(callId).map(({ deliveryId }) => deliveryId);
  expect(after[0]?.deliveryId).toBe(before.at(-1)?.deliveryId);
  expect(new Set(ids).size).toBe(9);
  expect(after.at(-1)).toMatchObject({ deliveryId: `${callId}:end:1`, outcome: 'completed' });
  expect(after.at(-1)?.history?.map(({ role, text }) => ({ role, text }))).toEqual(TURNS.map(({ role, text }) => ({ role, text })));
  // What it tells of times and money is what the record has.
  expect(after.at(-1)?.metrics).toMatchObject({
    durationSeconds: 10,
    latencyP50: { sttMs: 300, llmMs: 200, ttsMs: 100, totalMs: 600 },
    cost: { total: expect.closeTo(record.costUsd, 6) },
  });
  expect(after.at(-1)?.metrics?.turns).toHaveLength(2);
  expect(await getCall(t.ctx, callId)).toEqual(record);
}, 60_000);

test('peer defect 18: busy and a call that the gate stopped end with one onCallEnd, and nothing else', async () => {
  if (children.size === 0) await startProcess();
  const busy = await call();
  await settle(busy.contact, { outcome: 'busy', answeredBy: 'unknown' });
  const skipped = await call('skip');
  await t.activities.startCallbacks({ tenantId: 'default', callId: skipped.callId, app: APP });
  await until(async () => told(busy.callId).length > 0 && told(skipped.callId).length > 0);
  // Settled again, as a workflow whose answer was lost does.
  await settle(busy.contact, { outcome: 'busy', answeredBy: 'unknown' });
  await until(async () => (await t.ctx.store.deliveries.get(busy.callId))?.completedAt !== null);
  expect(told(busy.callId)).toMatchObject([{ deliveryId: `${busy.callId}:end:1`, outcome: 'busy', history: [] }]);
  expect(told(skipped.callId)).toMatchObject([
    { deliveryId: `${skipped.callId}:end:1`, outcome: 'skipped', reason: 'suppressed: on the do-not-call list' },
  ]);
}, 60_000);

test('what a callback refuses is told again when the process is well, onCallEnd included', async () => {
  if (children.size === 0) await startProcess();
  const { contact, callId } = await call();
  let refused = 0;
  stuck = ({ deliveryId }) => deliveryId === `${callId}:end:1` && refused++ < 2;
  await settle(contact, { turns: TURNS.slice(0, 1), answeredAt: AT });
  await until(async () => (await t.ctx.store.deliveries.get(callId))?.completedAt instanceof Date);
  expect(kinds(told(callId))).toEqual(['start', 'machine', 'transcript', 'metrics', 'end', 'end', 'end']);
}, 60_000);

test('what a program refuses for too long is given up, with the reason in the call’s record; whoever comes later is not told', async () => {
  if (children.size === 0) await startProcess();
  const { callId } = await call('skip');
  stuck = (told) => told.callId === callId;
  const input = { tenantId: 'default', callId, app: APP };
  await startCallbacks({ ...t.ctx, config: { ...t.ctx.config, PATTER_CALLBACK_RETRY: '1s' } }, input);
  await until(async () => (await t.ctx.store.deliveries.get(callId))?.givenUpAt instanceof Date);
  const givenUp = (await getCall(t.ctx, callId))?.callbacksGivenUp;
  expect(givenUp?.reason).toMatch(/^a callback failed \(.+end:1 had failed 2 times$/);
  expect(kinds(told(callId))).toEqual(['end', 'end']);
  stuck = () => false;
  // Over is over: the workflow has completed, and is not started again.
  await t.activities.startCallbacks(input);
  await until(async () => !(await isOpen(callId)));
  expect(told(callId)).toHaveLength(2);
}, 60_000);

test('the callbacks of a program that never comes back have an end too', async () => {
  const { callId } = await call('skip');
  const input = { tenantId: 'default', callId, app: `${APP}-gone` };
  await startCallbacks({ ...t.ctx, config: { ...t.ctx.config, PATTER_CALLBACK_KEEP: '1s' } }, input);
  await until(async () => (await t.ctx.store.deliveries.get(callId))?.givenUpAt instanceof Date);
  expect((await getCall(t.ctx, callId))?.callbacksGivenUp).toMatchObject({ reason: 'no process of the app was there in all that time' });
  expect(told(callId)).toEqual([]);
}, 60_000);

async function isOpen(callId: string): Promise<boolean> {
  const { status } = await t.ctx.temporal.workflow.getHandle(callbacksWorkflowId(callId)).describe();
  return status.name === 'RUNNING';
}
