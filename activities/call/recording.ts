/** The carrier records a call, pauses and goes on: each harmless to repeat, because the carrier is asked first what it does already. */

import { ApplicationFailure } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { CallMediaActivities } from '../../contracts/activities';
import { appOf } from '../../contracts/agent';
import { recordingWorkflowId } from '../../contracts/call-id';
import { type ErrorCode, isPatterError } from '../../contracts/errors';
import type { RecordingInput } from '../../contracts/recording';
import type { ActivityContext } from '../context';
import { loadCall } from './load-call';

export function createStartRecording(ctx: ActivityContext): CallMediaActivities['startRecording'] {
  return async ({ callId, carrierCallId, track }) => {
    const { attempt, campaign, carrier } = await loadCall(ctx, callId);
    const live = await ctx.store.gateways.live(new Date(ctx.clock.now()), appOf(campaign.spec.agent));
    const gateway = live.find(({ gatewayId }) => gatewayId === attempt.gatewayId) ?? live[0];
    if (!gateway) throw ApplicationFailure.retryable('no live gateway to report to', 'PATTER_NO_GATEWAY' satisfies ErrorCode);
    const { tenantId } = attempt;
    await ctx.store.recordings.begin({ tenantId, callId, carrier: carrier.name, carrierCallId, track, now: new Date(ctx.clock.now()) });
    // Before the request: whoever dies from now on, somebody looks for the file.
    await startWaiting(ctx, { callId });
    const { recordingId } = await orGivenUp(() => carrier.recordings.start({ callId, carrierCallId, gatewayUrl: gateway.publicUrl }));
    const change = { state: 'recording', at: ctx.clock.now() } as const;
    await ctx.store.recordings.extendTrack(callId, { changes: [...track.changes, change] });
    return { recordingId, change };
  };
}

export function createSetRecordingPaused(ctx: ActivityContext): CallMediaActivities['setRecordingPaused'] {
  return async ({ callId, carrierCallId, recordingId, paused, track }) => {
    const { carrier } = await loadCall(ctx, callId);
    await orGivenUp(() =>
      paused ? carrier.recordings.pause(carrierCallId, recordingId) : carrier.recordings.resume(carrierCallId, recordingId),
    );
    const change = { state: paused ? 'paused' : 'recording', at: ctx.clock.now() } as const;
    await ctx.store.recordings.extendTrack(callId, { changes: [...track.changes, change] });
    return { change };
  };
}

export function createStopRecording(ctx: ActivityContext): CallMediaActivities['stopRecording'] {
  return async ({ callId, carrierCallId, recordingId, reason, track }) => {
    const { carrier } = await loadCall(ctx, callId);
    await orGivenUp(() => carrier.recordings.stop(carrierCallId, recordingId));
    const change = { state: 'stopped', at: ctx.clock.now(), reason } as const;
    await ctx.store.recordings.extendTrack(callId, { changes: [...track.changes, change] });
    return { change };
  };
}

export function createNoteRecording(ctx: ActivityContext): CallMediaActivities['noteRecording'] {
  return ({ callId, track }) => ctx.store.recordings.extendTrack(callId, track);
}

async function startWaiting(ctx: ActivityContext, input: RecordingInput): Promise<void> {
  try {
    await ctx.temporal.workflow.start('recording', {
      workflowId: recordingWorkflowId(input.callId),
      taskQueue: ctx.config.PATTER_TASK_QUEUE,
      args: [input],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** What the carrier has clearly refused is not asked for again. */
async function orGivenUp<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (isPatterError(error, 'PATTER_CALL_ENDED')) throw ApplicationFailure.nonRetryable(error.message, error.code);
    if (isPatterError(error, 'PATTER_CARRIER_REFUSED') && error.details.httpStatus !== 429) {
      throw ApplicationFailure.nonRetryable(error.message, error.code);
    }
    throw error;
  }
}
