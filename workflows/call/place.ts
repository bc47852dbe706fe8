/** From the dial to a call that the carrier surely has, or surely has not. */
import { CancellationScope, condition, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { DialResult, ReconcileResult } from '../../contracts/activities';
import { autoPauseSignal } from '../../contracts/campaign-workflow';
import { dial, reconcileDial, startCallbacks } from './activities';
import type { CallState, Phase } from './call-state';

/** How long a callback that beat the dial's own answer waits for it, before the call is looked up. */
const DIAL_ANSWER_GRACE_MS = 1_000;

export async function place(state: CallState): Promise<Phase> {
  let answer: DialResult | 'lost' | undefined;
  void dial(state.input).then(
    (result) => {
      answer = result;
      onDialAnswer(state, result);
    },
    (error) => {
      log.warn('the dial gave no answer', { callId: state.input.callId, error: String(error) });
      answer = 'lost';
    },
  );
  await condition(() => answer !== undefined || (state.carrierCallId !== undefined && state.rules !== undefined));
  // A callback was faster and the call has been looked up: the dial's answer, if one comes, has nothing to add.
  if (answer === undefined) return { kind: 'waiting' };
  if (answer === 'lost') return reconcile(state);
  switch (answer.kind) {
    case 'placed':
      return { kind: 'waiting' };
    case 'unknown':
      return state.carrierCallId === undefined ? reconcile(state) : { kind: 'waiting' };
    case 'skipped':
      // The gate's transaction has ended the contact; the campaign tells its webhooks.
      state.outcome = 'skipped';
      if (answer.app !== undefined) await startCallbacks({ tenantId: state.input.tenantId, callId: state.input.callId, app: answer.app });
      return { kind: 'ended' };
    case 'deferred':
      await pauseCampaign(answer);
      // The contact waits in Postgres already.
      return { kind: 'ended' };
    case 'refused': {
      const { outcome, reason, consumed, retryAfterMs, errorCode } = answer;
      state.verdict = { outcome, reason, consumed, retryAfterMs, errorCode };
      await pauseCampaign(answer);
      return { kind: 'settling' };
    }
    default:
      return answer satisfies never;
  }
}

function onDialAnswer(state: CallState, result: DialResult): void {
  if (result.kind !== 'placed' && result.kind !== 'unknown') return;
  state.learnRules(result);
  if (result.kind === 'placed') state.adopt(result.carrierCallId);
}

/** The dial's fate is unknown: asks the carrier, past the time-out of the request, unless a callback tells first. */
async function reconcile(state: CallState): Promise<Phase> {
  state.phase = { kind: 'reconciling' };
  let result: ReconcileResult | 'gave_up' | undefined;
  const scope = new CancellationScope();
  if (state.carrierCallId === undefined) {
    void scope
      .run(() => reconcileDial(state.input))
      .then(
        (answer) => {
          result = answer;
        },
        () => {
          result = 'gave_up';
        },
      );
    await condition(() => result !== undefined || state.carrierCallId !== undefined);
    if (result === undefined) scope.cancel();
  }
  if (state.carrierCallId !== undefined) {
    await rulesKnown(state);
    return { kind: 'waiting' };
  }
  if (result === undefined || result === 'gave_up' || result.kind === 'unknown') {
    state.verdict = { outcome: 'failed', reason: 'the carrier never told whether it dialled', consumed: true };
    return { kind: 'settling' };
  }
  switch (result.kind) {
    case 'found':
      learnFound(state, result);
      return { kind: 'waiting' };
    case 'not_dialed':
      state.verdict = { outcome: 'failed', reason: 'the call was not dialled', consumed: false, retryAfterMs: 1_000 };
      return { kind: 'settling' };
    default:
      return result satisfies never;
  }
}

/** Waits for what the gateway needs to know. Normally the dial has told long before the phone rings. */
export async function rulesKnown(state: CallState): Promise<void> {
  if (state.rules) return;
  if (state.phase.kind === 'admitting') {
    await condition(() => state.rules !== undefined || state.refusal !== undefined || state.isOver);
    return;
  }
  const { carrierCallId } = state;
  if (state.phase.kind === 'dialing' && (await condition(() => state.rules !== undefined || state.isOver, DIAL_ANSWER_GRACE_MS))) return;
  if (state.rules || carrierCallId === undefined) return;
  // The worker that dialled may be dead, and its time-out far away.
  const scope = new CancellationScope();
  const lookedUp = scope.run(() => reconcileDial({ ...state.input, carrierCallId }));
  let failed = false;
  void lookedUp.then(
    (result) => {
      if (result.kind === 'found') learnFound(state, result);
      else failed = true;
    },
    () => {
      failed = true;
    },
  );
  await condition(() => state.rules !== undefined || failed || state.isOver);
  if (!failed) scope.cancel();
}

function learnFound(state: CallState, found: Extract<ReconcileResult, { kind: 'found' }>): void {
  state.learnRules(found);
  if (state.adopt(found.call.carrierCallId)) state.leg.onFetched(found.call, Date.now());
}

async function pauseCampaign(answer: { pauseCampaign?: string; campaignWorkflowId?: string }): Promise<void> {
  if (answer.pauseCampaign === undefined || answer.campaignWorkflowId === undefined) return;
  try {
    await getExternalWorkflowHandle(answer.campaignWorkflowId).signal(autoPauseSignal, { reason: answer.pauseCampaign });
  } catch {
    // The campaign is over: nothing to pause.
  }
}
