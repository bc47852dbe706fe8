/** Every way through the worked examples, at the pace of the time-skipping server. What a call is like, work.test.ts shows on the lab: here its outcome is given. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowCallActivities, WorkflowCallOutcome, WorkflowCallRequest } from '../../contracts/workflow-call';
import type { BookingActivities } from '../../examples/appointment-confirmation/activities';
import { type Appointment, confirmAppointment } from '../../examples/appointment-confirmation/workflow';
import { type Invoice, paidSignal, promisesQuery, remindOfDebt } from '../../examples/debt-reminder/workflow';
import type { CrmActivities } from '../../examples/lead-qualification/activities';
import { type Lead, qualifyLead } from '../../examples/lead-qualification/workflow';
import { createLogger } from '../../runtime/log';
import { workflowBundle } from '../../worker/workflow-bundle';
import { startTimeSkipping } from '../support/time-skipping';

const QUEUE = 'examples';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type Told = Partial<WorkflowCallOutcome>;

let environment: TestWorkflowEnvironment | undefined;
let number = 0;
let working: Promise<unknown>;
const workers: Worker[] = [];

beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
  });
  const started = await startTimeSkipping();
  if ('unavailable' in started) {
    process.stderr.write(`the examples are not tested: ${started.unavailable}\n`);
    return;
  }
  environment = started.environment;
  const folder = mkdtempSync(join(tmpdir(), 'patter-examples-'));
  const file = join(folder, 'workflows.ts');
  const names = ['appointment-confirmation', 'debt-reminder', 'lead-qualification'];
  writeFileSync(
    file,
    names.map((name) => `export * from ${JSON.stringify(resolve(__dirname, '../../examples', name, 'workflow'))};\n`).join(''),
  );
  const bundle = await workflowBundle(folder, createLogger('test', 'error'), undefined, file);
  rmSync(folder, { recursive: true, force: true });
  const { nativeConnection: connection } = environment;
  const activities = doubles(environment);
  workers.push(await Worker.create({ connection, taskQueue: QUEUE, activities, workflowBundle: bundle }));
  for (const taskQueue of ['booking', 'crm']) workers.push(await Worker.create({ connection, taskQueue, activities }));
  working = Promise.all(workers.map((worker) => worker.run()));
}, 120_000);

afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await working;
  await environment?.teardown();
}, 60_000);

interface Way {
  /** What the workflow returns. */
  result: unknown;
  calls: { at: number; request: WorkflowCallRequest }[];
  rebooked: unknown[];
  crm: unknown[];
}

type Meanwhile = (env: TestWorkflowEnvironment, workflowId: string, call: number) => Promise<void>;

/** The way that is gone at present. */
let present: Omit<Way, 'result'> & { workflowId: string; ends: Told[]; meanwhile: Meanwhile };

function doubles(env: TestWorkflowEnvironment): WorkflowCallActivities & BookingActivities & CrmActivities {
  return {
    async prepareWorkflowCall(request) {
      present.calls.push({ at: await env.currentTimeMs(), request });
      // Without an input: its workflow was started by somebody else.
      return { callId: `call_${present.calls.length}` };
    },
    async workflowCallOutcome() {
      const { calls, ends, meanwhile, workflowId } = present;
      await meanwhile(env, workflowId, calls.length);
      return outcome(ends[calls.length - 1] ?? {});
    },
    orderWorkflowCall: async () => ({ kind: 'ended' }),
    rebook: async (change) => void present.rebooked.push(change),
    updateLead: async (update) => void present.crm.push(update),
  };
}

/** @param ends how each call ends, in their order @param meanwhile sees the workflow while a call is at its end */
async function way<Args extends unknown[]>(
  workflow: (...args: Args) => Promise<unknown>,
  args: Args,
  ends: Told[],
  meanwhile: Meanwhile = async () => undefined,
): Promise<Way | undefined> {
  if (!environment) return undefined;
  const workflowId = `example-${++number}`;
  present = { workflowId, ends, meanwhile, calls: [], rebooked: [], crm: [] };
  const result = await environment.client.workflow.execute(workflow, { taskQueue: QUEUE, workflowId, args });
  return { ...present, result };
}

