import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import type { PostCallInput } from '../../contracts/activities';
import { postCallWorkflowId } from '../../contracts/call-id';
import type { ActivityContext } from '../context';

const TENANT = defineSearchAttributeKey('PatterTenantId', 'KEYWORD');
const CAMPAIGN = defineSearchAttributeKey('PatterCampaignId', 'KEYWORD');

/** Starts the work after a call, once: one that runs or has completed is success, one that was terminated or failed is started anew. */
export async function startPostCall(ctx: Pick<ActivityContext, 'temporal' | 'config'>, call: PostCallInput): Promise<void> {
  const { tenantId, campaignId, contactId, callId } = call;
  try {
    await ctx.temporal.workflow.start('postCall', {
      workflowId: postCallWorkflowId(callId),
      taskQueue: ctx.config.PATTER_TASK_QUEUE,
      args: [{ tenantId, campaignId, contactId, callId } satisfies PostCallInput],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      typedSearchAttributes: new TypedSearchAttributes([
        { key: TENANT, value: tenantId },
        { key: CAMPAIGN, value: campaignId },
      ]),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
