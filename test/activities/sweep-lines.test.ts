import { inboundCallId } from '../../contracts/call-id';
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

async function admit(carrierCallId: string, ageMs: number): Promise<AttemptRow> {
  const now = new Date(Date.now() - ageMs);
  const admission = await t.ctx.store.lines.admit({
    ...{ callId: inboundCallId(inboundDigest('twilio', carrierCallId)), carrier: 'twilio', carrierCallId, from: '+12125550101', to: DESK },
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