function outcome(over: Told): WorkflowCallOutcome {
  return {
    ...{ callId: 'call_1', outcome: 'completed', reason: null, to: '+12125550100', answeredBy: 'human', voicemailLeft: false },
    ...{ transferredTo: null, transcript: [], toolCalls: [], durationMs: 20_000, costUsd: 0.01, summary: null, extraction: null },
    ...{ endedAt: null, ...over },
  };
}

const APPOINTMENT: [Appointment] = [{ id: 'a1', phone: '+12125550100', name: 'Ada', when: 'on Tuesday' }];
const NO_ANSWER: Told = { outcome: 'no_answer' };
const answers = (answer: string, day = ''): Told => ({ extraction: { answer, day } });

test.each<[string, Told[], { result: unknown; rebooked: unknown[]; calls: number }]>([
  ['confirmed', [answers('confirmed')], { result: { kind: 'confirmed' }, rebooked: [], calls: 1 }],
  [
    'rescheduled',
    [answers('another day', 'next Friday')],
    { result: { kind: 'rescheduled', when: 'next Friday' }, rebooked: [{ id: 'a1', when: 'next Friday' }], calls: 1 },
  ],
  ['canceled', [answers('canceled')], { result: { kind: 'canceled' }, rebooked: [{ id: 'a1', when: null }], calls: 1 }],
  [
    'another day, and none named: canceled',
    [answers('another day')],
    { result: { kind: 'canceled' }, rebooked: [{ id: 'a1', when: null }], calls: 1 },
  ],
  ['confirmed at the second try', [NO_ANSWER, answers('confirmed')], { result: { kind: 'confirmed' }, rebooked: [], calls: 2 }],
  [
    'never answered',
    [NO_ANSWER, { outcome: 'busy' }, { outcome: 'voicemail' }],
    { result: { kind: 'unreached', outcome: 'voicemail' }, rebooked: [], calls: 3 },
  ],
  ['said stop', [{ outcome: 'opted_out' }], { result: { kind: 'unreached', outcome: 'opted_out' }, rebooked: [], calls: 1 }],
  ['talked about something else', [answers('unknown')], { result: { kind: 'unreached', outcome: 'completed' }, rebooked: [], calls: 1 }],
])('appointment-confirmation: %s', async (_, calls, expected) => {
  const went = await way(confirmAppointment, APPOINTMENT, calls);
  if (!went) return;
  expect({ result: went.result, rebooked: went.rebooked, calls: went.calls.length }).toEqual(expected);
  for (const [earlier, later] of pairs(went)) expect(later - earlier).toBeGreaterThanOrEqual(2 * HOUR_MS);
});

const LEAD: [Lead] = [{ id: 'l1', phone: '+12125550100', name: 'Ada', sales: ['+12125550101'] }];

test.each<[string, Told, object]>([
  ['handed over', { outcome: 'transferred', transferredTo: '+12125550101' }, { stage: 'handed over', salesNumber: '+12125550101' }],
  ['qualified', { extraction: { interested: true } }, { stage: 'qualified' }],
  ['lost', { extraction: { interested: false } }, { stage: 'lost' }],
  ['lost without an extraction', {}, { stage: 'lost' }],
  ['unreached', NO_ANSWER, { stage: 'unreached' }],
  ['who said stop is not written down as unreached', { outcome: 'opted_out' }, { stage: 'opted_out' }],
  ['who had said stop before neither', { outcome: 'skipped', reason: 'suppressed: on the do-not-call list' }, { stage: 'opted_out' }],
  ['a call that could not be made now is unreached', { outcome: 'skipped', reason: 'capacity: no live gateway' }, { stage: 'unreached' }],
  ['who wants to be rung later', { outcome: 'callback_requested' }, { stage: 'callback' }],
])('lead-qualification: %s', async (_, call, expected) => {
  const went = await way(qualifyLead, LEAD, [{ summary: 'Talked.', ...call }]);
  if (!went) return;
  expect(went.result).toEqual(expected);
  const { stage } = expected as { stage: string };
  expect(went.crm).toEqual([{ id: 'l1', stage, summary: 'Talked.', costUsd: 0.01, callId: 'call_1' }]);
});

const INVOICE: [Invoice] = [{ phone: '+12125550100', name: 'Ada', amount: '120 dollars' }];
const promises = (day: string, date = ''): Told => ({ extraction: { willPay: true, day, date } });
const isoDate = (ms: number) => new Date(ms).toISOString().slice(0, 10);

