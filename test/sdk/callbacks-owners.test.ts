/** Two processes of one app on one database, as two dispatchers. */
import { pino } from 'pino';
import { buildSetup } from '../../activities/call/build-setup';
import type { CallSetup, TranscriptTurn } from '../../contracts/call';
import { CallbackDispatcher } from '../../sdk/callbacks';
import { callOf } from '../../store/call-of';
import type { ContactRow } from '../../store/store';
import { until } from '../activities/context';
import {
  allowUnlessInUse,
  campaignWith,
  claimOne,
  done,
  intentFor,
  NOW,
  openTestStore,
  settlementFor,
  type TestStore,
} from '../store/fixtures';

const AT = NOW.getTime();
const TURNS: TranscriptTurn[] = [
  { role: 'assistant', text: 'Hello?', at: AT + 1_000 },
  { role: 'user', text: 'Yes.', at: AT + 2_000 },
];

let t: TestStore;
let phones = 8_000_000;
const open: CallbackDispatcher[] = [];

beforeAll(async () => {
  t = await openTestStore();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((dispatcher) => dispatcher.stop()));
});
afterAll(async () => {
  await t?.close();
});

function process(wait: (id: string) => Promise<void> | undefined = () => undefined, known = true) {
  const told: string[] = [];
  const tell = async ({ deliveryId }: { deliveryId: string }) => {
    told.push(deliveryId.split(':')[1] ?? '');
    await wait(deliveryId);
  };
  const dispatcher = new CallbackDispatcher({
    app: 'app',
    store: t.store,
    callbacksOf: () => (known ? { onCallStart: tell, onTranscript: tell, onCallEnd: tell } : undefined),
    allowPrivate: true,
    log: pino({ level: 'silent' }),
  });
  open.push(dispatcher);
  return { dispatcher, told };
}

async function call(
  code = 'app/a',
): Promise<{ contact: ContactRow; setup: CallSetup; input: { tenantId: string; callId: string; app: string } }> {
  const campaign = await campaignWith(t.store, [`+1500${phones++}`], {
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'Hi.', code },
  });
  const contact = await claimOne(t.store, campaign);
  await t.store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
  const callId = callOf(contact);
  const setup = buildSetup({ ...contact, callId, spec: campaign.spec, to: contact.phone, from: '+15005550006' });
  return { contact, setup, input: { tenantId: 'default', callId, app: 'app' } };
}

const settle = (contact: ContactRow) => t.store.attempts.settle(settlementFor(contact, { turns: TURNS, answeredAt: AT }), done(), NOW);

test('while one tells the events of a call the other does not, and takes over where the first has stopped', async () => {
  const { contact, setup, input } = await call();
  let release = () => {};
  const slow = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = process((id) => (id.includes('transcript') ? slow : undefined));
  const second = process();
  first.dispatcher.taps.started?.({ setup, first: true }, []);
  first.dispatcher.taps.turn?.({ setup, first: true }, TURNS[0] as TranscriptTurn, TURNS.slice(0, 1));
  await until(async () => first.told.length === 2);
  await expect(second.dispatcher.finish(input)).rejects.toThrow('is not complete yet');
  await settle(contact);
  await expect(second.dispatcher.finish(input)).rejects.toThrow('another process');
  expect(second.told).toEqual([]);
  const stopping = first.dispatcher.stop();
  release();
  await stopping;
  await second.dispatcher.finish(input);
  expect([first.told, second.told]).toEqual([
    ['start', 'transcript'],
    ['transcript', 'end'],
  ]);
  // All has been told: whoever is asked once more has nothing to do.
  await second.dispatcher.finish(input);
  expect(second.told).toHaveLength(2);
});

test('a process that does not know whom to tell leaves the events to one that does; calls of other apps are none of its business', async () => {
  const { contact, input } = await call();
  await settle(contact);
  const stranger = process(undefined, false);
  await expect(stranger.dispatcher.finish(input)).rejects.toThrow('has not made the agent app/a');
  const other = await call('elsewhere/a');
  const mine = process();
  mine.dispatcher.taps.started?.({ setup: other.setup, first: true }, []);
  await mine.dispatcher.finish(input);
  expect(mine.told).toEqual(['start', 'transcript', 'transcript', 'end']);
  expect(mine.dispatcher.live(other.input.callId)).toBeUndefined();
});

test('live and from the record in one process: the record waits for what is being told, and the stream tells nothing after it', async () => {
  const { contact, setup, input } = await call();
  const { dispatcher, told } = process((id) => (id.includes('start') ? new Promise((resolve) => setTimeout(resolve, 50)) : undefined));
  dispatcher.taps.started?.({ setup, first: true }, []);
  dispatcher.taps.turn?.({ setup, first: true }, TURNS[0] as TranscriptTurn, TURNS.slice(0, 1));
  await settle(contact);
  const finished = dispatcher.finish(input);
  dispatcher.taps.ended?.({ setup, first: true }, undefined);
  await finished;
  dispatcher.taps.turn?.({ setup, first: true }, TURNS[1] as TranscriptTurn, TURNS);
  expect(told).toEqual(['start', 'transcript', 'transcript', 'end']);
  expect(await t.store.deliveries.get(input.callId)).toMatchObject({ owner: null, completedAt: expect.any(Date) });
});
