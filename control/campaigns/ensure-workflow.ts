import { type WorkflowHandle, WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { campaignWorkflowId } from '../../contracts/call-id';
import type { CampaignInput } from '../../contracts/campaign-workflow';
import { sleep } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import type { CampaignRow } from '../../store/store';
import type { ControlContext } from '../context';

const REQUEST_DEADLINE_MS = 10_000;
/** How long an ended campaign's workflow may take to close before another of its name starts. */
const PREDECESSOR_DEADLINE_MS = 30_000;

/**
 * Makes sure that the campaign's workflow runs. Safe to repeat, and to do from two processes at once.
 * @returns whether it had to be started
 */
export async function ensureWorkflow(ctx: ControlContext, campaign: CampaignRow, options: { revived?: boolean } = {}): Promise<boolean> {
  const workflowId = campaignWorkflowId(campaign.tenantId, campaign.name);
  const input: CampaignInput = {
    tenantId: campaign.tenantId,
    campaignId: campaign.campaignId,
    endsAt: campaign.endsAt?.getTime(),
    revived: options.revived,
    // Restarted after its workflow was lost, a paused campaign stays paused, and a canceled one closes.
    state: campaign.state === 'paused' || campaign.state === 'canceled' ? campaign.state : undefined,
    pauseReason: campaign.state === 'running' ? undefined : (campaign.stateReason ?? undefined),
  };
  if ((await runningCampaign(ctx, workflowId)) === campaign.campaignId) return false;
  const giveUpAt = ctx.clock.now() + PREDECESSOR_DEADLINE_MS;
  for (;;) {
    const handle = await ctx.temporal.withDeadline(ctx.clock.now() + REQUEST_DEADLINE_MS, () =>
      ctx.temporal.workflow.start('campaign', {
        workflowId,
        taskQueue: ctx.config.PATTER_TASK_QUEUE,
        args: [input],
        // The id is free again when a campaign of that name has ended; while one runs, this attaches to it.
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        memo: { campaignId: campaign.campaignId },
        typedSearchAttributes: new TypedSearchAttributes([
          { key: defineSearchAttributeKey('PatterTenantId', SearchAttributeType.KEYWORD), value: campaign.tenantId },
          { key: defineSearchAttributeKey('PatterCampaignId', SearchAttributeType.KEYWORD), value: campaign.campaignId },
        ]),
      }),
    );
    if ((await campaignOf(ctx, handle)) === campaign.campaignId) return true;
    // The last steps of an ended campaign of that name.
    if (ctx.clock.now() > giveUpAt) {
      throw new PatterError(
        'PATTER_CAMPAIGN_STATE',
        `The workflow of an earlier campaign "${campaign.name}" is still closing. Run again in a moment.`,
      );
    }
    await sleep(ctx.clock, 250);
  }
}

async function campaignOf(ctx: ControlContext, handle: WorkflowHandle): Promise<unknown> {
  const description = await ctx.temporal.withDeadline(ctx.clock.now() + REQUEST_DEADLINE_MS, () => handle.describe());
  return description.memo?.campaignId;
}

/** The campaign that runs under this id. */
async function runningCampaign(ctx: ControlContext, workflowId: string): Promise<unknown> {
  try {
    const description = await ctx.temporal.withDeadline(ctx.clock.now() + REQUEST_DEADLINE_MS, () =>
      ctx.temporal.workflow.getHandle(workflowId).describe(),
    );
    return description.status.name === 'RUNNING' ? description.memo?.campaignId : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
