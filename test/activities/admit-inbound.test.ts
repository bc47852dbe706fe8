import { createAdmitInbound } from '../../activities/call/admit-inbound';
import { inboundCallId } from '../../contracts/call-id';
import { inboundDigest } from '../../contracts/ids';
import { lineFileSchema } from '../../contracts/line';
import { seal } from '../../runtime/seal';
import { openTestActivities, registerGateway, type TestActivities } from './context';

const DESK = '+15005550006';
const CALLER = '+12125550101';

let t: TestActivities;
beforeAll(async () => {
  t = await openTestActivities({});
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
