import { createAdmitInbound } from '../../activities/call/admit-inbound';
import { inboundCallId } from '../../contracts/call-id';
import { inboundDigest } from '../../contracts/ids';
import { lineFileSchema } from '../../contracts/line';
import type { CallEntry } from '../../lab/ledger';
import { seal } from '../../runtime/seal';
import { openTestActivities, registerGateway, type TestActivities } from './context';

const DESK = '+15005550006';
const CALLER = '+12125550101';
const ABROAD = '+15005550009';
const LISTENER = { kind: 'human', steps: [] };

let t: TestActivities;
beforeAll(async () => {
  t = await openTestActivities({ telnyx: true, scenario: { numbers: [DESK, ABROAD] } });
  await registerGateway(t.ctx, 'gw-1');
  await registerGateway(t.ctx, 'gw-2');
  const line = lineFileSchema.parse({
    name: 'desk',
    number: DESK,
    agent: {
      engine: { type: 'openai-realtime' },
      systemPrompt: 'You talk with {caller} about order {order}. {unknown}',
      firstMessage: 'Hi {name}.',
    },
    transfer: { to: ['+12125550199'] },
  });
  await t.ctx.store.lines.set({ tenantId: 'default', line, now: new Date() });
  const abroad = lineFileSchema.parse({ ...line, name: 'abroad', number: ABROAD, carrier: 'telnyx' });
  await t.ctx.store.lines.set({ tenantId: 'default', line: abroad, now: new Date() });
});
afterAll(() => t.close());

function call(carrierCallId: string, facts: object, key = t.ctx.secretKey) {
  const callId = inboundCallId(inboundDigest('twilio', carrierCallId));
  return { callId, inbound: { carrier: 'twilio', carrierCallId, gatewayId: 'gw-2', sealed: seal(facts, key, callId) } } as const;
}

test('the agent’s texts hold what came with the call; who calls cannot be forged by it, and a missing value is not spoken', async () => {
  const parameters = { name: 'Ann', order: '7', caller: '+19005550000' };
  const result = await t.activities.admitInbound(call('CA1', { from: CALLER, to: DESK, parameters }));
  expect(result).toMatchObject({
    kind: 'admitted',
    gatewayId: 'gw-2',
    transferTargets: 1,
    setup: {
      direction: 'inbound',
      from: CALLER,
      to: DESK,
      machineDetection: false,
      voicemailMessage: '',
      agent: { systemPrompt: `You talk with ${CALLER} about order 7. `, firstMessage: 'Hi Ann.' },
    },
  });
  // A worker that died after its transaction: the next one has the same answer.
  expect(await t.activities.admitInbound(call('CA1', { from: CALLER, to: DESK, parameters }))).toEqual(result);
});

test('a withheld number stays withheld', async () => {
  const result = await t.activities.admitInbound(call('CA2', { to: DESK, parameters: {} }));
  expect(result).toMatchObject({ kind: 'admitted', setup: { from: 'anonymous', variables: { caller: '', called: DESK } } });
});

test('a number without a line is refused with its code', async () => {
  const result = await t.activities.admitInbound(call('CA3', { from: CALLER, to: '+15005550099', parameters: {} }));
  expect(result).toMatchObject({ kind: 'refused', code: 'PATTER_LINE_NOT_FOUND' });
});

test('what another key sealed is not believed', async () => {
  const forged = call('CA4', { from: CALLER, to: DESK, parameters: {} }, 'somebody-elses-secret-key');
  await expect(t.activities.admitInbound(forged)).rejects.toMatchObject({ code: 'PATTER_TOKEN_INVALID' });
  expect(await t.ctx.store.attempts.get(forged.callId)).toBeUndefined();
});

test('where no gateway has room the caller hears that it is busy', async () => {
  const full = { ...t.ctx, clock: { ...t.ctx.clock, now: () => Date.now() + 7_200_000 } };
  const result = await createAdmitInbound(full)(call('CA5', { from: CALLER, to: DESK, parameters: {} }));
  expect(result).toMatchObject({ kind: 'refused', code: 'PATTER_NO_GATEWAY' });
});

test('bug: a call whose gateway died before it answered rings at Telnyx: another one answers it, once, and streams it', async () => {
  const call = await ringing();
  // The first command is carried out, and never heard of.
  await post('/lab/faults', [{ kind: 'command_500', event: 'answer', count: 1 }]);
  await expect(call.answer()).rejects.toMatchObject({ code: 'PATTER_CARRIER_UNKNOWN_OUTCOME' });
  expect(await call.answer()).toEqual({ gatewayId: 'gw-1' });
  const calls = (await (await fetch(`${t.labUrl}/lab/calls?to=${encodeURIComponent(ABROAD)}`)).json()) as CallEntry[];
  expect(calls).toMatchObject([{ callSid: call.carrierCallId, answeredAt: expect.any(Number) }]);
  // Telnyx' list names no numbers: they are in what the answer has written on the leg.
  const [active] = (await t.ctx.carriers.get('telnyx')?.listCalls({})) ?? [];
  expect(active).toMatchObject({ carrierCallId: call.carrierCallId, to: ABROAD, from: CALLER });

  const gone = await ringing();
  await t.ctx.carriers.get('telnyx')?.hangup(gone.carrierCallId);
  await expect(gone.answer()).rejects.toMatchObject({ type: 'PATTER_CALL_ENDED', nonRetryable: true });
});

/** A call that is admitted, and that its gateway does not answer. */
async function ringing(): Promise<{ carrierCallId: string; answer(): Promise<unknown> }> {
  const rings = await post('/lab/telnyx/inbound', { from: CALLER, to: ABROAD, persona: LISTENER });
  const carrierCallId = rings.callControlId as string;
  const callId = inboundCallId(inboundDigest('telnyx', carrierCallId));
  const sealed = seal({ from: CALLER, to: ABROAD, parameters: {} }, t.ctx.secretKey, callId);
  await t.activities.admitInbound({ callId, inbound: { carrier: 'telnyx', carrierCallId, gatewayId: 'gw-1', sealed } });
  return { carrierCallId, answer: () => t.activities.restreamCall({ callId, carrierCallId, attachment: 1, answer: true }) };
}

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${t.labUrl}${path}`, { ...init, signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}
