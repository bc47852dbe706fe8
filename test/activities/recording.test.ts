/** The activities of recordings and key presses, over a database and the lab's phone company, killed and repeated at the moments that matter. */
import { existsSync, readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { createActivities } from '../../activities';
import type { ActivityContext } from '../../activities/context';
import { recordingKey } from '../../activities/recording/storage';
import { recordingWorkflowId } from '../../contracts/call-id';
import { type Carrier, type CarrierName, UnknownOutcomeError } from '../../contracts/carrier';
import { systemClock } from '../../contracts/clock';
import type { RecordingTrack } from '../../contracts/recording';
import { callOf } from '../../store/call-of';
import { allowUnlessInUse, campaignWith, claimOne, done, intentFor, later, settlementFor } from '../store/fixtures';
import { openTestActivities, registerGateway, type TestActivities, until } from './context';

const STARTING: RecordingTrack = { changes: [{ state: 'starting', at: 1 }] };
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Long enough to ask before it is over. */
const SAVING_MS = 4_000;

let t: TestActivities;
let twilio: Carrier;
/** Media sockets that say nothing: the person stays on the line. */
let media: WebSocketServer;
let nextNumber = 5_550_100;

beforeAll(async () => {
  t = await openTestActivities({
    telnyx: true,
    scenario: {
      telnyx: { savingMs: SAVING_MS },
      default: 'talks',
      network: { ringAfterMs: 20 },
      personas: { talks: { kind: 'human', answerAfterMs: 20, patienceMs: 60_000, steps: [] } },
    },
  });
  await registerGateway(t.ctx);
  media = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  twilio = t.ctx.carriers.get('twilio') as Carrier;
});
afterAll(async () => {
  for (const socket of media.clients) socket.terminate();
  media.close();
  await t.close();
});

interface LiveCall {
  callId: string;
  carrierCallId: string;
  phone: string;
  /** At the carrier and in the record. */
  end(): Promise<void>;
}

/** A call that a campaign placed and somebody answered. */
async function liveCall(recording: object = {}, by: CarrierName = 'twilio'): Promise<LiveCall> {
  const { store } = t.ctx;
  const carrier = t.ctx.carriers.get(by) as Carrier;
  const phone = `+1212${nextNumber++}`;
  const campaign = await campaignWith(store, [phone], { recording, carrier: by });
  const contact = await claimOne(store, campaign);
  const callId = callOf(contact);
  await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
  const placed = await carrier.placeCall({
    callId,
    to: phone,
    from: '+15005550006',
    gatewayUrl: `http://127.0.0.1:${(media.address() as AddressInfo).port}`,
    fallbackGatewayUrl: 'http://127.0.0.1:9',
    token: 'token',
    ringTimeoutMs: 5_000,
    timeLimitMs: 60_000,
    machineDetection: false,
  });
  if (placed.kind !== 'accepted') throw new Error(placed.message);
  const { carrierCallId } = placed;
  await store.attempts.markPlaced(callId, carrierCallId);
  await until(async () => (await carrier.fetchCall(carrierCallId))?.status === 'in_progress');
  return {
    callId,
    carrierCallId,
    phone,
    async end() {
      // Longer than the second in which Twilio counts.
      await new Promise((resolve) => systemClock.after(700, () => resolve(undefined)));
      await carrier.hangup(carrierCallId);
      await store.attempts.settle(settlementFor(contact, { callId }), done(), later(20_000));
      await until(async () => (await carrier.recordings.list(carrierCallId)).every(({ state }) => state === 'available'));
    },
  };
}

const start = (call: LiveCall, activities = t.activities) =>
  t.inActivity(() => activities.startRecording({ callId: call.callId, carrierCallId: call.carrierCallId, track: STARTING }));

/** The same activities with something else in the carrier's place. */
function withRecordings(over: Partial<Carrier['recordings']>, parts: Partial<ActivityContext> = {}) {
  const { recordings } = twilio;
  const named: Carrier['recordings'] = {
    start: (request) => recordings.start(request),
    pause: (...args) => recordings.pause(...args),
    resume: (...args) => recordings.resume(...args),
    stop: (...args) => recordings.stop(...args),
    list: (id) => recordings.list(id),
    download: (...args) => recordings.download(...args),
    remove: (id) => recordings.remove(id),
    ...over,
  };
  const carrier = Object.assign(Object.create(twilio) as Carrier, { recordings: named });
  return createActivities({ ...t.ctx, ...parts, carriers: new Map([['twilio', carrier]]) });
}

async function waiterOf(callId: string): Promise<string> {
  return (await t.ctx.temporal.workflow.getHandle(recordingWorkflowId(callId)).describe()).status.name;
}

const folderOf = ({ callId }: LiveCall) => join(t.ctx.config.PATTER_HOME, 'recordings', callId);

test('somebody waits for the file before the carrier is asked to record', async () => {
  const call = await liveCall();
  const broken = withRecordings({ start: () => Promise.reject(new UnknownOutcomeError('no answer')) });
  await expect(start(call, broken)).rejects.toBeInstanceOf(UnknownOutcomeError);
  expect(await waiterOf(call.callId)).toBe('RUNNING');
  expect((await t.ctx.store.recordings.get(call.callId))?.track).toEqual(STARTING);
});

test('a start whose answer was lost, and its retry: one recording', async () => {
  const call = await liveCall();
  const answerLost = withRecordings({
    start: async (request) => {
      await twilio.recordings.start(request);
      throw new UnknownOutcomeError('the connection broke');
    },
  });
  await expect(start(call, answerLost)).rejects.toBeInstanceOf(UnknownOutcomeError);
  const { recordingId, change } = await start(call);
  expect(change.state).toBe('recording');
  expect((await twilio.recordings.list(call.carrierCallId)).map((each) => each.recordingId)).toEqual([recordingId]);
  expect((await t.ctx.store.recordings.get(call.callId))?.track.changes.map(({ state }) => state)).toEqual(['starting', 'recording']);
});

test('pausing is repeated without harm; a call that is over is not asked again', async () => {
  const call = await liveCall({ pausable: true });
  const { recordingId } = await start(call);
  const pause = () =>
    t.inActivity(() =>
      t.activities.setRecordingPaused({
        callId: call.callId,
        carrierCallId: call.carrierCallId,
        recordingId,
        paused: true,
        track: STARTING,
      }),
    );
  await pause();
  await pause();
  expect((await twilio.recordings.list(call.carrierCallId))[0]?.state).toBe('paused');
  await call.end();
  await expect(pause()).rejects.toMatchObject({ nonRetryable: true, type: 'PATTER_CALL_ENDED' });
});

test('one that is stopped stays stopped: its file comes while they talk on, and the stop is repeated without harm', async () => {
  const call = await liveCall();
  const { recordingId = '' } = await start(call);
  const track: RecordingTrack = { changes: [...STARTING.changes, { state: 'recording', at: 2 }] };
  const { callId, carrierCallId } = call;
  const stop = () => t.inActivity(() => t.activities.stopRecording({ callId, carrierCallId, recordingId, reason: 'withdrawn', track }));
  // Longer than the second in which Twilio counts.
  await new Promise((resolve) => systemClock.after(700, () => resolve(undefined)));
  expect(await stop()).toMatchObject({ change: { state: 'stopped', reason: 'withdrawn' } });
  await stop();
  expect((await t.ctx.store.recordings.get(callId))?.track.changes.map(({ state }) => state)).toEqual(['starting', 'recording', 'stopped']);
  await until(async () => (await twilio.recordings.list(carrierCallId)).every(({ state }) => state === 'available'));
  expect((await twilio.fetchCall(carrierCallId))?.status).toBe('in_progress');
  await call.end();
  expect(await twilio.recordings.list(carrierCallId)).toHaveLength(1);
});

test('a file is looked for, fetched once, and only then removed at the carrier', async () => {
  const call = await liveCall();
  const { recordingId = '' } = await start(call);
  const { callId } = call;
  expect(await t.inActivity(() => t.activities.lookForRecordings({ callId }))).toMatchObject({ callOver: false, pending: true, ready: [] });
  await expect(t.inActivity(() => t.activities.removeAtCarrier({ callId, recordingId }))).rejects.toMatchObject({ nonRetryable: true });
  await call.end();
  expect(await t.inActivity(() => t.activities.lookForRecordings({ callId }))).toMatchObject({
    callOver: true,
    pending: false,
    ready: [recordingId],
    fetch: true,
  });
  let downloads = 0;
  const counting = withRecordings({
    download: (...args) => {
      downloads++;
      return twilio.recordings.download(...args);
    },
  });
  await t.inActivity(() => counting.fetchRecording({ callId, recordingId }));
  await t.inActivity(() => counting.fetchRecording({ callId, recordingId }));
  expect(downloads).toBe(1);
  expect(readdirSync(folderOf(call))).toEqual([`${recordingId}.wav`]);
  await t.inActivity(() => t.activities.removeAtCarrier({ callId, recordingId }));
  await t.inActivity(() => t.activities.removeAtCarrier({ callId, recordingId }));
  expect(await twilio.recordings.list(call.carrierCallId)).toEqual([]);
  const [file] = (await t.ctx.store.recordings.get(callId))?.files ?? [];
  expect(file).toMatchObject({
    state: 'stored',
    channels: 2,
    removedAtCarrier: true,
    location: join(folderOf(call), `${recordingId}.wav`),
  });
});

test('a download that stalls is given up, and leaves nothing', async () => {
  const call = await liveCall();
  const { recordingId = '' } = await start(call);
  await call.end();
  await t.inActivity(() => t.activities.lookForRecordings({ callId: call.callId }));
  await fetch(`${t.labUrl}/lab/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'recording_stalls', to: call.phone, count: 1 }),
  });
  // A clock on which thirty seconds are a few milliseconds.
  const hurried = { ...systemClock, after: (ms: number, fn: () => void) => systemClock.after(ms / 100, fn) };
  const impatient = withRecordings({}, { clock: hurried });
  await expect(t.inActivity(() => impatient.fetchRecording({ callId: call.callId, recordingId }))).rejects.toThrow(/no progress/);
  expect(readdirSync(folderOf(call))).toEqual([]);
  await t.inActivity(() => t.activities.fetchRecording({ callId: call.callId, recordingId }));
  expect(readdirSync(folderOf(call))).toEqual([`${recordingId}.wav`]);
});

test('whoever is erased while their file is fetched: the file does not stay', async () => {
  const call = await liveCall();
  const { recordingId = '' } = await start(call);
  await call.end();
  await t.inActivity(() => t.activities.lookForRecordings({ callId: call.callId }));
  const erasing = withRecordings({
    download: async (...args) => {
      const file = await twilio.recordings.download(...args);
      await t.ctx.store.privacy.erasePerson({ tenantId: 'default', phone: call.phone, now: new Date() });
      return file;
    },
  });
  await t.inActivity(() => erasing.fetchRecording({ callId: call.callId, recordingId }));
  expect(existsSync(folderOf(call))).toBe(false);
  expect(await t.inActivity(() => t.activities.lookForRecordings({ callId: call.callId }))).toMatchObject({ gone: true });
  expect(await t.inActivity(() => t.activities.applyRetention({ tenantId: 'default' }))).toMatchObject({ recordings: 1 });
  expect(await twilio.recordings.list(call.carrierCallId)).toEqual([]);
});

test('retention deletes by age, here and at the carrier, also a file that a killed process stored and could not note', async () => {
  const call = await liveCall();
  const { recordingId = '' } = await start(call);
  await call.end();
  await t.inActivity(() => t.activities.lookForRecordings({ callId: call.callId }));
  await t.inActivity(() => t.activities.fetchRecording({ callId: call.callId, recordingId }));
  await t.ctx.store.recordings.updateFile(call.callId, recordingId, () => ({ recordingId, state: 'waiting' }));
  expect(existsSync(join(t.ctx.config.PATTER_HOME, 'recordings', recordingKey(call.callId, recordingId)))).toBe(true);
  const config = { ...t.ctx.config, PATTER_RECORDING_DAYS: 7 };
  const at = (ms: number) => withRecordings({}, { config, clock: { ...systemClock, now: () => Date.now() + ms } });
  expect(await t.inActivity(() => at(6 * DAY_MS).applyRetention({ tenantId: 'default' }))).toMatchObject({ recordings: 0 });
  const failing = withRecordings(
    { remove: () => Promise.reject(new UnknownOutcomeError('no answer')) },
    { config, clock: { ...systemClock, now: () => Date.now() + 8 * DAY_MS } },
  );
  expect(await t.inActivity(() => failing.applyRetention({ tenantId: 'default' }))).toMatchObject({ recordings: expect.any(Number) });
  expect((await t.ctx.store.recordings.get(call.callId))?.removedAt).toBeNull();
  await t.inActivity(() => at(8 * DAY_MS).applyRetention({ tenantId: 'default' }));
  expect(existsSync(folderOf(call))).toBe(false);
  expect(await twilio.recordings.list(call.carrierCallId)).toEqual([]);
  expect((await t.ctx.store.recordings.get(call.callId))?.removedAt).toEqual(expect.any(Date));
});

test('bug: whoever is erased before Telnyx has saved the file: it does not stay there', async () => {
  const telnyx = t.ctx.carriers.get('telnyx') as Carrier;
  const call = await liveCall({}, 'telnyx');
  await start(call);
  await call.end();
  await t.ctx.store.privacy.erasePerson({ tenantId: 'default', phone: call.phone, now: new Date() });
  const retention = () => t.inActivity(() => t.activities.applyRetention({ tenantId: 'default' }));
  await retention();
  expect(await t.ctx.store.recordings.get(call.callId)).toMatchObject({ removedAt: null, carrierCallId: call.carrierCallId });
  await until(async () => (await telnyx.recordings.list(call.carrierCallId)).length === 1);
  expect(await retention()).toMatchObject({ recordings: 1 });
  expect(await telnyx.recordings.list(call.carrierCallId)).toEqual([]);
  expect(await t.ctx.store.recordings.get(call.callId)).toMatchObject({ removedAt: expect.any(Date), carrierCallId: '' });
}, 60_000);

test('a file that never came is waited for an hour; where the carrier did not record, not at all', async () => {
  const asked = Date.now();
  const recorded = async () => {
    const call = await liveCall();
    await start(call, withRecordings({ start: async () => ({ recordingId: undefined }) }));
    await call.end();
    return call;
  };
  const [lost, refused] = await Promise.all([recorded(), recorded()]);
  const failed: RecordingTrack = { changes: [...STARTING.changes, { state: 'recording', at: 2 }, { state: 'failed', at: 3 }] };
  await t.inActivity(() => t.activities.noteRecording({ callId: refused.callId, track: failed }));
  const erase = ({ phone }: LiveCall) => t.ctx.store.privacy.erasePerson({ tenantId: 'default', phone, now: new Date(asked) });
  const removedBy = async (ms: number) => {
    const later = withRecordings({}, { clock: { ...systemClock, now: () => asked + ms } });
    await t.inActivity(() => later.applyRetention({ tenantId: 'default' }));
    const rows = await Promise.all([lost, refused].map(({ callId }) => t.ctx.store.recordings.get(callId)));
    return rows.map((row) => row?.removedAt instanceof Date);
  };
  await erase(lost);
  await erase(refused);
  expect(await removedBy(59 * MINUTE_MS)).toEqual([false, true]);
  expect(await removedBy(61 * MINUTE_MS)).toEqual([true, true]);
}, 60_000);

test('keys are asked for once, whoever repeats the activity', async () => {
  const call = await liveCall();
  const press = () =>
    t.inActivity(() =>
      t.activities.sendDigits({
        callId: call.callId,
        carrierCallId: call.carrierCallId,
        requestId: 'd1',
        digits: '42',
        gatewayId: 'gw-test',
        attachment: 2,
      }),
    );
  expect(await press()).toEqual({ kind: 'sent', stream: 'replaced' });
  expect(await press()).toEqual({ kind: 'unknown' });
  const heard = async () => {
    const [entry] = (await (await fetch(`${t.labUrl}/lab/calls?to=${encodeURIComponent(call.phone)}`)).json()) as { dtmfHeard?: string }[];
    return entry?.dtmfHeard;
  };
  await until(async () => (await heard()) === '42');
});
