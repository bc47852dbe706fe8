/** What connected programs are told of calls that have ended, by one control process: from the records in the store, to programs that are played by hand. */
import { inboundCallId } from '../../contracts/call-id';
import { systemClock } from '../../contracts/clock';
import { inboundDigest } from '../../contracts/ids';
import { lineFileSchema } from '../../contracts/line';
import type { SdkServerMessage } from '../../contracts/sdk-protocol';
import type { Answerer } from '../../control/backend/answerers';
import { DEFAULT_EVENT_PUMP_OPTIONS, EventPump, type EventPumpOptions } from '../../control/backend/event-pump';
import { MessageRelay } from '../../control/backend/relay';
import type { ControlContext } from '../../control/context';
import { createLogger } from '../../runtime/log';
import { until } from '../chaos/until';
import { done, openTestStore, type TestStore } from '../store/fixtures';

const [SLOW, QUICK] = ['+15005550041', '+15005550042'] as const;
const WITHIN_MS = 30_000;
let test_: TestStore;
let pump: EventPump | undefined;
let calls = 0;

beforeAll(async () => {
  test_ = await openTestStore();
  const { store } = test_;
  const now = new Date();
  await store.gateways.renew(
    { gatewayId: 'gw', publicUrl: 'http://gw', internalUrl: 'http://gw', maxCalls: 9, activeCalls: 0, draining: false },
    now,
  );
  for (const number of [SLOW, QUICK]) {
    const agent = { engine: { type: 'openai-realtime' }, systemPrompt: 'You answer.' };
    await store.lines.set({ tenantId: 'default', line: lineFileSchema.parse({ name: `line-${number.slice(1)}`, number, agent }), now });
    await store.sdk.keepEvents('default', number, now);
  }
}, 60_000);
afterEach(async () => {
  await pump?.stop();
  pump = undefined;
});
afterAll(() => test_?.close());

function start(options: Partial<EventPumpOptions>): MessageRelay {
  const { store } = test_;
  // Calls that have ended are all in the store.
  const ctx = { store, clock: systemClock, log: createLogger('test', 'silent') } as unknown as ControlContext;
  const relay = new MessageRelay(systemClock);
  pump = new EventPump(ctx, relay, { ...DEFAULT_EVENT_PUMP_OPTIONS, lookEveryMs: 20, ...options });
  pump.start();
  return relay;
}

/** @param takes false: it never says that it has taken an event */
function program(number: string, takes: boolean) {
  const got: string[] = [];
  const send = (message: SdkServerMessage) => {
    if (message.type !== 'event') return;
    got.push(`${message.call.callId} ${message.event}`);
    if (takes) pump?.answered(message.call.callId, message.event, true);
  };
  const answerer: Answerer = { clientId: `default/${number}/a`, tenantId: 'default', number, connection: 0, send };
  return { answerer, got };
}

/** The record of a call to the number that is over. */
async function callThatEnded(to: string): Promise<string> {
  const { store } = test_;
  const now = new Date();
  const carrierCallId = `CA${++calls}`;
  const admitted = await store.lines.admit({
    ...{ callId: inboundCallId(inboundDigest('twilio', carrierCallId)), carrier: 'twilio', carrierCallId, from: '+12125550101', to },
    ...{ variables: {}, gatewayId: 'gw', now, deadline: () => new Date(now.getTime() + 60_000) },
  });
  if (admitted.kind !== 'admitted') throw new Error(admitted.kind);
  const { callId, tenantId, campaignId, contactId } = admitted.attempt;
  await store.attempts.settle(
    {
      ...{ tenantId, campaignId, contactId, callId, outcome: 'completed', answeredBy: 'human', endedAt: now.getTime() },
      ...{ turns: [], usage: [], toolCalls: [], voicemailLeft: false, consumed: true },
    },
    done(),
    now,
  );
  return callId;
}

test('a program that is slow has so many events before it, and holds up no other’s', async () => {
  const slow = [];
  for (let n = 0; n < 4; n++) slow.push(await callThatEnded(SLOW));
  const quick = await callThatEnded(QUICK);
  const relay = start({ mostWaiting: 2 });
  const [first, second] = [program(SLOW, false), program(QUICK, true)];
  relay.connected(first.answerer);
  relay.connected(second.answerer);
  // Its call is the newest: those of the slow program are looked at before.
  await until(() => second.got.length === 1, { withinMs: WITHIN_MS, what: 'the event of the quick one' });
  expect(second.got).toEqual([`${quick} end`]);
  await until(() => first.got.length === 2, { withinMs: WITHIN_MS, what: 'the events of the slow one' });
  // As soon as it has taken one it gets the next.
  const [taken] = (first.got[0] as string).split(' ') as [string];
  pump?.answered(taken, 'end', true);
  await until(() => first.got.length === 3, { withinMs: WITHIN_MS, what: 'the next event' });
  expect(new Set(first.got.map((each) => each.split(' ')[0])).size).toBe(3);
  // Gone: what it has not taken is told to who takes its place.
  relay.disconnected(first.answerer);
  pump?.clientGone(first.answerer.clientId);
  const next = program(SLOW, true);
  relay.connected(next.answerer);
  await until(() => next.got.length === 3, { withinMs: WITHIN_MS, what: 'what was left' });
  expect(next.got.sort()).toEqual(
    slow
      .filter((callId) => callId !== taken)
      .map((callId) => `${callId} end`)
      .sort(),
  );
}, 90_000);

test('more calls than a process follows are told of all the same, when others have been', async () => {
  const ended = [];
  for (let n = 0; n < 5; n++) ended.push(await callThatEnded(QUICK));
  const relay = start({ mostCalls: 2 });
  const { answerer, got } = program(QUICK, true);
  relay.connected(answerer);
  await until(() => got.length === ended.length, { withinMs: WITHIN_MS, what: 'all events' });
  expect(got.sort()).toEqual(ended.map((callId) => `${callId} end`).sort());
}, 60_000);
