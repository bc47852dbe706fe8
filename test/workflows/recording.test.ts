/** The file of a recorded call: awaited, fetched, told of, and never lost, on Temporal's skipped time. */
import { randomBytes } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { type CarrierEvent, carrierEventSignal } from '../../contracts/call';
import { callOverSignal, type RecordingActivities, type RecordingLook } from '../../contracts/recording';
import { type Bench, recordHistory, startBench } from './bench';
import { until } from './call-world';

let bench: Bench | undefined;
beforeAll(async () => {
  bench = await startBench();
}, 300_000);
afterAll(() => bench?.stop());

const LOOK: RecordingLook = { gone: false, callOver: true, files: [], ready: [], pending: true, fetch: true, webhooks: [0, 1] };
const READY: Partial<RecordingLook> = { ready: ['RE1'], pending: false };

/** What the carrier and the store say, look after look; the last one stays. */
function play(looks: Partial<RecordingLook>[], over: Partial<RecordingActivities> = {}) {
  const ran: string[] = [];
  const note = (name: string) => ran.push(name);
  const activities: RecordingActivities = {
    lookForRecordings: async () => {
      note('look');
      return { ...LOOK, ...(looks.length > 1 ? looks.shift() : looks[0]) };
    },
    fetchRecording: async ({ recordingId }) => void note(`fetch ${recordingId}`),
    removeAtCarrier: async ({ recordingId }) => void note(`remove ${recordingId}`),
    giveRecordingUp: async ({ recordingId }) => void note(`give up ${recordingId ?? 'all'}`),
    deliverRecordingWebhook: async ({ webhook }) => void note(`tell ${webhook}`),
    ...over,
  };
  return { activities, ran };
}

async function run(
  { activities, ran }: ReturnType<typeof play>,
  script: (handle: { ready(): Promise<void>; over(): Promise<void> }, ran: string[]) => Promise<void>,
  history: string,
): Promise<void> {
  if (!bench) return;
  const { client, taskQueue } = bench;
  await bench.run(activities, async () => {
    const callId = `call_${randomBytes(16).toString('hex')}_1`;
    const handle = await client.workflow.start('recording', { workflowId: `recording/${callId}`, taskQueue, args: [{ callId }] });
    const event: CarrierEvent = {
      kind: 'recording',
      dedupeKey: 'recording/RE1/completed',
      carrierCallId: 'CA1',
      at: 1,
      recordingId: 'RE1',
      status: 'completed',
    };
    await script({ ready: () => handle.signal(carrierEventSignal, event), over: () => handle.signal(callOverSignal) }, ran);
    await handle.result();
    await recordHistory(handle, `recording.${history}`);
  });
}

test('the carrier tells: fetched, then removed there, then told', async () => {
  const world = play([READY]);
  await run(world, (recording) => recording.ready(), 'completed');
  expect(world.ran.slice(0, 3)).toEqual(['look', 'fetch RE1', 'remove RE1']);
  expect(world.ran.slice(3).sort()).toEqual(['tell 0', 'tell 1']);
});

test('the carrier never tells: it is asked, ever less often, until it has the file', async () => {
  const world = play([{}, {}, {}, {}, READY]);
  await run(world, (recording) => recording.over(), 'callback_lost');
  expect(world.ran.filter((step) => step === 'look')).toHaveLength(5);
  expect(world.ran.filter((step) => step.startsWith('fetch'))).toEqual(['fetch RE1']);
});

test('nobody tells anything, because the call was terminated: it is looked for all the same', async () => {
  const world = play([{ callOver: false }, READY]);
  await run(world, async () => undefined, 'nobody_tells');
  expect(world.ran).toContain('fetch RE1');
});

test('a file that is ready while the call goes on is fetched, and the call is waited for', async () => {
  const world = play([
    { ...READY, callOver: false },
    { ready: [], pending: false },
  ]);
  await run(
    world,
    async (recording, ran) => {
      await recording.ready();
      await until(() => ran.includes('remove RE1'), 'fetched');
      expect(ran).not.toContain('tell 0');
      await recording.over();
    },
    'stopped_early',
  );
  expect(world.ran.filter((step) => step.startsWith('fetch'))).toHaveLength(1);
  expect(world.ran).toContain('tell 0');
});

test('a storage that is down for a night: tried until it is back; one that never comes back: the file stays at the carrier', async () => {
  let tries = 0;
  const night = play([READY], {
    fetchRecording: async () => {
      if (++tries < 8) throw new Error('no space left on device');
    },
  });
  await run(night, (recording) => recording.ready(), 'fetch_retried');
  expect(night.ran).toContain('remove RE1');
  const never = play([READY], {
    fetchRecording: async () => {
      throw ApplicationFailure.nonRetryable('the bucket does not exist');
    },
  });
  await run(never, (recording) => recording.ready(), 'fetch_failed');
  expect(never.ran).toEqual(expect.arrayContaining(['give up RE1', 'tell 0']));
  expect(never.ran).not.toContain('remove RE1');
});

test('a carrier without a file: given up after a day, and told', async () => {
  const world = play([{}]);
  await run(world, (recording) => recording.over(), 'given_up');
  expect(world.ran).toEqual(expect.arrayContaining(['give up all', 'tell 0']));
  expect(world.ran).not.toContain('fetch RE1');
});

test("a recording that is left at the carrier is not fetched; one that was erased is nobody's business", async () => {
  const left = play([{ pending: false, fetch: false, ready: ['RE1'] }]);
  await run(left, (recording) => recording.ready(), 'left_at_carrier');
  expect(left.ran.sort()).toEqual(['look', 'tell 0', 'tell 1']);
  const erased = play([{ gone: true }]);
  await run(erased, (recording) => recording.ready(), 'erased');
  expect(erased.ran).toEqual(['look']);
});

test('a receiver that refuses the news holds nobody up', async () => {
  const world = play([READY], {
    deliverRecordingWebhook: async ({ webhook }) => {
      if (webhook === 0) throw ApplicationFailure.nonRetryable('410');
      world.ran.push('told');
    },
  });
  await run(world, (recording) => recording.ready(), 'webhook_refused');
  expect(world.ran).toContain('told');
});