describe('debt-reminder', () => {
  test('who promises to pay on a day is called again after that day, and told of the promise', async () => {
    if (!environment) return;
    const day = isoDate((await environment.currentTimeMs()) + 9 * DAY_MS);
    const went = (await way(remindOfDebt, INVOICE, [promises('on the 30th', day), {}, {}])) as Way;
    expect(went.result).toEqual({ kind: 'open', promises: ['on the 30th'] });
    expect(went.calls).toHaveLength(3);
    const [first, second] = went.calls;
    expect(isoDate(second?.at as number)).toBe(isoDate(Date.parse(day) + DAY_MS));
    expect(first?.request.agent.firstMessage).not.toContain('nothing has come yet');
    expect(second?.request).toMatchObject({ variables: { promise: 'on the 30th' } });
    expect(second?.request.agent.firstMessage).toContain('nothing has come yet');
  });

  test.each<[string, (now: number) => Told, number]>([
    ['a day without a date', () => promises('soon'), 3],
    ['a date that is none', () => promises('on the 31st', '2026-02-31'), 3],
    ['a date that is over', (now) => promises('yesterday', isoDate(now - 3 * DAY_MS)), 3],
    ['a date in ten years', (now) => promises('in ten years', isoDate(now + 3_650 * DAY_MS)), 45],
    ['no promise, though a date was named', (now) => ({ extraction: { willPay: false, day: '', date: isoDate(now + 9 * DAY_MS) } }), 3],
    ['nobody at home', () => NO_ANSWER, 3],
  ])('after %s the next call comes in so many days', async (_, call, days) => {
    if (!environment) return;
    const went = (await way(remindOfDebt, INVOICE, [call(await environment.currentTimeMs())])) as Way;
    const [[earlier, later] = [0, 0]] = pairs(went);
    expect(Math.round((later - earlier) / DAY_MS)).toBe(days);
  });

  test('a payment that comes during a call ends it after that call, whatever day was promised', async () => {
    if (!environment) return;
    const now = await environment.currentTimeMs();
    const seen: string[][] = [];
    const went = (await way(remindOfDebt, INVOICE, [promises('next month', isoDate(now + 30 * DAY_MS)), {}], async (env, id, call) => {
      if (call === 1) return;
      const handle = env.client.workflow.getHandle(id);
      seen.push(await handle.query(promisesQuery));
      await handle.signal(paidSignal);
    })) as Way;
    expect(went.result).toEqual({ kind: 'paid' });
    expect([went.calls.length, seen]).toEqual([2, [['next month']]]);
  });

  test('outside the hours it is tried again soon, and that is none of the three calls', async () => {
    if (!environment) return;
    const asleep: Told = { outcome: 'skipped', reason: 'window: it is 03:00 there' };
    const went = (await way(remindOfDebt, INVOICE, [asleep, asleep, {}, asleep, {}, {}])) as Way;
    expect(went.calls).toHaveLength(6);
    const waits = pairs(went).map(([earlier, later]) => Math.round((later - earlier) / HOUR_MS));
    expect(waits).toEqual([3, 3, 72, 3, 72]);
  });

  test('a window that never opens does not keep it for ever', async () => {
    if (!environment) return;
    const calls = Array.from({ length: 40 }, (): Told => ({ outcome: 'skipped', reason: 'window: no hours at all' }));
    const went = (await way(remindOfDebt, INVOICE, calls)) as Way;
    expect([went.result, went.calls.length]).toEqual([{ kind: 'open', promises: [] }, 24 + 3]);
  });

  test.each<[string, Told]>([
    ['who says stop', { outcome: 'opted_out' }],
    ['who is on the do-not-call list', { outcome: 'skipped', reason: 'suppressed: on the do-not-call list' }],
  ])('%s is not called again', async (_, call) => {
    const went = await way(remindOfDebt, INVOICE, [call]);
    if (went) expect([went.result, went.calls.length]).toEqual([{ kind: 'opted_out' }, 1]);
  });
});

/** When each call but the last was made, and the one after it; epoch milliseconds. */
function pairs({ calls }: Way): [number, number][] {
  return calls.slice(1).map(({ at }, index) => [calls[index]?.at as number, at]);
}
