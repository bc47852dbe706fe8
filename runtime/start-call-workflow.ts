import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import type { CallInput } from '../contracts/call';
import { callWorkflowId } from '../contracts/call-id';

const TENANT = defineSearchAttributeKey('PatterTenantId', 'KEYWORD');
const CAMPAIGN = defineSearchAttributeKey('PatterCampaignId', 'KEYWORD');

/** A worker that is killed in the middle of a workflow task holds the call up for so long, not for the default ten seconds. */
const WORKFLOW_TASK_TIMEOUT = '5s';

/** There is one of that id, or there has been: that is success. Ids only: numbers and texts stay in the database. */
export async function startCallWorkflow(temporal: Client, taskQueue: string, input: CallInput): Promise<void> {
  try {
    await temporal.workflow.start('call', {
      workflowId: callWorkflowId(input.callId),
      taskQueue,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: TENANT, value: input.tenantId },
        { key: CAMPAIGN, value: input.campaignId },
      ]),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
