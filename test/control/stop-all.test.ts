/** The emergency stop, and what comes after it. */
import { campaignWorkflowId } from '../../contracts/call-id';
import { controlCampaign } from '../../control/campaigns/control-campaign';
import { ensureWorkflow } from '../../control/campaigns/ensure-workflow';
import { stopAll } from '../../control/campaigns/stop-all';
import type { ControlContext } from '../../control/context';
import type { CampaignRow } from '../../store/store';
import { openTestActivities, type TestActivities } from '../activities/context';
import { campaignFile, campaignWith } from '../store/fixtures';
import { type Bench, startRealBench } from '../workflows/bench';

let t: TestActivities;
let bench: Bench;
let ctx: ControlContext;
beforeAll(async () => {
  t = await openTestActivities({});
  bench = await startRealBench();
  ctx = { ...t.ctx, temporal: bench.client, config: { ...t.ctx.config, PATTER_TASK_QUEUE: bench.taskQueue } };
}, 180_000);
afterAll(async () => {
  await bench?.stop();
  await t?.close();
});

const handleOf = ({ name, tenantId }: CampaignRow) => bench.client.workflow.getHandle(campaignWorkflowId(tenantId, name));

test('campaigns of another tenant are stopped through their workflows too: what the carrier queues is taken back', async () => {
  const spec = campaignFile();
  const { campaignId } = await ctx.store.campaigns.create({ tenantId: 'acme', name: spec.name, spec, windowOffsetMs: 0, now: new Date() });
  const [stopped, ...others] = await stopAll(ctx, 'fire', 'acme');
  expect(stopped).toMatchObject({ campaign: { campaignId, state: 'paused', stateReason: 'fire' } });
  expect(stopped!.problem).toBeUndefined();
  expect(others).toEqual([]);
});

test('a campaign that was stopped while its workflow could not be told is resumed all the same', async () => {
  // Nobody takes the call: no gateway lives.
  const campaign = await campaignWith(ctx.store, ['+15006000001']);
  await ctx.store.campaigns.markStarted(campaign.campaignId, new Date(), null);
  await bench.run(t.activities, async () => {
    await ensureWorkflow(ctx, campaign);
    // All that a stop can do where Temporal or the workers are down.
    await ctx.store.campaigns.setState(campaign.campaignId, 'paused', 'fire');
    expect(await controlCampaign(ctx, campaign.campaignId, { kind: 'resume' })).toMatchObject({ state: 'running', stateReason: null });
    expect(await controlCampaign(ctx, campaign.campaignId, { kind: 'resume' })).toMatchObject({ state: 'running' });
    await handleOf(campaign).terminate('the test is over');
  });
});
