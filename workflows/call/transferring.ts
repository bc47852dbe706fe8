/** The caller is handed to a person: those that the campaign names, one after the other, each asked for once. */
import { condition } from '@temporalio/workflow';
import type { ConversationReport } from '../../contracts/call';
import { reconcileTransfer, transferCall } from './activities';
import { Alarm } from './alarm';
import type { CallState, Phase } from './call-state';
import { dismiss } from './consult-leg';
import { askCarrier } from './ending';

const RESULT_GRACE_MS = 30_000;
/** The webhook that reports a failed transfer also asks what comes next; it is answered before the next request goes out. */
const INSTRUCTION_GRACE_MS = 2_000;
/** The result of a transfer may come after the end of the call. */
const LATE_RESULT_MS = 2_000;
const OVER: Phase = { kind: 'ending', hangUp: false };
/** Both callbacks of the end may have met a gateway that was just dying: the carrier is asked soon, then ever less often, for a look costs nine events. */
const FIRST_LOOK_MS = 30_000;
const LAST_LOOK_MS = 10 * 60_000;

/** Whom the caller is to be handed to, and how. */
export function beginTransfer(state: CallState, wanted: ConversationReport['transfer']): Phase {
  state.transferReason = wanted?.reason ?? '';
  const ordered = state.orders.takeTransfer();
  state.namedTarget = ordered ?? wanted?.number;
  state.targetOrdered = ordered !== undefined;
  const transferNumber = firstTransferNumber(state);
  // The tool exists only where the developer names somebody.
  if (transferNumber === undefined) return { kind: 'reconnecting', why: 'transfer_failed' };
  return state.rules?.transferMode === 'warm' && !ordered
    ? { kind: 'consulting', transferNumber }
    : { kind: 'transferring', transferNumber };
}

/** A new round begins with the first person again; numbers are never used twice. Undefined: the campaign names nobody. */
function firstTransferNumber(state: CallState): number | undefined {
  if (state.namedTarget !== undefined) return state.transferNumber + 1;
  const targets = state.rules?.transferTargets ?? 0;
  if (targets === 0) return undefined;
  return Math.ceil(state.transferNumber / targets) * targets + 1;
}

/** Undefined when everybody has been tried in this round. */
export function nextTransferNumber(state: CallState, transferNumber: number): number | undefined {
  if (state.namedTarget !== undefined) return undefined;
  const targets = state.rules?.transferTargets ?? 0;
  return targets > 0 && transferNumber % targets !== 0 ? transferNumber + 1 : undefined;
}

export async function transferring(state: CallState, transferNumber: number): Promise<Phase> {
  const { carrierCallId, input } = state;
  if (!carrierCallId || !state.rules) return { kind: 'ending', hangUp: true };
  state.transferNumber = transferNumber;
  const request = { callId: input.callId, carrierCallId, transferNumber };
  const ordered = state.targetOrdered ? { ordered: true } : {};
  const named = state.namedTarget === undefined ? request : { ...request, number: state.namedTarget, ...ordered };
  const requested = await transferCall(named).catch(() => ({ kind: 'unknown', to: '' }) as const);
  switch (requested.kind) {
    case 'exhausted':
      return { kind: 'reconnecting', why: 'transfer_failed' };
    case 'refused':
      return leaveOrNext(state, transferNumber);
    case 'unknown': {
      const found = await reconciled(request);
      if (!found.dialed && !state.transferResults.has(transferNumber)) return state.leg.end ? OVER : leaveOrNext(state, transferNumber);
      return follow(state, request, requested.to);
    }
    case 'requested':
      return follow(state, request, requested.to);
    default:
      return requested satisfies never;
  }
}

interface TransferRequest {
  callId: string;
  carrierCallId: string;
  transferNumber: number;
}

/** The person's phone rings. */
async function follow(state: CallState, request: TransferRequest, to: string): Promise<Phase> {
  const { transferNumber } = request;
  const had = state.attachments;
  const result = () => state.transferResults.get(transferNumber);
  const alarm = new Alarm((state.rules?.transferRingTimeoutMs ?? 20_000) + RESULT_GRACE_MS);
  await condition(() => result() !== undefined || state.leg.end !== undefined || alarm.rang || state.attachments > had || state.mustStop);
  if (!alarm.rang) alarm.cancel();
  if (!result() && state.leg.end) await condition(() => result() !== undefined, LATE_RESULT_MS);
  if (!result() && state.attachments > had) return { kind: 'talking' };
  if (state.mustStop && !state.leg.end) {
    state.endedByUs = state.stop?.reason;
    return { kind: 'ending', hangUp: true };
  }
  const answered = result()?.answered ?? (await reconciled(request)).answered;
  if (answered) {
    state.transferredTo = to;
    return state.leg.end ? OVER : { kind: 'transferred' };
  }
  if (state.leg.end) return OVER;
  const asked = state.instructionsAsked;
  if (result() && nextTransferNumber(state, transferNumber) !== undefined) {
    await condition(() => state.instructionsAsked > asked || state.leg.end !== undefined, INSTRUCTION_GRACE_MS);
  }
  return state.leg.end ? OVER : leaveOrNext(state, transferNumber);
}

/** Caller and person talk; the carrier tells when they stop. */
export async function transferred(state: CallState): Promise<Phase> {
  const person = state.consults.get(state.transferNumber);
  const legOver = () => {
    if (person) return person.end !== undefined;
    const result = state.transferResults.get(state.transferNumber);
    return result !== undefined && result.status !== 'in_progress' && result.status !== 'ringing' && result.status !== 'queued';
  };
  let lookMs = FIRST_LOOK_MS;
  while (!(await condition(() => state.leg.end !== undefined || legOver() || state.mustStop, lookMs))) {
    await askCarrier(state);
    lookMs = Math.min(2 * lookMs, LAST_LOOK_MS);
  }
  // The carrier ends both together; nobody is left alone where it has not.
  if (person && !(await condition(() => person.end !== undefined, LATE_RESULT_MS))) await dismiss(state, person);
  if (state.mustStop && !state.leg.end) return { kind: 'ending', hangUp: true };
  return OVER;
}

function leaveOrNext(state: CallState, transferNumber: number): Phase {
  const next = nextTransferNumber(state, transferNumber);
  return next === undefined ? { kind: 'reconnecting', why: 'transfer_failed' } : { kind: 'transferring', transferNumber: next };
}

async function reconciled(request: TransferRequest): Promise<{ dialed: boolean; answered: boolean }> {
  try {
    return await reconcileTransfer(request);
  } catch {
    // Not known: nobody is dialled twice, and the caller goes back to the agent.
    return { dialed: false, answered: false };
  }
}
