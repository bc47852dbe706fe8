/** The product's own Twilio carrier against the lab: both sides of the protocol were written from the same documents, by different people. */

import { createTwilioCarrier } from '../../carriers/twilio';
import { type Carrier, UnknownOutcomeError } from '../../contracts/carrier';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { FROM, Harness, TO } from './harness';

let harness: Harness;
let carrier: Carrier;
afterEach(() => harness.stop());

async function start(...options: Parameters<typeof Harness.start>): Promise<void> {
  harness = await Harness.start(...options);
  carrier = createTwilioCarrier({ accountSid: LAB_ACCOUNT.sid, authToken: LAB_ACCOUNT.authToken, baseUrl: harness.lab.url });
}

function place(to = TO) {
  return carrier.placeCall({
    callId: 'call-1',
    to,
    from: FROM,
    gatewayUrl: harness.customerUrl,
    fallbackGatewayUrl: harness.customerUrl,
    token: 'a.signed.token',
    ringTimeoutMs: 5000,
    timeLimitMs: 60_000,
    machineDetection: true,
  });
}

test('a placed call reaches the media socket with its token, is transferred, and can be hung up twice', async () => {
  const desk = '+14155550199';
  await start({
    people: {
      [TO]: { kind: 'human', answerAfterMs: 0, steps: [{ say: 'Hello?' }] },
      [desk]: { kind: 'human', answerAfterMs: 0, steps: [{ say: 'Front desk.' }] },
    },
  });
  const placed = await place();
  if (placed.kind !== 'accepted') throw new Error(placed.message);
  const { carrierCallId } = placed;
  const peer = await harness.until('start', () => harness.peers.find((other) => other.of('start').length > 0));
  expect(harness.entry(carrierCallId).streams[0]?.customParameters).toEqual({ token: 'a.signed.token' });
  await harness.until('human', () => harness.received.some(({ params }) => params.AnsweredBy === 'human'));

  const transfer = {
    callId: 'call-1',
    carrierCallId,
    to: desk,
    from: FROM,
    gatewayUrl: harness.customerUrl,
    transferNumber: 1,
    ringTimeoutMs: 5000,
  };
  expect(await carrier.transfer(transfer)).toMatchObject({ kind: 'accepted', carrierCallId });
  await harness.until('stop', () => peer.of('stop').length > 0);
  const legs = await harness.until('the desk', () => harness.ledger.calls.find(({ to, answeredAt }) => to === desk && answeredAt));
  expect(await carrier.listCalls({ parentCallId: carrierCallId })).toMatchObject([{ carrierCallId: legs.callSid, status: 'in_progress' }]);

  await carrier.hangup(carrierCallId);
  await carrier.hangup(carrierCallId);
  expect(await carrier.fetchCall(carrierCallId)).toMatchObject({ status: 'completed', priceMicros: 14_000 });
  expect(harness.received.every(({ validSignature }) => validSignature)).toBe(true);
});

test('a stream of a call under way is put in the place of the old one', async () => {
  await start({ people: { [TO]: { kind: 'human', answerAfterMs: 0, steps: [] } } });
  const placed = await place();
  if (placed.kind !== 'accepted') throw new Error(placed.message);
  await harness.until('start', () => harness.peers[0]?.of('start').length);
  await carrier.restream({
    callId: 'call-1',
    carrierCallId: placed.carrierCallId,
    gatewayUrl: harness.customerUrl,
    fallbackGatewayUrl: harness.customerUrl,
    token: 'another',
  });
  await harness.until('a second start', () => harness.peers[1]?.of('start').length);
  expect(harness.entry(placed.carrierCallId).streams.map(({ customParameters }) => customParameters.token)).toEqual([
    'a.signed.token',
    'another',
  ]);
  await carrier.hangup(placed.carrierCallId);
  await expect(
    carrier.restream({ callId: 'call-1', carrierCallId: placed.carrierCallId, gatewayUrl: '', fallbackGatewayUrl: '', token: '' }),
  ).rejects.toMatchObject({ code: 'PATTER_CALL_ENDED' });
});

test('what the carrier refused and what is not known are told apart, and the unknown call is in the list', async () => {
  await start({ default: 'no-answer', people: { '+16025550120': 'invalid' }, faults: [{ kind: 'create_500', to: TO, count: 1 }] });
  const since = Date.now();
  expect(await place('+16025550120')).toMatchObject({ kind: 'refused', vendorCode: 21211 });
  await expect(place()).rejects.toThrow(UnknownOutcomeError);
  const [found] = await carrier.listCalls({ to: TO, from: FROM, startedAfter: since });
  expect(found?.carrierCallId).toBe(harness.ledger.calls[0]?.callSid);
  expect(await carrier.listNumbers()).toEqual([FROM]);
});

test('a call that waits in the carrier’s queue is found and taken out of it', async () => {
  await start({ default: 'no-answer' }, 0.05);
  await place('+14155550101');
  const waiting = await place();
  if (waiting.kind !== 'accepted') throw new Error(waiting.message);
  expect(await carrier.listCalls({ to: TO, startedAfter: Date.now() - 60_000 })).toMatchObject([{ status: 'queued' }]);
  await carrier.hangup(waiting.carrierCallId);
  expect(harness.entry(waiting.carrierCallId)).toMatchObject({ finalStatus: 'canceled', rings: [] });
});
