/** Decision 10: what picked up is a vote, taken again whenever a voice comes in. */
import { patched } from '@temporalio/workflow';
import type { CarrierEvent, GatewayCommand, GatewayEvent } from '../../contracts/call';
import { voteAmd } from '../../policy/amd-vote';
import { commandGateway } from './activities';
import type { CallState } from './call-state';

type Evidence = Extract<GatewayEvent, { kind: 'machine_suspected' | 'human_confirmed' | 'callee_suspected' }>;

export function onCarrierAmd(state: CallState, event: Extract<CarrierEvent, { kind: 'amd' }>): void {
  state.evidence.carrier = { answeredBy: event.answeredBy, messageEnd: event.messageEnd };
  vote(state);
}

export function onGatewayEvidence(state: CallState, event: Evidence): void {
  const { evidence } = state;
  // Somebody has spoken after all.
  if (event.kind !== 'callee_suspected') delete evidence.silence;
  switch (event.kind) {
    case 'human_confirmed':
      afterAnother(state);
      evidence.transcript = 'human';
      break;
    case 'machine_suspected':
      if (event.evidence === 'beep') evidence.beep = true;
      else if (event.evidence === 'long_speech') evidence.longSpeech = true;
      else {
        afterAnother(state);
        evidence.transcript = 'machine';
      }
      break;
    case 'callee_suspected':
      if (event.is === 'fax') evidence.faxTone = true;
      else if (event.is === 'silence') evidence.silence = true;
      else {
        evidence.transcript = event.is;
        evidence.behindMachine = true;
      }
      break;
    default:
      event satisfies never;
  }
  vote(state);
}

/** The tone before which a screener wants a name says nothing of who speaks now. */
function afterAnother({ evidence }: CallState): void {
  if (evidence.transcript === 'ivr' || evidence.transcript === 'call_screening') delete evidence.beep;
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
      switch (state.machineCommand) {
        case 'drop_voicemail':
        case 'navigate':
        case 'introduce':
          command(state, 'talk_again', { kind: 'human' });
          return;
        case 'none':
        case 'hang_up':
        case 'talk_again':
          return;
        default:
          state.machineCommand satisfies never;
          return;
      }
    case 'wait_for_end':
      // Without a message the gateway would hang up at once, on a guess of the carrier's: a screener or a menu may be speaking, or a person.
      if (text === '' && patched('guess-hangs-up-on-nobody')) return;
      leaveMessage(state, text, true);
      return;
    case 'leave_message':
      leaveMessage(state, text, false);
      return;
    case 'navigate':
      if (state.machineCommand !== 'navigate' && state.machineCommand !== 'hang_up')
        command(state, 'navigate', { kind: 'callee', is: 'ivr' });
      return;
    case 'introduce':
      if (state.machineCommand !== 'introduce' && state.machineCommand !== 'hang_up') {
        command(state, 'introduce', { kind: 'callee', is: 'call_screening' });
      }
      return;
    case 'hang_up':
      if (state.machineCommand === 'hang_up') return;
      // A message is finished first, whatever the carrier believes; a fax machine's tone is no belief.
      if (state.machineCommand === 'drop_voicemail' && !state.evidence.faxTone) return;
      // An empty message: the gateway ends the call by itself and reports it as a voicemail that was skipped.
      if (verdict.answeredBy === 'machine') command(state, 'drop_voicemail', { kind: 'drop_voicemail', text: '', waitForSilence: false });
      else command(state, 'hang_up', { kind: 'hangup', reason: `answered by ${verdict.answeredBy}` });
      return;
    default:
      verdict.action satisfies never;
  }
}

function leaveMessage(state: CallState, text: string, waitForSilence: boolean): void {
  if (state.machineCommand !== 'none' && state.machineCommand !== 'navigate' && state.machineCommand !== 'introduce') return;
  command(state, 'drop_voicemail', { kind: 'drop_voicemail', text, waitForSilence });
}

type Order = GatewayCommand extends infer C ? (C extends GatewayCommand ? Omit<C, 'commandId' | 'callId' | 'streamId'> : never) : never;

function command(state: CallState, next: CallState['machineCommand'], order: Order): void {
  const talk = state.liveConversation;
  if (!talk) return;
  state.machineCommand = next;
  const what = order.kind === 'callee' ? `${order.kind}-${order.is}` : order.kind;
  const envelope = {
    commandId: `${state.input.callId}/${talk.attachment}/${what}`,
    callId: state.input.callId,
    streamId: talk.streamId,
  };
  // A gateway that does not hear it is dead, and the heartbeat tells.
  void commandGateway({ gatewayId: talk.gatewayId, command: { ...envelope, ...order } as GatewayCommand }).catch(() => undefined);
}
