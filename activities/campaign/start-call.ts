import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import type { CallInput } from '../../contracts/call';
import { callWorkflowId } from '../../contracts/call-id';
import { callOf } from '../../store/call-of';
import type { ContactRow } from '../../store/store';
import type { ActivityContext } from '../context';

const TENANT = defineSearchAttributeKey('PatterTenantId', 'KEYWORD');
const CAMPAIGN = defineSearchAttributeKey('PatterCampaignId', 'KEYWORD');

/** A worker that is killed in the middle of a workflow task holds the call up for so long, not for the default ten seconds. */
const WORKFLOW_TASK_TIMEOUT = '5s';

/** Starts the workflow of a claimed contact. Its id is derived from the claim, so that a repetition finds it started: that is success. */
export async function startCall(ctx: ActivityContext, contact: ContactRow): Promise<void> {
  const { tenantId, campaignId, contactId } = contact;
  const input: CallInput = { tenantId, campaignId, contactId, callId: callOf(contact) };
  try {
    await ctx.temporal.workflow.start('call', {
      workflowId: callWorkflowId(input.callId),
      taskQueue: ctx.config.PATTER_TASK_QUEUE,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: TENANT, value: tenantId },
        { key: CAMPAIGN, value: campaignId },
      ]),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
