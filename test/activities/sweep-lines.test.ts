import { inboundCallId } from '../../contracts/call-id';
import type { CarrierName } from '../../contracts/carrier';
import { inboundDigest } from '../../contracts/ids';
import { lineFileSchema } from '../../contracts/line';
import type { AttemptRow } from '../../store/store';
import { openTestActivities, registerGateway, type TestActivities } from './context';

const DESK = '+15005550006';
let t: TestActivities;
beforeAll(async () => {
  t = await openTestActivities({});
  await registerGateway(t.ctx);
  const line = lineFileSchema.parse({
    name: 'desk',
    number: DESK,
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'You answer.' },
    postCall: { summary: true },
  });
  await t.ctx.store.lines.set({ tenantId: 'default', line, now: new Date() });
});
afterAll(() => t.close());

interface Called {
  carrier: CarrierName;
  to: string;
}

async function admit(carrierCallId: string, ageMs: number, { carrier, to }: Called = { carrier: 'twilio', to: DESK }): Promise<AttemptRow> {
  const now = new Date(Date.now() - ageMs);
  const admission = await t.ctx.store.lines.admit({
    ...{ callId: inboundCallId(inboundDigest(carrier, carrierCallId)), carrier, carrierCallId, from: '+12125550101', to },
    ...{ variables: {}, gatewayId: 'gw', now, deadline: () => now },
  });
  if (admission.kind !== 'admitted') throw new Error(admission.kind);
  return admission.attempt;
}

const sweep = () => t.inActivity(() => t.activities.sweepLines());
const row = async ({ callId }: AttemptRow) => (await t.ctx.store.attempts.get(callId))!;

test('a call that came in and lost its workflow is settled, also an older one of the same caller; others are left alone', async () => {
  const older = await admit('CAolder', 3_000 + 10_000);
  const lost = await admit('CAlost', 2_000 + 10_000);
  const young = await admit('CAyoung', 0);
  const alive = await admit('CAalive', 1_000 + 10_000);
  const workflow = await t.ctx.temporal.workflow.start('call', {
    workflowId: alive.callId,
    taskQueue: 'nobody',
    args: [{}],
  });
  try {
    expect(await sweep()).toEqual({ settled: 2 });
    expect([await row(older), await row(lost)]).toMatchObject([
      { state: 'ended', outcome: 'failed', direction: 'inbound' },
      { state: 'ended', outcome: 'failed' },
    ]);
    expect([(await row(young)).state, (await row(alive)).state]).toEqual(['placed', 'placed']);
    expect(await sweep()).toEqual({ settled: 0 });
  } finally {
    await workflow.terminate('the test is over');
  }
});

test('a lost call whose carrier cannot be asked, because its tenant’s credentials are gone, holds up nobody else’s', async () => {
  const gone = lineFileSchema.parse({
    ...{ name: 'gone', number: '+15005550007', carrier: 'telnyx' },
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'You answer.' },
  });
  await t.ctx.store.lines.set({ tenantId: 'default', line: gone, now: new Date() });
  const stuck = await admit('v3:stuck', 60_000, { carrier: 'telnyx', to: gone.number });
  const lost = await admit('CAlater', 30_000);
  await sweep();
  expect([await row(stuck), await row(lost)]).toMatchObject([{ state: 'placed' }, { state: 'ended', outcome: 'failed' }]);
});
