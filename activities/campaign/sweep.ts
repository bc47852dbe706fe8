/** Postgres and Temporal disagree only for a moment: contacts whose call workflow is gone are put back or settled. Nothing is ever dialled here. */
import { activityInfo, heartbeat } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { CallActivities, CampaignActivities } from '../../contracts/activities';
import { callWorkflowId } from '../../contracts/call-id';
import { callOf } from '../../store/call-of';
import type { ContactRow } from '../../store/store';
import { appOfCampaign } from '../call/settle-call';
import { startCallbacks } from '../callbacks/start';
import type { ActivityContext } from '../context';
import { startPostCall } from '../post-call/start';
import { settleLostCall } from './lost-call';

/** Between a claim and its workflow's first trace there may be this long, on a busy day. */
const CLAIM_GRACE_MS = 10_000;
/** A settlement starts the post-call workflow right after its transaction. */
const POST_CALL_GRACE_MS = 30_000;
const POST_CALL_BATCH = 100;

export function createSweep(ctx: ActivityContext, settleCall: CallActivities['settleCall']): CampaignActivities['sweepCampaign'] {
  return async ({ campaignId }) => {
    const { store, clock } = ctx;
    const campaign = await store.campaigns.get(campaignId);
    if (!campaign) return { settled: 0 };
    const running = await runningCalls(ctx, campaignId);
    const suspects = await store.contacts.inProgress(campaignId, new Date(clock.now() - CLAIM_GRACE_MS));
    // A call of another campaign, whose own sweeper is gone too, must not hold a number for ever.
    for (const lease of await store.attempts.overdueLeases(campaign.tenantId, new Date(clock.now()))) {
      const contact = lease.campaignId === campaignId ? undefined : await store.contacts.get(lease.contactId);
      if (contact && callOf(contact) === lease.callId) suspects.push(contact);
    }
    let settled = 0;
    for (const contact of suspects) {
      heartbeat(settled);
      if (running.has(callOf(contact)) || (await isRunning(ctx, callOf(contact)))) continue;
      if (await recover(ctx, contact, settleCall)) settled++;
    }
    await resumePostCalls(ctx, campaignId);
    return { settled };
  };
}

async function recover(ctx: ActivityContext, contact: ContactRow, settleCall: CallActivities['settleCall']): Promise<boolean> {
  const { store, clock, log } = ctx;
  const callId = callOf(contact);
  const attempt = await store.attempts.get(callId);
  if (!attempt || attempt.state === 'not_placed') {
    log.warn({ callId, campaignId: contact.campaignId }, 'a contact without a call workflow waits again');
    await store.contacts.putBack(contact.contactId, contact.sequence, new Date(clock.now()), 'its call was lost before it was dialled');
    return true;
  }
  if (attempt.state === 'ended') return false;
  return settleLostCall(ctx, contact, attempt, settleCall);
}

/** From visibility, which may lag: only what it does not hold is looked up one by one. */
async function runningCalls(ctx: ActivityContext, campaignId: string): Promise<Set<string>> {
  const ids = new Set<string>();
  const query = `WorkflowType = 'call' AND ExecutionStatus = 'Running' AND PatterCampaignId = '${campaignId}'`;
  for await (const { workflowId } of ctx.temporal.workflow.list({ query })) {
    ids.add(workflowId);
    if (ids.size % 500 === 0) heartbeat(0);
  }
  return ids;
}

export async function isRunning(ctx: ActivityContext, callId: string): Promise<boolean> {
  try {
    const { status } = await ctx.temporal.workflow.getHandle(callWorkflowId(callId)).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** A process that died between the settlement and the start of the post-call workflow left these behind. */
export async function resumePostCalls(ctx: ActivityContext, campaignId: string): Promise<void> {
  const before = new Date(ctx.clock.now() - POST_CALL_GRACE_MS);
  let app: { name: string | null } | undefined;
  for (const attempt of await ctx.store.attempts.postCallOpen(campaignId, before, POST_CALL_BATCH)) {
    heartbeat(activityInfo().attempt);
    app ??= { name: await appOfCampaign(ctx, campaignId) };
    if (app.name !== null) await startCallbacks(ctx, { ...attempt, app: app.name });
    await startPostCall(ctx, attempt);
  }
}
