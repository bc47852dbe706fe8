import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  log,
  ParentClosePolicy,
  proxyActivities,
  startChild,
  uuid4,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { CallInput, CallOrder, CallView } from '../../contracts/call';
import { callWorkflowId } from '../../contracts/call-id';
import type { WorkflowCallActivities, WorkflowCallOutcome, WorkflowCallRequest } from '../../contracts/workflow-call';

export type { WorkflowCallOutcome } from '../../contracts/workflow-call';

/** Options of a call of its own (docs/calls.md). `from` is PATTER_PHONE_NUMBER where none is named. */
export interface WorkflowCallOptions extends Omit<WorkflowCallRequest, 'key' | 'tenantId'> {
  /**
   * Names the call within the workflow's run. Two calls of one name are one call; a reset of the workflow finds the call that was made.
   * @default its number: the first call of a run, the second, …
   */
  id?: string;
}

/** A call under way. */
export interface WorkflowCall {
  /** For `phone.calls.get()`. */
  readonly callId: string;
  /** no_answer, busy and failed are outcomes, not errors. Where the surrounding scope is cancelled, the phone is hung up first. */
  outcome(): Promise<WorkflowCallOutcome>;
  /** These resolve when the call has taken the order in; false: it had ended. */
  hangup(): Promise<boolean>;
  /** The agent says this text, word by word. */
  say(text: string): Promise<boolean>;
  /** Connects the callee with a person's number, E.164. */
  transfer(number: string): Promise<boolean>;
}

/** The call was refused: `type` is the error's code, as PATTER_REQUEST_INVALID. */
export const CallFailedError = ApplicationFailure;

/** Counts the calls of this run: every run of a workflow has modules of its own. */
const numbers = { next: 1 };

/** Workflows of one's own belong to whoever runs the workers: docs/workflows.md. */
const TENANT = 'default';
const WORKFLOW_TASK_TIMEOUT = '5s';

const { orderWorkflowCall, prepareWorkflowCall } = proxyActivities<WorkflowCallActivities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
});
const { workflowCallOutcome } = proxyActivities<WorkflowCallActivities>({
  // Of a call whose workflow was started elsewhere it sees the whole.
  startToCloseTimeout: '6h',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

/**
 * Places a call and waits for its outcome. Cancelling (`CancellationScope.withTimeout`, the workflow's cancellation) hangs up.
 * @throws ApplicationFailure PATTER_REQUEST_INVALID when the call cannot be: a wrong number, an agent that is not valid
 */
export async function placeCall(options: WorkflowCallOptions): Promise<WorkflowCallOutcome> {
  const call = await startCall(options);
  return call.outcome();
}

/** Places a call and does not wait: for what is to be said or ordered meanwhile. @throws as `placeCall` */
export async function startCall({ id, ...request }: WorkflowCallOptions): Promise<WorkflowCall> {
  const { continuedFromExecutionRunId, firstExecutionRunId, workflowId } = workflowInfo();
  const name = id ?? `${numbers.next++}`;
  // Not by the run's own id or its start, which a reset changes: who was called before a reset is not called again after it.
  const key = `workflow/${workflowId}/${firstExecutionRunId}/${continuedFromExecutionRunId ?? 'first'}/${name}`;
  const { callId, input } = await prepared({ ...request, key: shortened(key) });
  const ended = input && (await startChildOf(input));
  const order = async (what: CallOrder) => {
    const { kind } = await orderWorkflowCall({ tenantId: TENANT, callId, orderId: uuid4(), order: what });
    return kind === 'taken';
  };
  return {
    callId,
    async outcome() {
      const settled = CancellationScope.nonCancellable(async () => {
        await ended?.();
        return workflowCallOutcome({ tenantId: TENANT, callId });
      });
      try {
        return await Promise.race([settled, CancellationScope.current().cancelRequested]);
      } catch (error) {
        if (isCancellation(error)) {
          await CancellationScope.nonCancellable(async () => {
            await order({ kind: 'hangup' });
            await settled;
          });
        }
        throw error;
      }
    },
    hangup: () => order({ kind: 'hangup' }),
    say: (text) => order({ kind: 'say', text }),
    transfer: (number) => order({ kind: 'transfer', number }),
  };
}

async function prepared(request: WorkflowCallRequest) {
  try {
    return await prepareWorkflowCall(request);
  } catch (error) {
    // What was wrong with the call, without the activity around it.
    if (error instanceof ActivityFailure && error.cause instanceof ApplicationFailure) throw error.cause;
    throw error;
  }
}

/** @returns waits for the end of its workflow; undefined where the workflow was started by somebody else */
async function startChildOf(input: CallInput): Promise<(() => Promise<void>) | undefined> {
  try {
    const child = await CancellationScope.nonCancellable(() =>
      startChild<(input: CallInput) => Promise<CallView>>('call', {
        workflowId: callWorkflowId(input.callId),
        args: [input],
        // A caller on the line is not hung up on because the workflow around the call has ended.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      }),
    );
    const ended = CancellationScope.nonCancellable(() => child.result()).then(
      () => undefined,
      // Terminated from outside: the sweep settles the call, and its record has an outcome all the same.
      (error: unknown) => log.warn('the call workflow did not end by itself', { callId: input.callId, error: String(error) }),
    );
    return () => ended;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}

/** A key has at most 256 characters, a workflow id may have more: the end tells them apart. */
function shortened(key: string): string {
  return key.length <= 256 ? key : key.slice(-256);
}
