import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { campaignWorkflowId } from '../../contracts/call-id';
import { type CampaignEdit, campaignEditSchema } from '../../contracts/campaign';
import {
  type CampaignView,
  cancelCampaignUpdate,
  editCampaignUpdate,
  pauseCampaignUpdate,
  resumeCampaignUpdate,
} from '../../contracts/campaign-workflow';
import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { CampaignRow } from '../../store/store';
import type { ControlContext } from '../context';
import { findCampaign, isEnded } from './find-campaign';

/** A worker answers within milliseconds; without one an update waits for ever. */
const UPDATE_DEADLINE_MS = 15_000;

export type CampaignCommand =
  | { kind: 'pause'; reason: string }
  | { kind: 'resume' }
  | { kind: 'cancel'; reason: string }
  | { kind: 'edit'; edit: CampaignEdit };

/**
 * Changes a campaign that is under way, through its workflow. Returns when the change is in force. Doing it twice is success.
 * @throws PatterError PATTER_CAMPAIGN_NOT_FOUND, PATTER_CAMPAIGN_STATE, PATTER_TEMPORAL_UNAVAILABLE
 */
export async function controlCampaign(
  ctx: ControlContext,
  nameOrId: string,
  command: CampaignCommand,
  tenantId: string = DEFAULT_TENANT,
): Promise<CampaignRow> {
  const campaign = await findCampaign(ctx.store, nameOrId, tenantId);
  if (isEnded(campaign)) {
    if (isDone(campaign, command)) return campaign;
    throw new PatterError('PATTER_CAMPAIGN_STATE', `The campaign "${campaign.name}" is ${campaign.state}: it cannot be changed any more.`);
  }
  try {
    await send(ctx, campaign, command);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return withoutWorkflow(ctx, campaign, command);
    const current = await ctx.store.campaigns.get(campaign.campaignId);
    // Refused because it is so already.
    if (error instanceof WorkflowUpdateFailedError && current && isDone(current, command)) return current;
    if (!(error instanceof WorkflowUpdateFailedError) || !isPausedUntold(current, command)) throw explained(error, campaign, command);
    await resumeUntold(ctx, current);
  }
  return (await ctx.store.campaigns.get(campaign.campaignId)) as CampaignRow;
}

/** The emergency stop reached the row alone, as its workflow could not be told: for that it has never been paused. */
function isPausedUntold(campaign: CampaignRow | undefined, command: CampaignCommand): campaign is CampaignRow {
  return command.kind === 'resume' && campaign?.state === 'paused' && !isEnded(campaign);
}

async function resumeUntold(ctx: ControlContext, campaign: CampaignRow): Promise<void> {
  try {
    await send(ctx, campaign, { kind: 'pause', reason: campaign.stateReason ?? 'stopped' });
    await send(ctx, campaign, { kind: 'resume' });
  } catch (error) {
    throw explained(error, campaign, { kind: 'resume' });
  }
}

function isDone(campaign: CampaignRow, command: CampaignCommand): boolean {
  switch (command.kind) {
    case 'pause':
      return campaign.state === 'paused';
    case 'resume':
      return campaign.state === 'running' && !isEnded(campaign);
    case 'cancel':
      return campaign.state === 'canceled';
    case 'edit':
      return false;
    default:
      return command satisfies never;
  }
}

function send(ctx: ControlContext, campaign: CampaignRow, command: CampaignCommand): Promise<CampaignView> {
  const handle = ctx.temporal.workflow.getHandle(campaignWorkflowId(campaign.tenantId, campaign.name));
  return ctx.temporal.withDeadline(ctx.clock.now() + UPDATE_DEADLINE_MS, () => {
    switch (command.kind) {
      case 'pause':
        return handle.executeUpdate(pauseCampaignUpdate, { args: [{ reason: command.reason }] });
      case 'resume':
        return handle.executeUpdate(resumeCampaignUpdate);
      case 'cancel':
        return handle.executeUpdate(cancelCampaignUpdate, { args: [{ reason: command.reason }] });
      case 'edit':
        return handle.executeUpdate(editCampaignUpdate, { args: [campaignEditSchema.parse(command.edit)] });
      default:
        return command satisfies never;
    }
  });
}

/** Its start was never finished, or somebody terminated the workflow: only the row is left. */
async function withoutWorkflow(ctx: ControlContext, campaign: CampaignRow, command: CampaignCommand): Promise<CampaignRow> {
  const { campaigns, contacts } = ctx.store;
  switch (command.kind) {
    case 'pause':
      await campaigns.setState(campaign.campaignId, 'paused', command.reason);
      break;
    case 'cancel': {
      await campaigns.setState(campaign.campaignId, 'canceled', command.reason);
      const now = new Date(ctx.clock.now());
      const { stillActive } = await contacts.closeRemaining(campaign.campaignId, 'canceled', now);
      // Calls that talk settle by themselves; the row is closed when none is left.
      if (stillActive === 0) await campaigns.finish(campaign.campaignId, 'canceled', now);
      break;
    }
    case 'resume':
    case 'edit':
      throw new PatterError(
        'PATTER_CAMPAIGN_STATE',
        `The workflow of "${campaign.name}" is gone. Start it again with \`patter campaign run\` and the same file: it goes on where it was.`,
      );
    default:
      return command satisfies never;
  }
  return (await campaigns.get(campaign.campaignId)) as CampaignRow;
}

function explained(error: unknown, campaign: CampaignRow, command: CampaignCommand): unknown {
  if (error instanceof WorkflowUpdateFailedError) {
    const why = error.cause instanceof Error ? error.cause.message : error.message;
    return new PatterError('PATTER_CAMPAIGN_STATE', `Cannot ${command.kind} "${campaign.name}": ${why}`, { cause: error });
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcServiceError(error)) {
    return new PatterError(
      'PATTER_TEMPORAL_UNAVAILABLE',
      `No worker carried out "${command.kind}" within ${UPDATE_DEADLINE_MS / 1_000} s. Is \`patter worker\` running? Nothing is dialled without one.`,
      { cause: error },
    );
  }
  return error;
}
