/** Decision 10: what picked up is a vote, taken again whenever a voice comes in. */
import type { CarrierEvent, GatewayCommand, GatewayEvent } from '../../contracts/call';
import { voteAmd } from '../../policy/amd-vote';
import { commandGateway } from './activities';
import type { CallState } from './call-state';

export function onCarrierAmd(state: CallState, event: Extract<CarrierEvent, { kind: 'amd' }>): void {
  state.evidence.carrier = { answeredBy: event.answeredBy, messageEnd: event.messageEnd };
  vote(state);
}

export function onGatewayEvidence(state: CallState, event: Extract<GatewayEvent, { kind: 'machine_suspected' | 'human_confirmed' }>): void {
  if (event.kind === 'human_confirmed') state.evidence.transcript = 'human';
  else if (event.evidence === 'beep') state.evidence.beep = true;
  else if (event.evidence === 'long_speech') state.evidence.longSpeech = true;
  else state.evidence.transcript = 'machine';
  vote(state);
}

/** Also asked when a stream opens: the carrier's verdict may have come first. */
export function vote(state: CallState): void {
  const verdict = voteAmd(state.evidence);
  state.answeredBy = verdict.answeredBy;
  const talk = state.liveConversation;
  if (!talk || !state.rules || state.isOver) return;
  const text = state.rules.setup.voicemailMessage;
  switch (verdict.action) {
    case 'talk':
      if (state.machineCommand === 'drop_voicemail') command(state, 'talk_again', { kind: 'human' });
      return;
    case 'leave_message':
    case 'wait_for_end':
      if (state.machineCommand !== 'none') return;
      command(state, 'drop_voicemail', { kind: 'drop_voicemail', text, waitForSilence: verdict.action === 'wait_for_end' });
      return;
    case 'hang_up':
      if (state.machineCommand === 'hang_up' || state.machineCommand === 'drop_voicemail') return;
      // An empty message: the gateway ends the call by itself and reports it as a voicemail that was skipped.
      if (verdict.answeredBy === 'machine') command(state, 'drop_voicemail', { kind: 'drop_voicemail', text: '', waitForSilence: false });
      else command(state, 'hang_up', { kind: 'hangup', reason: `answered by ${verdict.answeredBy}` });
      return;
    default:
      verdict.action satisfies never;
  }
}

type Order = GatewayCommand extends infer C ? (C extends GatewayCommand ? Omit<C, 'commandId' | 'callId' | 'streamId'> : never) : never;

function command(state: CallState, next: CallState['machineCommand'], order: Order): void {
  const talk = state.liveConversation;
  if (!talk) return;
  state.machineCommand = next;
  const envelope = {
    commandId: `${state.input.callId}/${talk.attachment}/${order.kind}`,
    callId: state.input.callId,
    streamId: talk.streamId,
  };
  // A gateway that does not hear it is dead, and the heartbeat tells.
  void commandGateway({ gatewayId: talk.gatewayId, command: { ...envelope, ...order } as GatewayCommand }).catch(() => undefined);
}
