import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import { type CallbackLimits, type CallbacksInput, callbacksWorkflowId } from '../../contracts/callbacks';
import { parseDurationMs } from '../../contracts/duration';
import type { Config } from '../../runtime/config';
import type { ActivityContext } from '../context';

const TENANT = defineSearchAttributeKey('PatterTenantId', 'KEYWORD');

/** Starts the workflow that tells the app of an ended call, once: one that runs or has completed is success. */
export async function startCallbacks(ctx: Pick<ActivityContext, 'temporal' | 'config'>, input: CallbacksInput): Promise<void> {
  const { tenantId, callId, app } = input;
  try {
    await ctx.temporal.workflow.start('callbacks', {
      workflowId: callbacksWorkflowId(callId),
      taskQueue: ctx.config.PATTER_TASK_QUEUE,
      args: [{ tenantId, callId, app, limits: limitsOf(ctx.config) } satisfies CallbacksInput],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      typedSearchAttributes: new TypedSearchAttributes([{ key: TENANT, value: tenantId }]),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

function limitsOf({ PATTER_CALLBACK_KEEP, PATTER_CALLBACK_RETRY }: Config): CallbackLimits {
  return { retryForMs: parseDurationMs(PATTER_CALLBACK_RETRY) ?? 0, keepForMs: parseDurationMs(PATTER_CALLBACK_KEEP) ?? 0 };
}
