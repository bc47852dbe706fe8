/** After a call of an app: sees to it that the developer's callbacks have been told all of it, however long their process is away, and that this has an end. */
import { ActivityFailure, isCancellation, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import { appTaskQueue } from '../../contracts/app-queue';
import type { CallbackActivities, CallbackKeepingActivities, CallbacksInput } from '../../contracts/callbacks';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 600_000;

const { giveUpCallbacks } = proxyActivities<CallbackKeepingActivities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m' },
});

export async function callbacks(input: CallbacksInput): Promise<void> {
  const { limits } = input;
  const { deliverCallbacks } = proxyActivities<CallbackActivities>({
    // Waits there, unstarted, until a process of the app is back: no try is spent on its absence.
    taskQueue: appTaskQueue(input.app),
    startToCloseTimeout: '15m',
    heartbeatTimeout: '15s',
    ...(limits && { scheduleToCloseTimeout: limits.keepForMs }),
    retry: {
      ...{ initialInterval: FIRST_RETRY_MS, backoffCoefficient: 2, maximumInterval: LONGEST_RETRY_MS },
      ...(limits && { maximumAttempts: triesWithin(limits.retryForMs) }),
    },
  });
  try {
    await deliverCallbacks(input);
  } catch (error) {
    if (isCancellation(error) || !limits) throw error;
    const { tenantId, callId, app } = input;
    await giveUpCallbacks({ tenantId, callId, app, reason: reasonOf(error) });
  }
}

/** The first at once, then after 1, 2, 4 … 600 s. */
function triesWithin(ms: number): number {
  let tries = 1;
  for (let at = FIRST_RETRY_MS, pause = FIRST_RETRY_MS; at <= ms; at += pause) {
    tries += 1;
    pause = Math.min(pause * 2, LONGEST_RETRY_MS);
  }
  return tries;
}

/** Of a failure that carries no word of the call. */
function reasonOf(error: unknown): string {
  const failure = error instanceof ActivityFailure ? error.cause : error;
  const timeout = failure instanceof TimeoutFailure ? failure : undefined;
  const last = timeout ? timeout.cause : failure;
  if (last instanceof Error && !(last instanceof TimeoutFailure)) return last.message;
  const unstarted = timeout?.timeoutType === 'SCHEDULE_TO_CLOSE' || timeout?.timeoutType === 'SCHEDULE_TO_START';
  if (unstarted && last === undefined) return 'no process of the app was there in all that time';
  return 'the process of the app died or hung whenever it was asked';
}
