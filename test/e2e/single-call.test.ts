/** Calls of their own from end to end: placed, watched from elsewhere, steered, repeated, over HTTP and on the command line. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { priceScheduleId } from '../../contracts/carrier-price';
import { commandCall } from '../../control/calls/command-call';
import { getCall } from '../../control/calls/get-call';
import { type PlaceCallRequest, placeCall } from '../../control/calls/place-call';
import type { CallSnapshot } from '../../control/calls/snapshot';
import type { CallUpdate } from '../../control/calls/updates';
import { callResult, watchCall } from '../../control/calls/watch-call';
import { openControlContext } from '../../control/context';
import { createLogger } from '../../runtime/log';
import { readProcessState } from '../../runtime/process-files';
import { builtProgram } from '../support/built';
import { phoneOf, startWorld, type World } from './world';

const FROM = '+15005550006';
const [TALKS, BUSY, TRANSFERRED, ORPHANED, COMMAND_LINE] = [0, 1, 2, 3, 4].map(phoneOf) as [string, string, string, string, string];
/** The agent's prompt names nobody. */
const COLLEAGUE = '+14155559001';

let world: World;
beforeAll(async () => {
  world = await startWorld({
    personas: {
      listens: {
        kind: 'human',
        answerAfterMs: 300,
        patienceMs: 90_000,
        steps: [{ say: 'Hello?' }, { hear: '/never said/', orAfterMs: 60_000, hangUp: true }],
      },
      brief: {
        kind: 'human',
        answerAfterMs: 300,
        steps: [{ say: 'Hello?' }, { hear: '/suit you/', say: 'Yes, bye.' }, { waitMs: 500, hangUp: true }],
      },
      colleague: { kind: 'human', answerAfterMs: 300, steps: [{ say: 'Colleague speaking.' }, { waitMs: 1_500, hangUp: true }] },
    },
    people: {
      [TALKS]: 'listens',
      [BUSY]: 'busy',
      [TRANSFERRED]: 'listens',
      [COLLEAGUE]: 'colleague',
      [ORPHANED]: 'listens',
      [COMMAND_LINE]: 'brief',
    },
  });
}, 180_000);
afterAll(() => world?.stop(), 60_000);

const place = (to: string, over: Partial<PlaceCallRequest> = {}) =>
  placeCall(world.ctx, {
    ...{ to, from: FROM, variables: { date: 'Tuesday' } },
    agent: {
      engine: { type: 'openai-realtime' },
      systemPrompt: 'You are the assistant of Acme Dental.',
      disclosure: 'This is an AI assistant.',
      firstMessage: 'Your appointment is on {date}. Does it suit you?',
    },
    ...over,
  });

async function until(callId: string, holds: (call: CallSnapshot) => boolean): Promise<void> {
  let last: CallSnapshot | undefined;
  for await (const { snapshot } of watchCall(world.ctx, callId)) {
    if (holds(snapshot)) return;
    last = snapshot;
  }
  throw new Error(`the call ended first: ${JSON.stringify(last)}`);
}
function apiUrl(): string {
  const url = world.stack.urls().control?.api;
  if (!url) throw new Error('control is not up');
  return url;
}
const heardBy = async (to: string) => ((await world.calls(to))[0]?.heard ?? []).map(({ text }) => text).join('|');

test('a call is placed once, watched by another process, spoken into and hung up with last words', async () => {
  const { callId, existing } = await place(TALKS, { idempotencyKey: 'taxi-1', customParams: { ride: '77' } });
  expect(existing).toBe(false);
  expect(await place(TALKS, { idempotencyKey: 'taxi-1', customParams: { ride: '77' } })).toEqual({ callId, existing: true, notes: [] });

  // Another process: connections of its own.
  const other = await openControlContext(world.stack.config, createLogger('test', 'error'));
  const statuses: string[] = [];
  const turns: string[] = [];
  const watching = (async () => {
    for await (const { snapshot, statusChanged, turnsFrom } of watchCall(other, callId, { intervalMs: 100 })) {
      if (statusChanged) statuses.push(snapshot.status);
      turns.splice(turnsFrom, Number.POSITIVE_INFINITY, ...snapshot.turns.slice(turnsFrom).map(({ text }) => text));
    }
  })();
  await until(callId, ({ turns }) => turns.some(({ text }) => text.includes('suit you')));
  await commandCall(other, callId, { kind: 'say', text: 'Your taxi waits outside.' }, { orderId: 'say-1' });
  await commandCall(world.ctx, callId, { kind: 'say', text: 'Your taxi waits outside.' }, { orderId: 'say-1' });
  await until(callId, ({ turns }) => turns.some(({ text }) => text === 'Your taxi waits outside.'));
  await commandCall(world.ctx, callId, { kind: 'hangup', say: 'Have a good ride. Goodbye.' });
  await watching;
  await other.close();

  const call = await getCall(world.ctx, callId);
  expect(call).toMatchObject({
    status: 'ended',
    outcome: 'completed',
    answeredBy: 'human',
    customParams: { ride: '77' },
    to: TALKS,
    from: FROM,
  });
  expect(call?.durationMs).toBeGreaterThan(0);
  expect(statuses.slice(-2)).toEqual(['in-progress', 'ended']);
  expect(turns).toEqual(call?.turns.map(({ text }) => text));
  expect(await world.calls(TALKS)).toHaveLength(1);
  const heard = await heardBy(TALKS);
  expect(heard.match(/Your taxi waits outside\./g)).toHaveLength(1);
  expect(heard).toContain('Have a good ride. Goodbye.');
  await expect(commandCall(world.ctx, callId, { kind: 'say', text: 'Too late.' })).rejects.toMatchObject({ code: 'PATTER_CALL_ENDED' });
}, 90_000);

