import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import type { CallInput } from '../../contracts/call';
import { callWorkflowId } from '../../contracts/call-id';
import { callOf } from '../../store/call-of';
import type { ContactRow } from '../../store/store';
import type { ControlContext } from '../context';

/** As with the calls of a campaign: a worker that is killed in the middle of a task holds the call up for so long. */
const WORKFLOW_TASK_TIMEOUT = '5s';

/** There is one of that id, or there has been: that is success. Ids only: numbers and texts stay in the database. */
export async function startCallWorkflow(ctx: ControlContext, contact: ContactRow, deadlineMs: number): Promise<void> {
  const { campaignId, contactId, tenantId } = contact;
  const input: CallInput = { tenantId, campaignId, contactId, callId: callOf(contact) };
  try {
    await ctx.temporal.withDeadline(Date.now() + deadlineMs, () =>
      ctx.temporal.workflow.start('call', {
        workflowId: callWorkflowId(input.callId),
        taskQueue: ctx.config.PATTER_TASK_QUEUE,
        args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        typedSearchAttributes: new TypedSearchAttributes([
          { key: defineSearchAttributeKey('PatterTenantId', SearchAttributeType.KEYWORD), value: tenantId },
          { key: defineSearchAttributeKey('PatterCampaignId', SearchAttributeType.KEYWORD), value: campaignId },
        ]),
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
