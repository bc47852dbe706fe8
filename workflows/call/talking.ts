/** While a gateway talks, the workflow waits; then the report says what comes next. */
import { condition } from '@temporalio/workflow';
import type { CallState, Conversation, Phase } from './call-state';
import { beginTransfer } from './transferring';

export async function talking(state: CallState): Promise<Phase> {
  const talk = state.conversation;
  if (!talk) return { kind: 'waiting' };
  await condition(() => talk.result !== undefined || talk.superseded || state.leg.end !== undefined || state.mustStop);
  if (talk.superseded && !state.leg.end) {
    // The new stream opens in the same activation that gave the old one up.
    await condition(() => state.conversation !== talk || state.isOver || state.mustStop || talk.result !== undefined);
    if (state.conversation !== talk) return { kind: 'talking' };
  }
  if (state.leg.end) return { kind: 'ending', hangUp: false };
  if (!talk.result) {
    state.endedByUs = state.stop?.reason;
    return { kind: 'ending', hangUp: true };
  }
  return afterTalk(state, talk, talk.result);
}

export function afterTalk(state: CallState, talk: Conversation, result: NonNullable<Conversation['result']>): Phase {
  switch (result.kind) {
    case 'lost':
      return { kind: 'reconnecting', why: 'gateway_lost' };
    case 'overtime':
      talk.cancel();
      return { kind: 'ending', hangUp: true };
    case 'report':
      break;
    default:
      return result satisfies never;
  }
  const { end } = result.report;
  switch (end) {
    case 'transfer_requested':
      return beginTransfer(state, result.report.transfer);
    case 'drained':
      return { kind: 'reconnecting', why: 'drained' };
    case 'digits_sent':
      return { kind: 'reconnecting', why: 'digits_sent' };
    case 'caller_hung_up':
    case 'agent_ended':
    case 'opted_out':
    case 'voicemail_left':
    case 'voicemail_skipped':
    case 'voicemail_cut':
    case 'time_limit':
    case 'idle':
    case 'provider_failed':
    case 'hung_up_by_request':
      // The gateway ends the carrier's call itself.
      return { kind: 'ending', hangUp: false };
    default:
      return end satisfies never;
  }
}
