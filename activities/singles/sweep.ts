/** Single calls have no campaign workflow that would look after them: those whose own workflow is gone, or was never started, are settled here. */
import { heartbeat } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { CallActivities, CallSettlement } from '../../contracts/activities';
import { callWorkflowId } from '../../contracts/call-id';
import { callOf } from '../../store/call-of';
import type { SingleCallRows } from '../../store/store';
import { appOfCampaign } from '../call/settle-call';
import { startCallbacks } from '../callbacks/start';
import { settleLostCall } from '../campaign/lost-call';
import { startCall } from '../campaign/start-call';
import type { ActivityContext } from '../context';
import { startPostCall } from '../post-call/start';

/** Whoever places a call writes the rows first, and starts the workflow a moment later. */
const START_GRACE_MS = 15_000;
/** A call whose caller died before the start is made all the same, but not when nobody expects it any more. */
const START_WITHIN_MS = 5 * 60_000;
/** A settlement starts the post-call workflow right after its transaction. */
const POST_CALL_GRACE_MS = 30_000;
const BATCH = 500;
const POST_CALL_BATCH = 100;

export async function sweepSingles(ctx: ActivityContext, settleCall: CallActivities['settleCall']): Promise<{ settled: number }> {
  const { clock, store } = ctx;
  let settled = 0;
  for (const rows of await store.singles.unfinished(new Date(clock.now() - START_GRACE_MS), BATCH)) {
    heartbeat(settled);
    if (await recover(ctx, rows, settleCall)) settled++;
  }
  for (const attempt of await store.singles.postCallOpen(new Date(clock.now() - POST_CALL_GRACE_MS), POST_CALL_BATCH)) {
    heartbeat(settled);
    const app = await appOfCampaign(ctx, attempt.campaignId);
    if (app !== null) await startCallbacks(ctx, { ...attempt, app });
    await startPostCall(ctx, attempt);
  }
  return { settled };
}

/** @returns whether it was settled */
async function recover(
  ctx: ActivityContext,
  { campaign, contact }: SingleCallRows,
  settleCall: CallActivities['settleCall'],
): Promise<boolean> {
  const { clock, log, store } = ctx;
  const callId = callOf(contact);
  const workflow = await workflowOf(ctx, callId);
  if (workflow === 'running') return false;
  const attempt = await store.attempts.get(callId);
  if (attempt) return settleLostCall(ctx, contact, attempt, settleCall);
  const age = clock.now() - campaign.createdAt.getTime();
  if (workflow === 'none' && age < START_WITHIN_MS) {
    log.warn({ callId }, 'a single call whose caller died before its start is started');
    await startCall(ctx, contact);
    return false;
  }
  log.warn({ callId, workflow }, 'a single call that was lost before it was dialled is settled');
  await settleCall(lost(contact, callId, clock.now()));
  return true;
}

async function workflowOf(ctx: ActivityContext, callId: string): Promise<'running' | 'closed' | 'none'> {
  try {
    const { status } = await ctx.temporal.workflow.getHandle(callWorkflowId(callId)).describe();
    return status.name === 'RUNNING' ? 'running' : 'closed';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'none';
    throw error;
  }
}

function lost({ tenantId, campaignId, contactId }: SingleCallRows['contact'], callId: string, now: number): CallSettlement {
  return {
    ...{ tenantId, campaignId, contactId, callId },
    ...{ outcome: 'failed', reason: 'lost before it was dialled', answeredBy: 'unknown', endedAt: now },
    ...{ turns: [], usage: [], toolCalls: [], voicemailLeft: false, consumed: false },
  };
}
