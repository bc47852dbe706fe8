/** The call's side effects with their deadlines and retries. Those that may reach a phone twice run at most once. */
import { ActivityCancellationType, type ActivityOptions, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { CallActivities, CallMediaActivities } from '../../contracts/activities';
import { appTaskQueue } from '../../contracts/app-queue';
import type { AppToolActivities, DurableToolActivities, RunHandlerInput } from '../../contracts/durable-tool';
import type { TransferActivities } from '../../contracts/transfer';

/** A POST to the carrier is never repeated blindly. Not eager: an eager activity passes by the task queue's rate limit. */
const once = proxyActivities<CallActivities & CallMediaActivities>({
  startToCloseTimeout: '30s',
  retry: { maximumAttempts: 1 },
  allowEagerDispatch: false,
});

/** Polls the carrier past the HTTP time-out of the request in question. */
const reconciling = proxyActivities<CallActivities & TransferActivities>({
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '10m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15s' },
});

/** Requests to the carrier that are harmless to repeat. */
const repeatable = proxyActivities<CallActivities & CallMediaActivities>({
  startToCloseTimeout: '15s',
  scheduleToCloseTimeout: '10m',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
});

/** Somebody waits on the line for these. */
const prompt = proxyActivities<CallActivities & TransferActivities>({
  startToCloseTimeout: '8s',
  scheduleToCloseTimeout: '15s',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumAttempts: 3 },
});

/** The model waits for these, and a number that is about to be said. */
const pausing = proxyActivities<CallMediaActivities>({
  startToCloseTimeout: '12s',
  scheduleToCloseTimeout: '14s',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumAttempts: 3 },
});

/** Rings a person's phone once; the caller listens to music meanwhile. Longer than the request's own time-out. */
const consultOnce = proxyActivities<TransferActivities>({
  startToCloseTimeout: '12s',
  retry: { maximumAttempts: 1 },
  allowEagerDispatch: false,
});

/** Two people wait for it. */
const connecting = proxyActivities<TransferActivities>({
  startToCloseTimeout: '8s',
  scheduleToCloseTimeout: '25s',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '2s' },
});

/** For as long as people are being asked. */
const watching = proxyActivities<TransferActivities>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '8s',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '5s' },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** Writes that must not be lost: tried until they succeed. */
const stubborn = proxyActivities<CallActivities & CallMediaActivities>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
});

/** The same writes as part of the workflow task that asks for them: one event instead of six. */
const inTask = proxyLocalActivities<CallActivities>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '8s',
  retry: { initialInterval: '200ms', maximumAttempts: 2 },
});

/** Besides the tool's own time: a worker may die, and another one take it up. */
const TOOL_TAKEOVER_MS = 30_000;

/** Told by the heartbeat that its process has died, it is tried again, with the same idempotency key. What the tool answers is a result, whatever it is. */
function durably(timeoutMs: number): ActivityOptions {
  return {
    startToCloseTimeout: timeoutMs + 2_000,
    scheduleToCloseTimeout: timeoutMs + TOOL_TAKEOVER_MS,
    heartbeatTimeout: '3s',
    retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '2s' },
  };
}

export function runWebhookTool(
  timeoutMs: number,
  ...args: Parameters<DurableToolActivities['runWebhookTool']>
): ReturnType<DurableToolActivities['runWebhookTool']> {
  return proxyActivities<DurableToolActivities>(durably(timeoutMs)).runWebhookTool(...args);
}

/** In a process that has the developer's code. */
export function runHandlerTool(input: RunHandlerInput): ReturnType<AppToolActivities['runTool']> {
  const taskQueue = appTaskQueue(input.code.split('/')[0] as string);
  return proxyActivities<AppToolActivities>({ ...durably(input.timeoutMs), taskQueue }).runTool(input);
}

export const dial = once.dial;
export const transferCall = once.transferCall;
export const consult = consultOnce.consult;
export const reconcileConsult = reconciling.reconcileConsult;
export const askPerson = prompt.askPerson;
export const bridge = connecting.bridge;
export const watchHold = watching.watchHold;
export const holdCaller = prompt.holdCaller;
export const sendDigits = once.sendDigits;
export const startRecording = repeatable.startRecording;
export const setRecordingPaused = pausing.setRecordingPaused;
export const stopRecording = pausing.stopRecording;
export const noteRecording = stubborn.noteRecording;
export const startCallbacks = stubborn.startCallbacks;
export const reconcileDial = reconciling.reconcileDial;
export const reconcileTransfer = reconciling.reconcileTransfer;
export const hangupCall = repeatable.hangupCall;
export const fetchCarrierCall = repeatable.fetchCarrierCall;
/** A person or a settlement waits for it; it matters too little to be asked for ever. */
export const askWhoAnswered = prompt.fetchCarrierCall;
export const commandGateway = prompt.commandGateway;
export const restreamCall = prompt.restreamCall;

/** In the workflow task when all is well; as a regular activity, for as long as it takes, when the database is away. Both writes are idempotent. */
export async function settleCall(...args: Parameters<CallActivities['settleCall']>): ReturnType<CallActivities['settleCall']> {
  try {
    return await inTask.settleCall(...args);
  } catch {
    return stubborn.settleCall(...args);
  }
}

/** A caller hears it ring until then. */
const admitting = proxyActivities<CallActivities>({
  startToCloseTimeout: '8s',
  scheduleToCloseTimeout: '45s',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '2s' },
});

/** As with the settlement: in the workflow task, which is the quickest there is, or as a regular activity when the database is away. */
export async function admitInbound(...args: Parameters<CallActivities['admitInbound']>): ReturnType<CallActivities['admitInbound']> {
  try {
    return await inTask.admitInbound(...args);
  } catch {
    return admitting.admitInbound(...args);
  }
}

export async function recordOptOut(...args: Parameters<CallActivities['recordOptOut']>): Promise<void> {
  try {
    await inTask.recordOptOut(...args);
  } catch {
    await stubborn.recordOptOut(...args);
  }
}

/**
 * A gateway that has not been heard of for so long is asked whether it lives; it heartbeats every second. With 3 s a caller heard nothing for up to
 * 3.5 s; a false alarm costs one request, and the caller does not hear it.
 */
export const CONVERSATION_HEARTBEAT_MS = 2_000;

/** The activity that a gateway completes from outside, under an id it can name. */
export function startConversation(
  input: Parameters<CallActivities['conversation']>[0],
  activityId: string,
  maxDurationMs: number,
): ReturnType<CallActivities['conversation']> {
  return proxyActivities<CallActivities>({
    activityId,
    startToCloseTimeout: maxDurationMs,
    heartbeatTimeout: CONVERSATION_HEARTBEAT_MS,
    retry: { maximumAttempts: 1 },
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  }).conversation(input);
}
