/** Firings of schedules, carried out twice, late, and after the schedule is gone: real Postgres, real Temporal, no worker, so that every workflow stays where it is. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { campaignWorkflowId } from '../../contracts/call-id';
import { systemClock } from '../../contracts/clock';
import { type ScheduleDefinition, type ScheduledWork, temporalScheduleId } from '../../contracts/schedule';
import { placeCallSchema } from '../../contracts/single-call';
import type { ControlContext } from '../../control/context';
import { erasePerson } from '../../control/privacy/erase-person';
import { createScheduleActivities } from '../../control/schedules/fire-schedule';
import { deleteSchedule, listSchedules, makeSchedule, scheduleInfo } from '../../control/schedules/schedules';
import { createWorkflowCallActivities } from '../../control/work/workflow-calls';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { connectTo } from '../../runtime/temporal';
import { campaignFile, openTestStore, type TestStore } from '../store/fixtures';
import { startTestTemporal } from '../support/temporal';

const RUN = randomUUID().slice(0, 8);
const TO = '+12125550101';
let test_: TestStore;
let ctx: ControlContext;
let folder: string;
const made: string[] = [];
const started: string[] = [];

beforeAll(async () => {
  test_ = await openTestStore();
  folder = await mkdtemp(join(tmpdir(), 'patter-schedules-'));
  const server = await startTestTemporal();
  ctx = {
    config: { ...loadConfig({ PATTER_HOME: folder, PATTER_TASK_QUEUE: server.taskQueue }, folder), TEMPORAL_NAMESPACE: server.namespace },
    store: test_.store,
    temporal: new Client({ connection: await connectTo(server.address), namespace: server.namespace }),
    clock: systemClock,
    log: createLogger('test', 'silent'),
  };
}, 180_000);

afterAll(async () => {
  for (const id of made) await deleteSchedule(ctx, id).catch(() => undefined);
  for (const id of started) {
    await ctx.temporal.workflow
      .getHandle(id)
      .terminate('test')
      .catch(() => undefined);
  }
  await ctx?.temporal.connection.close();
  await test_.close();
  await rm(folder, { recursive: true, force: true });
});

const agent = { engine: { type: 'openai-realtime' }, systemPrompt: 'You remind of something.' } as const;

function callTo(to: string): ScheduledWork {
  const { idempotencyKey: _, ...request } = placeCallSchema.parse({ to, from: '+15005550006', agent });
  return { kind: 'call', request };
}

async function schedule(id: string, work: ScheduledWork, over: Partial<ScheduleDefinition> = {}): Promise<string> {
  const scheduleId = `${id}-${RUN}`;
  made.push(scheduleId);
  const definition = { times: { kind: 'cron', cron: '0 3 1 1 *', timezone: 'Europe/Berlin' }, graceMs: 3_600_000, work, ...over } as const;
  await makeSchedule(ctx, { scheduleId, definition, taskQueue: ctx.config.PATTER_TASK_QUEUE });
  return scheduleId;
}

const fire = (scheduleId: string, scheduledAt: string, context = ctx) =>
  createScheduleActivities(context).fireSchedule({ tenantId: 'default', scheduleId, scheduledAt });

const justNow = () => new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString();

test('a firing that is carried out twice is one call; the next firing is another', async () => {
  const id = await schedule('twice', callTo(TO));
  const at = justNow();
  const first = await fire(id, at);
  expect(await fire(id, at)).toEqual(first);
  const next = await fire(id, new Date(Date.parse(at) + 1_000).toISOString());
  expect(next).toMatchObject({ kind: 'call' });
  expect(next).not.toEqual(first);
  for (const firing of [first, next]) if (firing.kind === 'call') started.push(firing.callId);
});

test('a firing that was killed after its rows were written is carried on', async () => {
  const id = await schedule('killed', callTo(TO));
  const at = justNow();
  const dying = {
    ...ctx,
    temporal: Object.assign(Object.create(ctx.temporal), { workflow: { start: () => Promise.reject(new Error('killed')) } }),
  };
  const clock = {
    ...systemClock,
    monotonic: (() => {
      let now = 0;
      return () => (now += 11_000);
    })(),
  };
  await expect(fire(id, at, { ...dying, clock })).rejects.toThrow('Repeat the request');
  const firing = await fire(id, at);
  if (firing.kind !== 'call') throw new Error(firing.kind);
  started.push(firing.callId);
  expect((await ctx.temporal.workflow.getHandle(firing.callId).describe()).status.name).toBe('RUNNING');
});

test('a firing that comes too late, or after the schedule was deleted, is left out', async () => {
  const id = await schedule('late', callTo(TO), { graceMs: 60_000 });
  expect(await fire(id, new Date(Date.now() - 61_000).toISOString())).toEqual({ kind: 'left_out', reason: 'it came 61 s late' });
  await deleteSchedule(ctx, id);
  expect(await fire(id, justNow())).toEqual({ kind: 'left_out', reason: 'the schedule was deleted' });
  await expect(scheduleInfo(ctx, id)).rejects.toMatchObject({ code: 'PATTER_SCHEDULE_NOT_FOUND' });
});

test('a call that is refused as it was scheduled is left out with what is wrong, and not tried again', async () => {
  const { request } = callTo(TO) as Extract<ScheduledWork, { kind: 'call' }>;
  const id = await schedule('refused', { kind: 'call', request: { ...request, agent: { ...request.agent, firstMessage: 'Hi {nick}.' } } });
  expect(await fire(id, justNow())).toEqual({
    kind: 'left_out',
    reason: expect.stringMatching(/^PATTER_REQUEST_INVALID: .*agent\.firstMessage: \{nick\} has no value/),
  });
});

test('a campaign’s firing is a campaign of its own, also when it is carried out again after that has ended', async () => {
  const spec = campaignFile({ name: `nightly-${RUN}` });
  const id = await schedule('campaign', {
    kind: 'campaign',
    spec,
    contacts: [{ phone: TO, first_name: 'Ada', date: 'Tuesday' }, { phone: 'nobody' }],
  });
  const at = justNow();
  const firing = await fire(id, at);
  if (firing.kind !== 'campaign') throw new Error(firing.kind);
  const campaign = await ctx.store.campaigns.get(firing.campaignId);
  started.push(campaignWorkflowId('default', campaign?.name ?? ''));
  expect(campaign).toMatchObject({ state: 'running', rowsTotal: 2, rowsRejected: 1 });
  expect(campaign?.name).toMatch(new RegExp(`^nightly-${RUN}-\\d{8}t\\d{6}z$`));
  expect(await fire(id, at)).toEqual(firing);
  await ctx.store.campaigns.finish(firing.campaignId, 'completed', new Date());
  expect(await fire(id, at)).toEqual(firing);
});

test('times that Temporal does not understand are refused, and leave nothing', async () => {
  await expect(schedule('wrong', callTo(TO), { times: { kind: 'cron', cron: '99 99 * * *', timezone: 'UTC' } })).rejects.toMatchObject({
    code: 'PATTER_REQUEST_INVALID',
    details: { option: 'cron' },
  });
  expect((await listSchedules(ctx)).map(({ scheduleId }) => scheduleId)).not.toContain(`wrong-${RUN}`);
});

test('who is forgotten is not called by a schedule either', async () => {
  const gone = '+12125550177';
  const spec = campaignFile({ name: `forgets-${RUN}` });
  const call = await schedule('forgotten', callTo(gone));
  const campaign = await schedule('forgets', { kind: 'campaign', spec, contacts: [{ phone: gone }, { phone: TO }] });
  await erasePerson(ctx, { phone: gone });
  expect(await fire(call, justNow())).toMatchObject({ kind: 'left_out' });
  expect((await ctx.store.schedules.get('default', campaign))?.definition.work).toMatchObject({ contacts: [{ phone: TO }] });
});

test('a workflow’s call is written down once for its key, and a call that cannot be is refused for good', async () => {
  const activities = createWorkflowCallActivities(ctx, 'shop');
  const request = { to: TO, from: '+15005550006', agent, key: `workflow/${RUN}/1` };
  const prepared = await activities.prepareWorkflowCall(request);
  expect(await activities.prepareWorkflowCall(request)).toEqual(prepared);
  // The embedding program's gateway takes calls of its own app alone.
  expect((await ctx.store.campaigns.get(prepared.input?.campaignId ?? ''))?.spec.agent.code).toBe('shop/workflow');
  await expect(activities.prepareWorkflowCall({ ...request, to: '911', key: 'other' })).rejects.toMatchObject({
    type: 'PATTER_REQUEST_INVALID',
    nonRetryable: true,
  });
  await expect(activities.prepareWorkflowCall({ to: TO, agent, key: 'none' })).rejects.toMatchObject({
    message: expect.stringContaining('PATTER_PHONE_NUMBER'),
  });
});

test('an interval that an earlier version made keeps its phase, and fires no second time on the day of the upgrade', async () => {
  const every = 86_400_000;
  const id = await schedule('daily', callTo(TO), { times: { kind: 'every', everyMs: every } });
  const handle = ctx.temporal.schedule.getHandle(temporalScheduleId('default', id));
  await handle.update(({ action, policies, state }) => ({ action: action as never, policies, state, spec: { intervals: [{ every }] } }));
  const before = (await scheduleInfo(ctx, id)).next;
  expect(new Date(before[0] ?? 0).getTime() % every).toBe(0);
  await schedule('daily', callTo(TO), { times: { kind: 'every', everyMs: every } });
  expect((await scheduleInfo(ctx, id)).next).toEqual(before);
  // Another interval begins when the schedule was made.
  await schedule('daily', callTo(TO), { times: { kind: 'every', everyMs: every / 2 } });
  expect(new Date((await scheduleInfo(ctx, id)).next[0] ?? 0).getTime() % every).not.toBe(0);
});

test('a time that was being moved when the process died is moved by the next one, although the schedule has fired at the old time', async () => {
  const inSeconds = (s: number) => new Date((Math.ceil(Date.now() / 1_000) + s) * 1_000).toISOString();
  const first = inSeconds(4);
  const id = await schedule('moved', callTo(TO), { times: { kind: 'at', at: first } });
  const handle = ctx.temporal.schedule.getHandle(temporalScheduleId('default', id));
  for (;;) {
    const { info, state } = await handle.describe();
    if (state.remainingActions === 0 && info.recentActions.length > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const [fired] = (await handle.describe()).info.recentActions;
  if (fired?.action.type === 'startWorkflow') started.push(fired.action.workflow.workflowId);
  expect((await scheduleInfo(ctx, id)).next).toEqual([]);
  const at = inSeconds(3_600);
  const row = (await ctx.store.schedules.get('default', id))!;
  // Postgres comes first; then it died.
  await ctx.store.schedules.put({
    ...{ tenantId: 'default', scheduleId: id, now: new Date() },
    definition: { ...row.definition, times: { kind: 'at', at } },
  });
  await schedule('moved', callTo(TO), { times: { kind: 'at', at } });
  expect((await scheduleInfo(ctx, id)).next).toEqual([at]);
  // And what has fired does not fire again.
  await schedule('moved', callTo(TO), { times: { kind: 'at', at } });
  expect((await scheduleInfo(ctx, id)).next).toEqual([at]);
});
