/** The gateway's side of a `call` workflow: every request has a deadline, and every answer is one of a few words. */
import {
  ActivityCancelledError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  type Client,
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { CallActivities } from '../contracts/activities';
import {
  type AttachRequest,
  type AttachResult,
  attachUpdate,
  type CallInput,
  type CarrierEvent,
  type Checkpoint,
  type ConversationReport,
  carrierEventSignal,
  type GatewayEvent,
  gatewayEventSignal,
  type NextInstruction,
  type NextInstructionRequest,
  nextInstructionUpdate,
} from '../contracts/call';
import { callWorkflowId, optOutWorkflowId, recordingWorkflowId } from '../contracts/call-id';
import { priceWorkflowId, type ToldPrice } from '../contracts/carrier-price';
import type { Clock } from '../contracts/clock';
import { type RunToolAnswer, type RunToolRequest, runToolUpdate, runToolUpdateId } from '../contracts/durable-tool';
import { PatterError } from '../contracts/errors';

/** `gone`: no such workflow, or a closed one. `rejected`: Temporal will never take this request. */
export type SignalAnswer = 'delivered' | 'gone' | 'rejected';
/** `not_found`: not started yet, or over: the caller knows which by what it has seen. `canceled`: the workflow has taken the call elsewhere. */
export type HeartbeatAnswer = 'alive' | 'not_found' | 'canceled' | 'unavailable';
/** `busy`: something that the workflow has asked for, or a task of its own, is under way. `quiet`: it waits for what others tell. */
export type ProgressAnswer = 'busy' | 'quiet' | 'gone';
export type CompleteAnswer = 'delivered' | 'not_found';

/** As with the calls that the dispatch starts: a worker that is killed in the middle of a task holds the caller up for so long. */
const WORKFLOW_TASK_TIMEOUT = '5s';
const INVALID_ARGUMENT = 3;
const SIGNAL_DEADLINE_MS = 2_000;
const HEARTBEAT_DEADLINE_MS = 2_000;
const COMPLETE_DEADLINE_MS = 2_000;

export class WorkflowLink {
  constructor(
    private readonly client: Client,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts the workflow of a call that came in. One that has been started before, by a repeated webhook or another gateway, is left alone.
   * @throws PatterError PATTER_TEMPORAL_UNAVAILABLE when there was no answer by the deadline
   */
  async startInbound(input: CallInput, taskQueue: string, deadlineMs: number): Promise<'started' | 'known'> {
    try {
      await this.within(deadlineMs, () =>
        this.client.workflow.start('call', {
          workflowId: callWorkflowId(input.callId),
          taskQueue,
          args: [input],
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
        }),
      );
      return 'started';
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return 'known';
      throw unavailable('start', error);
    }
  }

  /** What a leg cost is written down by a workflow of its own; one that was started before, by a repeated webhook, stands. @throws PatterError PATTER_TEMPORAL_UNAVAILABLE */
  async startRecordPrice(told: ToldPrice, taskQueue: string): Promise<void> {
    try {
      await this.within(SIGNAL_DEADLINE_MS, () =>
        this.client.workflow.start('recordPrice', {
          workflowId: priceWorkflowId(told),
          taskQueue,
          args: [told],
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw unavailable('recordPrice', error);
    }
  }

  /** For a call whose own workflow is over. One that was started before stands. @throws PatterError PATTER_TEMPORAL_UNAVAILABLE */
  async startRecordOptOut(told: Parameters<CallActivities['recordOptOut']>[0], taskQueue: string): Promise<void> {
    try {
      await this.within(SIGNAL_DEADLINE_MS, () =>
        this.client.workflow.start('recordOptOut', {
          workflowId: optOutWorkflowId(told.callId),
          taskQueue,
          args: [told],
          workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw unavailable('recordOptOut', error);
    }
  }

  /**
   * Sent again with the same `updateId`, an attach is answered as it was the first time.
   * @returns `refused` also where the workflow is gone (hang up) or could not handle the request (close)
   * @throws PatterError PATTER_TEMPORAL_UNAVAILABLE when there was no answer by the deadline
   */
  async attach(callId: string, request: AttachRequest, updateId: string, deadlineMs: number): Promise<AttachResult> {
    try {
      return await this.within(deadlineMs, () =>
        this.client.workflow.getHandle(callWorkflowId(callId)).executeUpdate(attachUpdate, { args: [request], updateId }),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) {
        return { kind: 'refused', action: 'hangup', code: 'PATTER_CALL_ENDED', reason: 'the attempt is over or superseded' };
      }
      if (error instanceof WorkflowUpdateFailedError) {
        return { kind: 'refused', action: 'close', code: 'PATTER_CALL_NOT_FOUND', reason: error.cause?.message ?? error.message };
      }
      throw unavailable('attach', error);
    }
  }

  /**
   * Sent again with the same key, it is answered as it was the first time; while the tool is still under way, it waits with the first.
   * @throws PatterError PATTER_TEMPORAL_UNAVAILABLE when there was no answer by the deadline: the tool may be under way all the same
   */
  async runTool(callId: string, request: RunToolRequest, deadlineMs: number): Promise<RunToolAnswer> {
    try {
      return await this.within(deadlineMs, () =>
        this.client.workflow
          .getHandle(callWorkflowId(callId))
          .executeUpdate(runToolUpdate, { args: [request], updateId: runToolUpdateId(request.key) }),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return { output: JSON.stringify({ error: 'The call is over.' }), ok: false };
      if (error instanceof WorkflowUpdateFailedError) {
        return {
          output: JSON.stringify({ error: `The tool ${request.name} failed: ${error.cause?.message ?? error.message}` }),
          ok: false,
        };
      }
      throw unavailable('runTool', error);
    }
  }

  /** @throws PatterError PATTER_TEMPORAL_UNAVAILABLE; the signal may have arrived all the same: `dedupeKey` makes its repeat harmless */
  carrierEvent(callId: string, event: CarrierEvent): Promise<SignalAnswer> {
    const workflowId = event.kind === 'recording' ? recordingWorkflowId(callId) : callWorkflowId(callId);
    return this.signal(() => this.client.workflow.getHandle(workflowId).signal(carrierEventSignal, event));
  }

  /** @throws PatterError PATTER_TEMPORAL_UNAVAILABLE; `sequence` makes a repeat harmless */
  gatewayEvent(callId: string, event: GatewayEvent): Promise<SignalAnswer> {
    return this.signal(() => this.client.workflow.getHandle(callWorkflowId(callId)).signal(gatewayEventSignal, event));
  }

  /** @throws PatterError PATTER_TEMPORAL_UNAVAILABLE when there was no answer by the deadline */
  async nextInstruction(callId: string, request: NextInstructionRequest, deadlineMs: number): Promise<NextInstruction> {
    try {
      return await this.within(deadlineMs, () =>
        this.client.workflow.getHandle(callWorkflowId(callId)).executeUpdate(nextInstructionUpdate, { args: [request] }),
      );
    } catch (error) {
      // Nobody is left to talk for this call.
      if (error instanceof WorkflowNotFoundError) return { kind: 'hangup' };
      throw unavailable('nextInstruction', error);
    }
  }

  /**
   * Leaves no trace in the history.
   * @throws PatterError PATTER_TEMPORAL_UNAVAILABLE
   */
  async progress(callId: string, deadlineMs: number): Promise<ProgressAnswer> {
    try {
      const { status, raw } = await this.within(deadlineMs, () => this.client.workflow.getHandle(callWorkflowId(callId)).describe());
      if (status.name !== 'RUNNING') return 'gone';
      return raw.pendingWorkflowTask || raw.pendingActivities?.length ? 'busy' : 'quiet';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'gone';
      throw unavailable('describe', error);
    }
  }

  async heartbeat(callId: string, activityId: string, checkpoint: Checkpoint): Promise<HeartbeatAnswer> {
    try {
      await this.within(HEARTBEAT_DEADLINE_MS, () =>
        this.client.activity.heartbeat({ workflowId: callWorkflowId(callId), activityId }, checkpoint),
      );
      return 'alive';
    } catch (error) {
      if (error instanceof ActivityNotFoundError) return 'not_found';
      if (error instanceof ActivityCancelledError) return 'canceled';
      // An operator's pause or reset of the activity in the Temporal UI is no reason to leave a caller alone.
      if (error instanceof ActivityPausedError || error instanceof ActivityResetError) return 'alive';
      return 'unavailable';
    }
  }

  /** @throws PatterError PATTER_TEMPORAL_UNAVAILABLE */
  async complete(callId: string, activityId: string, report: ConversationReport): Promise<CompleteAnswer> {
    try {
      await this.within(COMPLETE_DEADLINE_MS, () =>
        this.client.activity.complete({ workflowId: callWorkflowId(callId), activityId }, report),
      );
      return 'delivered';
    } catch (error) {
      if (error instanceof ActivityNotFoundError) return 'not_found';
      throw unavailable('complete', error);
    }
  }

  /** @throws PatterError PATTER_TEMPORAL_UNAVAILABLE */
  async ping(deadlineMs: number): Promise<void> {
    try {
      await this.within(deadlineMs, () => this.client.workflowService.getSystemInfo({}));
    } catch (error) {
      throw unavailable('ping', error);
    }
  }

  private async signal(send: () => Promise<void>): Promise<SignalAnswer> {
    try {
      await this.within(SIGNAL_DEADLINE_MS, send);
      return 'delivered';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'gone';
      if (grpcCode(error) === INVALID_ARGUMENT) return 'rejected';
      throw unavailable('signal', error);
    }
  }

  private within<T>(deadlineMs: number, send: () => Promise<T>): Promise<T> {
    return this.client.withDeadline(this.clock.now() + deadlineMs, send);
  }
}

function grpcCode(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  const cause = (error as { cause?: unknown }).cause;
  return cause !== undefined && isGrpcServiceError(cause) ? cause.code : undefined;
}

function unavailable(what: string, error: unknown): PatterError {
  const message = error instanceof Error ? error.message : String(error);
  return new PatterError('PATTER_TEMPORAL_UNAVAILABLE', `Temporal did not answer (${what}): ${message}`, { cause: error });
}
