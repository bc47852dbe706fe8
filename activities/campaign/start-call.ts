import { startCallWorkflow } from '../../runtime/start-call-workflow';
import { callOf } from '../../store/call-of';
import type { ContactRow } from '../../store/store';
import type { ActivityContext } from '../context';

/** Starts the workflow of a claimed contact. Its id is derived from the claim, so that a repetition finds it started: that is success. */
export async function startCall(ctx: ActivityContext, contact: ContactRow): Promise<void> {
  const { tenantId, campaignId, contactId } = contact;
  await startCallWorkflow(ctx.temporal, ctx.config.PATTER_TASK_QUEUE, { tenantId, campaignId, contactId, callId: callOf(contact) });
}
