/**
 * A carrier tells who answered once, and to one gateway. Where that one may be gone, the carrier's record of the call is asked: as soon as another stream talks, and
 * before the call is settled.
 */
import { CancellationScope, condition, patched } from '@temporalio/workflow';
import { type CarrierCall, FETCHED_AMD } from '../../contracts/carrier';
import { askWhoAnswered } from './activities';
import { vote } from './amd';
import type { CallState, Conversation } from './call-state';

/** Each from the last one on. A carrier has made up its mind after 30 s. */
const LOOKS_AFTER_MS = [0, 2_000, 4_000, 8_000, 16_000];

/** The verdict would change what is done or written, and has not come. */
function isMissing({ rules, evidence }: CallState): boolean {
  if (!rules?.setup.machineDetection || rules.setup.direction === 'inbound') return false;
  // All of these are stronger than what is told late.
  return !evidence.carrier && evidence.transcript === undefined && !evidence.beep && !evidence.faxTone;
}

/** Asked before a stream of another gateway is open: the one that the carrier tells is, or was, out of reach. */
export function mayBeLost({ conversation, instructionsAsked, phase }: CallState): boolean {
  // The first stream, and not the one that the call was dialled with.
  if (!conversation) return instructionsAsked > 0 || phase.kind === 'reconnecting';
  const { result, superseded } = conversation;
  return superseded || result?.kind === 'lost' || (result?.kind === 'report' && result.report.end === 'drained');
}

/** Looks until the carrier tells, or `talk` is over: its voice in the vote is heard as if it had come by itself, but late. */
export function lookWhileTalking(state: CallState, talk: Conversation): void {
  if (!isMissing(state) || FETCHED_AMD[state.rules?.setup.carrier ?? 'twilio'] === 'when_over' || !patched('ask-who-answered')) return;
  const over = () => talk.result !== undefined || talk.superseded || state.isOver || !isMissing(state);
  void CancellationScope.nonCancellable(async () => {
    for (const afterMs of LOOKS_AFTER_MS) {
      if (afterMs > 0) await condition(over, afterMs);
      if (over()) return;
      await look(state);
    }
  }).catch(() => undefined);
}

/** Once, of a call that somebody was talked to in: nothing is asked where the verdict came, or where the end says it all. */
export async function lookAtTheEnd(state: CallState): Promise<void> {
  const decided = state.optOut !== undefined || state.transferredTo !== undefined;
  if (state.attachments === 0 || decided || !isMissing(state) || !patched('ask-who-answered')) return;
  await look(state);
}

/** Of any answer of the carrier's; what it told by itself stands. */
export function takeVerdict(state: CallState, { amd }: CarrierCall): void {
  if (!amd || !isMissing(state)) return;
  state.evidence.carrier = { ...amd, late: true };
  vote(state);
}

async function look(state: CallState): Promise<void> {
  const { carrierCallId, input } = state;
  if (!carrierCallId) return;
  try {
    const call = await askWhoAnswered({ callId: input.callId, carrierCallId });
    if (call) takeVerdict(state, call);
  } catch {
    // Not known: the vote goes by what is known.
  }
}