test('busy is a result, told over HTTP as it happens', async () => {
  const { callId } = await place(BUSY, { ringTimeoutMs: null });
  const response = await fetch(`${apiUrl()}/api/calls/${callId}/events`, { signal: AbortSignal.timeout(60_000) });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const updates = [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, json = '']) => JSON.parse(json) as CallUpdate);
  expect(updates.at(-1)).toMatchObject({ type: 'ended', call: { callId, outcome: 'busy', durationMs: 0, turns: [] } });
}, 90_000);

test('the developer’s code hands the caller to a number that no prompt names', async () => {
  const { callId } = await place(TRANSFERRED);
  await until(callId, ({ turns }) => turns.length > 0);
  await commandCall(world.ctx, callId, { kind: 'transfer', number: COLLEAGUE });
  expect(await callResult(world.ctx, callId)).toMatchObject({ outcome: 'transferred', transferredTo: COLLEAGUE });
  expect(await world.calls(COLLEAGUE)).toHaveLength(1);
}, 90_000);

test('an order survives the gateway that held the call: the next one says the line, once', async () => {
  const { callId } = await place(ORPHANED);
  await until(callId, ({ status, turns }) => status === 'in-progress' && turns.some(({ text }) => text.includes('suit you')));
  const attempt = await world.ctx.store.attempts.get(callId);
  const gateway = await world.ctx.store.gateways.get(attempt?.gatewayId ?? '');
  if (!gateway) throw new Error('no gateway');
  const [, index] = /-(\d+)-[0-9a-f]+$/.exec(gateway.gatewayId) ?? [];
  const state = readProcessState(world.home, `gateway-${index}`);
  if (!state) throw new Error(`gateway-${index} is not there`);
  process.kill(state.pid, 'SIGKILL');
  await commandCall(world.ctx, callId, { kind: 'say', text: 'We are still here.' });
  await until(callId, ({ turns }) => turns.some(({ text }) => text === 'We are still here.'));
  await commandCall(world.ctx, callId, { kind: 'hangup' });
  expect(await callResult(world.ctx, callId)).toMatchObject({ outcome: 'completed', reason: 'hung up on request' });
  expect((await heardBy(ORPHANED)).match(/We are still here\./g)).toHaveLength(1);
}, 120_000);

test('patter call --wait --json prints the call and nothing else; what it cost is estimated until Twilio has told its price', async () => {
  const file = join(world.home, 'agent.yaml');
  writeFileSync(
    file,
    'engine: { type: openai-realtime }\nsystemPrompt: You call about {what}.\nfirstMessage: It is {what}. Does it suit you?\n',
  );
  const args = ['call', COMMAND_LINE, '--agent', file, '--from', FROM, '--var', 'what=Friday', '--wait', '--json'];
  const env = { ...process.env, PATTER_HOME: world.home };
  const program = await builtProgram();
  const patter = async (...typed: string[]) =>
    (await promisify(execFile)(process.execPath, [program, ...typed], { env, timeout: 90_000 })).stdout;
  const call: CallSnapshot = JSON.parse(await patter(...args));
  expect(call).toMatchObject({
    status: 'ended',
    outcome: 'completed',
    to: COMMAND_LINE,
    costEstimated: true,
    carrierPrice: { state: 'waiting' },
  });
  expect(await heardBy(COMMAND_LINE)).toContain('It is Friday.');
  // Minutes later: due now, and the worker's schedule looks.
  const { store, temporal } = world.ctx;
  await store.prices.claimDue(new Date(Date.now() + 3_600_000), 1_000, () => new Date(0));
  await temporal.schedule.getHandle(priceScheduleId(world.stack.config.PATTER_TASK_QUEUE)).trigger(ScheduleOverlapPolicy.BUFFER_ONE);
  while ((await store.attempts.get(call.callId))?.priceState !== 'final') await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await getCall(world.ctx, call.callId)).toMatchObject({
    costEstimated: false,
    carrierPrice: { state: 'final', amount: 0.014, currency: 'USD', estimateUsd: 0.014 },
  });
  const shown = await patter('calls', 'show', call.callId);
  expect(shown).toMatch(/Twilio call, as billed/);
  expect(shown).toMatch(/\$0\.0140, told by the carrier .* we reckoned \$0\.0140/);
}, 120_000);
