/** What an embedding program has made for it beyond single calls: campaigns, schedules, phone calls as a tool, workflows of its own. All on one lab. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { DateTime } from 'luxon';
import { bookingActivities } from '../../examples/appointment-confirmation/activities';
import { type Appointment, confirmAppointment } from '../../examples/appointment-confirmation/workflow';
import { type Invoice, paidSignal, promisesQuery, remindOfDebt } from '../../examples/debt-reminder/workflow';
import { crmActivities } from '../../examples/lead-qualification/activities';
import { type Lead, qualifyLead } from '../../examples/lead-qualification/workflow';
import type { CallEntry } from '../../lab/ledger';
import { type RunningLab, runLab } from '../../lab/main';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { loadConfig } from '../../runtime/config';
import { freePort } from '../../runtime/free-port';
import { removeLocalPostgres } from '../../runtime/local-postgres';
import { type LocalServers, openLocalServers } from '../../runtime/local-servers';
import { stopLocalTemporal } from '../../runtime/local-temporal';
import { createLogger } from '../../runtime/log';
import { currentProcess } from '../../runtime/process-identity';
import { type Agent, Patter, PatterTool, type ScheduleHandle, type ScheduleInfo, Twilio } from '../../sdk';
import { workflowBundle } from '../../worker/workflow-bundle';
import { until } from '../chaos/until';

const DESK = '+15005550006';
const AI = 'This is an AI.';
const WITHIN_MS = 60_000;
const DAY_MS = 86_400_000;
const SALES = '+14155559001';
const log = createLogger('test', 'error');
const full = process.env.PATTER_TEST_MATRIX === 'full';
// By this name and its owner the next run finds what a killed one leaves.
const home = mkdtempSync(join(tmpdir(), 'patter-test-work-'));
const before = { ...process.env };
const posted: { method?: string; url?: string; body: unknown }[] = [];

let lab: RunningLab;
let held: LocalServers;
let systems: Server;
let systemsUrl: string;
let phone: Patter;
let agent: Agent;

beforeAll(async () => {
  writeFileSync(join(home, 'owner.json'), JSON.stringify(currentProcess()));
  const human = { kind: 'human', answerAfterMs: 100, patienceMs: 60_000 } as const;
  lab = await runLab({
    baud: 1200,
    seed: 3,
    log,
    scenario: {
      numbers: [DESK],
      network: { cps: 50 },
      personas: {
        agrees: {
          ...human,
          steps: [
            { hear: '/\\?/', say: 'Yes, sure.' },
            { waitMs: 300, hangUp: true },
          ],
        },
        another: {
          ...human,
          steps: [
            { hear: '/suit you/', say: 'No, another day please: next Friday.' },
            { waitMs: 300, hangUp: true },
          ],
        },
        promises: {
          ...human,
          steps: [
            { hear: '/pay/', say: 'Yes, I will pay on Friday.' },
            { waitMs: 300, hangUp: true },
          ],
        },
        lead: {
          ...human,
          steps: [
            { hear: '/interested/', say: 'I want to speak to a person please.' },
            { hear: '/sales/i', say: 'Great.' },
            { waitMs: 500, hangUp: true },
          ],
        },
        sales: {
          ...human,
          steps: [
            { hear: '/press 1/i', press: '1' },
            { waitMs: 1_000, say: 'Sales here.' },
            { hear: '/great/i', orAfterMs: 15_000, hangUp: true },
          ],
        },
        listens: { ...human, steps: [{ hear: '/never said/', hangUp: true }] },
      },
      people: {
        '+12125550101': 'agrees',
        '+12125550102': 'busy',
        '+12125550111': 'agrees',
        '+12125550112': { kind: 'busy', afterMs: 0 },
        '+12125550114': { kind: 'busy', afterMs: 0 },
        '+12125550121': 'agrees',
        '+12125550122': 'listens',
        '+12125550123': 'listens',
        '+12125550131': 'another',
        '+12125550132': 'promises',
        '+12125550133': 'lead',
        '+12125550134': 'listens',
        '+12125550135': 'promises',
        [SALES]: 'sales',
      },
    },
  });
  systems = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      posted.push({ method: request.method, url: request.url, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
      response.end('{}');
    });
  });
  await new Promise<void>((listening) => systems.listen(0, '127.0.0.1', listening));
  systemsUrl = `http://127.0.0.1:${(systems.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    PATTER_HOME: home,
    TWILIO_BASE_URL: lab.urls.lab,
    TWILIO_ACCOUNT_SID: LAB_ACCOUNT.sid,
    TWILIO_AUTH_TOKEN: LAB_ACCOUNT.authToken,
    OPENAI_BASE_URL: `${lab.urls.lab}/v1`,
    OPENAI_API_KEY: 'lab-openai-key',
    PATTER_PHONE_NUMBER: DESK,
    // A Tuesday at noon in New York: whatever the hour of the test, windows are open.
    PATTER_REHEARSE_AT: '2026-11-24T17:00:00Z',
  });
  const workflows = join(home, 'workflows.ts');
  const example = (name: string) => `export * from ${JSON.stringify(resolve(__dirname, `../../examples/${name}/workflow`))};\n`;
  writeFileSync(workflows, ['appointment-confirmation', 'debt-reminder', 'lead-qualification'].map(example).join(''));
  const port = await freePort();
  held = await openLocalServers({ config: loadConfig({ PATTER_HOME: home }, home), log, headless: true });
  phone = new Patter({ carrier: new Twilio(), phoneNumber: DESK, webhookUrl: `127.0.0.1:${port}`, workflows });
  agent = phone.agent({ systemPrompt: 'You are Acme.', firstMessage: 'Acme here, is it you?', disclosure: AI });
  await phone.serve(agent, { port });
}, 120_000);

afterAll(async () => {
  await phone?.disconnect();
  await held?.close();
  await lab?.stop();
  systems?.close();
  process.env = before;
  // Where a test has failed they may still run.
  await stopLocalTemporal(home);
  await removeLocalPostgres(home);
  rmSync(home, { recursive: true, force: true });
}, 60_000);

async function callsTo(to: string): Promise<CallEntry[]> {
  const response = await fetch(`${lab.urls.lab}/lab/calls?to=${encodeURIComponent(to)}`, { signal: AbortSignal.timeout(10_000) });
  return (await response.json()) as CallEntry[];
}

const WINDOW = { start: '00:00', end: '24:00' };

test('a campaign from an async iterable: bad rows are rejected with reasons, the rest go; it is steered by name, and its start is idempotent', async () => {
  async function* contacts() {
    yield { phone: '+12125550101', firstName: 'Ada' };
    yield { phone: 'nonsense', firstName: 'Nobody' };
    yield { phone: '(212) 555-0102', firstName: 'Ben' };
    yield { phone: '+12125550103' };
  }
  const options = {
    name: 'greetings',
    agent: phone.agent({ systemPrompt: 'You greet {first_name}.', firstMessage: 'Is this {first_name}?', disclosure: AI }),
    contacts: () => contacts(),
    window: WINDOW,
    retry: { maxAttempts: 1 },
  };
  const campaign = phone.campaign({ ...options, dialing: { cps: 0.01 } });
  const started = await campaign.start();
  expect(started).toMatchObject({ how: 'started', runBy: 'app', imported: { total: 4, imported: 2, rejected: 2, duplicates: 0 } });
  const known = phone.campaigns.get('greetings');
  await known.pause('lunch');
  expect(await known.progress()).toMatchObject({ state: 'paused', reason: 'lunch', contacts: { total: 2, rejected: 2 }, final: false });
  await known.edit({ cps: 20 });
  expect(await phone.campaign({ ...options, dialing: { cps: 0.01 } }).start()).toMatchObject({
    how: 'attached',
    campaignId: started.campaignId,
    imported: undefined,
  });
  await known.resume();
  const seen: number[] = [];
  for await (const { contacts: counted } of known.watch({ intervalMs: 100 })) seen.push(counted.done);
  expect(seen.at(-1)).toBe(2);
  const report = await campaign.result();
  expect(report.results.map(({ outcome, phone: number }) => [number, outcome])).toEqual([
    ['+12125550101', 'completed'],
    ['+12125550102', 'busy'],
  ]);
  expect(report.rejected).toEqual([
    expect.objectContaining({ line: 2, phone: 'nonsense', reason: 'this is not a phone number' }),
    expect.objectContaining({ line: 4, reason: '{first_name} has no value' }),
  ]);
  expect((await phone.campaigns.list()).map(({ name, state }) => [name, state])).toEqual([['greetings', 'completed']]);
  expect(await callsTo('+12125550101')).toHaveLength(1);
}, 120_000);

test('a schedule calls at its time, once for each firing, and can be paused, changed and deleted', async () => {
  const at = new Date(Date.now() + 6_000);
  const once = await phone.schedule({ id: 'once', at, call: { to: '+12125550111', machineDetection: false } });
  await phone.schedule({ id: 'nightly', cron: '0 3 * * *', timezone: 'Europe/Berlin', call: { to: '+12125550111' } });
  expect((await phone.schedules.list()).map(({ id, kind, times }) => [id, kind, times.kind])).toEqual([
    ['nightly', 'call', 'cron'],
    ['once', 'call', 'at'],
  ]);
  const nightly = phone.schedules.get('nightly');
  await nightly.pause('holidays');
  // By the clock of Berlin, not of Greenwich.
  const hours = (await nightly.info()).next.map((time) => DateTime.fromISO(time, { zone: 'Europe/Berlin' }).toFormat('HH:mm:ss'));
  expect([hours.length > 0, new Set(hours)]).toEqual([true, new Set(['03:00:00'])]);
  await phone.schedule({ id: 'nightly', every: '1d', call: { to: '+12125550111' } });
  expect(await nightly.info()).toMatchObject({ paused: true, note: 'holidays', times: { kind: 'every', everyMs: 86_400_000 } });
  await nightly.delete();
  await nightly.delete();
  await expect(nightly.info()).rejects.toMatchObject({ code: 'PATTER_SCHEDULE_NOT_FOUND' });
  await until(async () => (await callsTo('+12125550111')).length > 0, { withinMs: WITHIN_MS, what: 'the scheduled call' });
  // The program starts again and says the same again, after the time: it has been done.
  await phone.schedule({ id: 'once', at, call: { to: '+12125550111', machineDetection: false } });
  expect(await once.info()).toMatchObject({ next: [], last: expect.any(String) });
  await expect(phone.schedule({ id: 'late', at: new Date(0), call: { to: '+12125550111' } })).rejects.toMatchObject({
    details: { option: 'at' },
  });
  expect(await callsTo('+12125550111')).toHaveLength(1);
}, 120_000);

test('an interval is counted from when its schedule was first made, fires again and again, and stops when it is paused', async () => {
  const ticks = await phone.schedule({ id: 'ticks', every: '1s', call: { to: '+12125550112', machineDetection: false } });
  const before = Date.now();
  const daily = await phone.schedule({ id: 'daily', every: '1d', call: { to: '+12125550113' } });
  const after = Date.now();
  const [first] = (await daily.info()).next;
  // To the second.
  expect(Date.parse(first as string)).toBeGreaterThan(before + DAY_MS - 1_000);
  expect(Date.parse(first as string)).toBeLessThanOrEqual(after + DAY_MS);
  await until(async () => (await callsTo('+12125550112')).length >= 2, { withinMs: WITHIN_MS, what: 'the second firing' });
  // The program starts again, with another text: the hour stays.
  await phone.schedule({ id: 'daily', every: '1d', call: { to: '+12125550113', firstMessage: 'Hello again.' } });
  expect((await daily.info()).next[0]).toBe(first);
  await ticks.pause();
  const { last, paused } = await until(async () => pausedInfo(ticks), { withinMs: WITHIN_MS, what: 'the pause' });
  expect([last, paused]).toEqual([expect.any(String), true]);
  // Another one's firing comes after what would have been its next.
  await phone.schedule({ id: 'later', at: new Date(Date.now() + 2_000), call: { to: '+12125550114', machineDetection: false } });
  await until(async () => (await callsTo('+12125550114')).length > 0, { withinMs: WITHIN_MS, what: 'the later firing' });
  expect((await ticks.info()).last).toBe(last);
  for (const schedule of [ticks, daily]) await schedule.delete();
  expect((await phone.schedules.list()).map(({ id }) => id)).not.toContain('ticks');
}, 120_000);

async function pausedInfo(schedule: ScheduleHandle): Promise<ScheduleInfo | undefined> {
  const info = await schedule.info();
  return info.paused ? info : undefined;
}

describe('peer defect 19: phone calls as a tool of other agents', () => {
  test('peer defect 19: the goal and the first message come to the call, in each of the shapes', async () => {
    const tool = new PatterTool({ phone, agent, allow: ['+12125550121'], call: { machineDetection: false } });
    const said = JSON.stringify({ to: '+12125550121', goal: 'Ask whether {they} come.', first_message: 'Are you coming tonight?' });
    const result = await tool.run(said, { id: 'call_1' });
    expect(result).toMatchObject({ outcome: 'completed', timed_out: false });
    expect(result.transcript.map(({ text }) => text).join(' ')).toMatch(/coming tonight\? .*Yes, sure/);
    // The model's own id of the tool call: a repetition is the same call.
    expect(JSON.parse(await tool.langchain().invoke({ args: JSON.parse(said), id: 'call_1', type: 'tool_call' }))).toEqual(result);
    expect(await tool.vercel().execute(JSON.parse(said), { toolCallId: 'call_1' })).toEqual(result);
    const calls = await callsTo('+12125550121');
    expect(calls).toHaveLength(1);
    const sessions = JSON.stringify(await (await fetch(`${lab.urls.lab}/lab/ledger`)).json());
    expect(sessions).toContain('Ask whether (they) come.');
    await expect(tool.run({ to: '+12125550122', goal: 'x' })).rejects.toMatchObject({ details: { option: 'to' } });
    expect(await callsTo('+12125550122')).toEqual([]);
  }, 90_000);

  test('peer defect 19: when its time is over it hangs up, and tells what was said until then', async () => {
    const tool = new PatterTool({ phone, agent, timeoutMs: 12_000, call: { machineDetection: false } });
    const result = await tool.run({ to: '+12125550122', goal: 'Wait.', first_message: 'Please wait.' });
    expect(result).toMatchObject({ timed_out: true });
    const [call] = await until(async () => endedCalls('+12125550122'), { withinMs: WITHIN_MS, what: 'the end' });
    expect(call?.endedBy).not.toBe('callee');
  }, 90_000);

  test('peer defect 19: who aborts it hangs up', async () => {
    const tool = new PatterTool({ phone, agent, call: { machineDetection: false } });
    const abort = new AbortController();
    const running = tool.run({ to: '+12125550123', goal: 'Wait.' }, { signal: abort.signal });
    running.catch(() => undefined);
    await until(async () => (await answeredCalls('+12125550123')).length > 0, { withinMs: WITHIN_MS, what: 'the answer' });
    abort.abort(new Error('not wanted any more'));
    await expect(running).rejects.toThrow('not wanted any more');
    const [call] = await until(async () => endedCalls('+12125550123'), { withinMs: WITHIN_MS, what: 'the end' });
    expect(call?.endedBy).not.toBe('callee');
  }, 90_000);
});

describe('workflows of one’s own', () => {
  test('debt-reminder: a promise is followed up by a call that knows of it, and a payment ends it', async () => {
    const { client, taskQueue } = await phone.workflows.connect();
    const to = '+12125550132';
    const invoice = { phone: to, name: 'Ada', amount: '120 dollars', followUpAfterMs: 1_000 };
    const handle = await client.workflow.start(remindOfDebt, { taskQueue, workflowId: 'debt/1', args: [invoice] });
    const calls = await until(async () => ((await endedCalls(to))?.length === 2 ? callsTo(to) : undefined), {
      withinMs: WITHIN_MS,
      what: 'the follow-up',
    });
    expect(heard(calls[0])).toContain('Your invoice of 120 dollars is open.');
    expect(heard(calls[1])).toContain('You wanted to pay 120 dollars Friday');
    await handle.signal(paidSignal);
    expect(await handle.result()).toEqual({ kind: 'paid' });
    expect(await callsTo(to)).toHaveLength(2);
  }, 120_000);

  test('a workflow that is cancelled hangs up first', async () => {
    const { client, taskQueue } = await phone.workflows.connect();
    const to = '+12125550134';
    const handle = await client.workflow.start(remindOfDebt, {
      ...{ taskQueue, workflowId: 'debt/2' },
      args: [{ phone: to, name: 'Ben', amount: '5 dollars' }],
    });
    await until(async () => (await answeredCalls(to)).length > 0, { withinMs: WITHIN_MS, what: 'the answer' });
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect((await endedCalls(to))?.map(({ endedBy }) => endedBy)).toEqual([expect.not.stringMatching('callee')]);
  }, 120_000);

  test('a file that takes the name of a workflow of the product is refused', async () => {
    const file = join(home, 'taken.ts');
    writeFileSync(file, 'export async function campaign() {}');
    await expect(workflowBundle(home, log, undefined, file)).rejects.toMatchObject({ code: 'PATTER_CONFIG_INVALID' });
    writeFileSync(file, "export { nothing } from './nowhere';");
    await expect(workflowBundle(home, log, undefined, file)).rejects.toThrow(/taken\.ts cannot be bundled: .*\n.*nowhere/);
  }, 60_000);

  const inFull = full ? test : test.skip;
  inFull(
    'after a reset nobody is called again, and what happened is replayed on the present code',
    async () => {
      const { client, taskQueue } = await phone.workflows.connect();
      const to = '+12125550135';
      const args = [{ phone: to, name: 'Eve', amount: '7 dollars', followUpAfterMs: 60_000 }] as [Invoice];
      const handle = await client.workflow.start(remindOfDebt, { taskQueue, workflowId: 'debt/3', args });
      await until(async () => (await handle.query(promisesQuery)).length === 1, { withinMs: WITHIN_MS, what: 'the promise' });
      const first = (await handle.fetchHistory()).events?.find((event) => event.workflowTaskCompletedEventAttributes);
      await client.workflowService.resetWorkflowExecution({
        ...{ namespace: client.options.namespace, reason: 'test', requestId: 'reset/3' },
        workflowExecution: { workflowId: 'debt/3', runId: handle.firstExecutionRunId },
        // The first task: all that the workflow has done is done again.
        workflowTaskFinishEventId: first?.eventId,
      });
      const again = client.workflow.getHandle('debt/3');
      await until(async () => (await again.query(promisesQuery)).length === 1, { withinMs: WITHIN_MS, what: 'the promise again' });
      expect((await again.describe()).runId).not.toBe(handle.firstExecutionRunId);
      expect(await callsTo(to)).toHaveLength(1);
      await again.signal(paidSignal);
      expect(await again.result()).toEqual({ kind: 'paid' });

      const bundle = await workflowBundle(home, log, undefined, join(home, 'workflows.ts'));
      await Worker.runReplayHistory({ workflowBundle: bundle }, await again.fetchHistory(), 'debt/3');
    },
    120_000,
  );

  inFull(
    'appointment-confirmation: another day is booked',
    async () => {
      await beside('booking', bookingActivities(systemsUrl), async (client, taskQueue) => {
        const args = [{ id: 'a1', phone: '+12125550131', name: 'Cleo', when: 'on Tuesday' }] as [Appointment];
        const result = await client.workflow.execute(confirmAppointment, { taskQueue, workflowId: 'appointment/1', args });
        expect(result).toEqual({ kind: 'rescheduled', when: 'next Friday' });
        expect(posted).toContainEqual({ method: 'PUT', url: '/appointments/a1', body: { when: 'next Friday' } });
      });
    },
    120_000,
  );

  inFull(
    'lead-qualification: the interested are connected with sales, and the CRM knows',
    async () => {
      await beside('crm', crmActivities(systemsUrl), async (client, taskQueue) => {
        const args = [{ id: 'l1', phone: '+12125550133', name: 'Dora', sales: [SALES] }] as [Lead];
        const result = await client.workflow.execute(qualifyLead, { taskQueue, workflowId: 'lead/1', args });
        expect(result).toEqual({ stage: 'handed over', salesNumber: SALES });
        expect(posted).toContainEqual({
          ...{ method: 'PATCH', url: '/leads/l1' },
          body: expect.objectContaining({ stage: 'handed over', summary: expect.any(String), costUsd: expect.any(Number) }),
        });
      });
    },
    120_000,
  );
});

/** With a worker for the developer's own activities. */
async function beside(queue: string, activities: object, work: (client: Client, taskQueue: string) => Promise<void>): Promise<void> {
  const { client, taskQueue } = await phone.workflows.connect();
  const connection = await NativeConnection.connect({ address: held.temporalAddress });
  const worker = await Worker.create({ connection, namespace: client.options.namespace, taskQueue: queue, activities });
  try {
    await worker.runUntil(work(client, taskQueue));
  } finally {
    await connection.close();
  }
}

function heard(call: CallEntry | undefined): string {
  return (call?.heard ?? []).map(({ text }) => text).join('');
}

async function endedCalls(to: string): Promise<CallEntry[] | undefined> {
  const ended = (await callsTo(to)).filter(({ endedAt }) => endedAt !== undefined && endedAt !== null);
  return ended.length > 0 ? ended : undefined;
}

async function answeredCalls(to: string): Promise<CallEntry[]> {
  return (await callsTo(to)).filter(({ streams }) => streams.length > 0);
}
