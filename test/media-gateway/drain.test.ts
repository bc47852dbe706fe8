/** A gateway that was told to go: what it refuses, what it keeps, and to whom it sends callers. */
import { eventually, Harness, MediaClient, post, tokenFor } from './support/harness';

let harness: Harness;

beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.stop());

const draining = (gatewayId: string) => eventually(async () => (await harness.store.gateways.get(gatewayId))?.draining);
const patient = (variables: Record<string, string> = {}) => harness.gateway({ variables: { PATTER_DRAIN_TIMEOUT: '60s', ...variables } });

async function talk(gateway: Awaited<ReturnType<Harness['gateway']>>) {
  const { callId, carrierCallId } = await harness.startCall({ instruction: { kind: 'stream', attachment: 2 } });
  const media = await MediaClient.start(gateway, carrierCallId, tokenFor(callId));
  const session = await eventually(() => harness.sessions.of(callId).find((one) => one.started));
  return { callId, carrierCallId, media, session };
}

test('with another gateway: new streams are refused, callers are streamed to the other one, talks are given time', async () => {
  const other = await patient();
  const gateway = await patient();
  const { callId, carrierCallId, session } = await talk(gateway);
  const stopped = gateway.stop();
  await draining(gateway.gatewayId);
  expect((await fetch(`${gateway.urls.listening}/readyz`)).status).toBe(503);

  const late = await harness.startCall();
  const refused = await MediaClient.start(gateway, late.carrierCallId, tokenFor(late.callId));
  expect(await refused.closed).toEqual({ code: 1012, reason: 'PATTER_NO_GATEWAY' });

  const answer = await post(gateway, `/twilio/continue/${callId}`, { CallSid: carrierCallId, CallStatus: 'in-progress' });
  const otherMedia = `${other.urls.public?.replace('http', 'ws')}/twilio/media`;
  expect(answer.body).toContain(`<Stream url="${otherMedia}"`);
  expect(answer.body).toContain(`<Redirect>${other.urls.public}/twilio/continue/${callId}?stream=`);

  await eventually(() => session.drains[0]);
  expect(session.drains).toEqual([expect.any(Number)]);
  expect(session.drains[0]).toBeGreaterThan(1_000);
  session.end('drained');
  await stopped;
  expect((await harness.seen(callId)).reports).toMatchObject([{ end: 'drained' }]);
}, 30_000);

test('without another gateway: callers who are answered are taken, talks are left alone, and who asks waits', async () => {
  const gateway = await patient();
  const first = await talk(gateway);
  const stopped = gateway.stop();
  await draining(gateway.gatewayId);
  const late = await talk(gateway);
  const answer = await post(gateway, `/twilio/continue/${first.callId}`, { CallSid: first.carrierCallId, CallStatus: 'in-progress' });
  expect(answer.body).toContain('<Pause length="15"/>');
  // Not asked: the workflow would take the question for a stream that is about to open.
  expect((await harness.seen(first.callId)).instructions).toEqual([]);
  expect([first.session.drains, late.session.drains]).toEqual([[], []]);

  const rescuer = await patient();
  await eventually(() => first.session.drains.length === 1 && late.session.drains.length === 1);
  first.session.end('drained');
  late.session.end('agent_ended');
  await stopped;
  await rescuer.stop();
}, 30_000);

test('mode wait: talks end by themselves, and the gateway goes when the last one is over', async () => {
  await patient();
  const gateway = await patient({ PATTER_DRAIN_MODE: 'wait' });
  const { callId, carrierCallId, session } = await talk(gateway);
  const stopped = gateway.stop();
  await draining(gateway.gatewayId);
  session.end('agent_ended');
  await stopped;
  expect(session.drains).toEqual([]);
  expect((await harness.seen(callId)).reports).toMatchObject([{ end: 'agent_ended' }]);
  expect(harness.rest.ended).toContain(carrierCallId);
}, 30_000);

test('mode wait: what is left after the limit is moved', async () => {
  await patient();
  const gateway = await harness.gateway({ variables: { PATTER_DRAIN_MODE: 'wait', PATTER_DRAIN_TIMEOUT: '300ms' } });
  const { session } = await talk(gateway);
  const stopped = gateway.stop();
  await eventually(() => session.drains.length === 1);
  session.end('drained');
  await stopped;
}, 30_000);
