/** The one place where a call's end is written. */
import { condition, upsertSearchAttributes } from '@temporalio/workflow';
import type { CallSettlement } from '../../contracts/activities';
import type { UsageLine } from '../../contracts/call';
import { settleCall } from './activities';
import type { CallState, Phase } from './call-state';
import { outcomeOf } from './outcome';
import { searchAttributes } from './search-attributes';

export async function settling(state: CallState): Promise<Phase> {
  await state.durableTools.settled();
  const settlement = settlementOf(state, Date.now());
  state.outcome = settlement.outcome;
  upsertSearchAttributes([{ key: searchAttributes.outcome, value: settlement.outcome }]);
  await settleCall(settlement);
  await state.recorder.close(state);
  // Told while the record, which does not hold it, was being written: with the end of this workflow it would not be tried any more.
  if (state.optOut && !settlement.optOut) await condition(() => state.optOutWritten);
  return { kind: 'ended' };
}

/** People who were connected: their legs are calls of their own on the carrier's bill. */
function humanLegs(state: CallState): UsageLine[] {
  return [...state.transferResults.values()]
    .filter((result) => result.answered && result.durationS !== undefined)
    .map((result) => ({
      provider: state.rules?.setup.carrier ?? 'twilio',
      service: 'voice',
      item: 'transfer',
      unit: 'second',
      quantity: result.durationS as number,
    }));
}

/** Also of people who declined, and of machines: the carrier bills whoever answers. */
function consultLegs(state: CallState): UsageLine[] {
  const provider = state.rules?.setup.carrier ?? 'twilio';
  return [...state.consults.values()]
    .filter(({ end }) => end?.durationS)
    .map(({ end }) => ({ provider, service: 'voice', item: 'transfer', unit: 'second', quantity: end?.durationS ?? 0 }));
}

function settlementOf(state: CallState, now: number): CallSettlement {
  const { leg, transcript, verdict } = state;
  // Who has said a word that tells nothing of a machine is a person.
  const spoke = transcript.turns().some((turn) => turn.role === 'user' && turn.text !== '');
  const answeredBy = (state.answeredBy === 'unknown' || state.answeredBy === 'silence') && spoke ? 'human' : state.answeredBy;
  const outcome =
    verdict ??
    outcomeOf({
      carrier: state.rules?.setup.carrier ?? 'twilio',
      ringingAt: leg.ringingAt,
      answeredAt: leg.answeredAt,
      end: leg.end,
      last: state.conversation?.result,
      attachments: state.attachments,
      answeredBy,
      optOut: state.optOut !== undefined,
      callback: state.callback !== undefined,
      transferredTo: state.transferredTo,
      endedByUs: state.endedByUs,
      providerFailure: state.providerFailure,
    });
  const carrierOptOut = 'optOutByCarrier' in outcome ? ({ by: 'carrier', text: outcome.reason } as const) : undefined;
  return {
    ...state.input,
    outcome: outcome.outcome,
    reason: outcome.reason,
    answeredBy,
    carrierCallId: state.carrierCallId,
    ringingAt: leg.ringingAt,
    answeredAt: leg.answeredAt,
    endedAt: leg.end?.at ?? now,
    durationS: leg.end?.durationS,
    transferredTo: state.transferredTo,
    ...(state.transferRecords.length > 0 ? { transfers: state.transferRecords } : {}),
    turns: transcript.turns(),
    usage: [...transcript.usage(), ...humanLegs(state), ...consultLegs(state)],
    toolCalls: state.durableTools.complete(transcript.toolCalls()),
    voicemailLeft: state.voicemailLeft,
    callback: state.callback,
    optOut: state.optOut ?? carrierOptOut,
    consumed: outcome.consumed,
    retryAfterMs: outcome.retryAfterMs,
    errorCode: verdict?.errorCode ?? leg.end?.errorCode,
  };
}
