/** Facts from outside, each taken in once. */
import type { CarrierEvent, GatewayEvent } from '../../contracts/call';
import { onCarrierAmd, onGatewayEvidence } from './amd';
import type { CallState } from './call-state';
import { onConsult } from './consult-leg';
import { acceptLateReport } from './conversation';
import { noteOptOut } from './opt-out';

export function onCarrierEvent(state: CallState, event: CarrierEvent): void {
  if (!state.leg.isNew(event)) return;
  // A transfer's result may come from the human's own leg.
  if (event.kind === 'transfer_result') {
    onTransferResult(state, event);
    return;
  }
  // Another leg than the caller's.
  if (event.kind === 'consult') {
    onConsult(state, event);
    return;
  }
  if (!state.adopt(event.carrierCallId)) return;
  switch (event.kind) {
    case 'status':
      state.leg.onStatus(event);
      return;
    case 'amd':
      onCarrierAmd(state, event);
      return;
    case 'stream': {
      const conversation = state.streams.get(event.streamId);
      if (conversation && event.status !== 'started') conversation.streamOver = true;
      return;
    }
    case 'recording':
      // The business of the call's recording workflow, which outlives this one.
      return;
    default:
      event satisfies never;
  }
}

/** The answer counts and nothing after it but the end of the talk; a failure counts only where there was no answer. */
function onTransferResult(state: CallState, event: Extract<CarrierEvent, { kind: 'transfer_result' }>): void {
  const before = state.transferResults.get(event.transferNumber);
  const over = event.status !== 'queued' && event.status !== 'ringing' && event.status !== 'in_progress';
  if (!event.answered && !over) return;
  if (!before) state.transferResults.set(event.transferNumber, event);
  else if (over) {
    // Telnyx does not say how long a leg talked.
    const talkedS = before.answered && before.status === 'in_progress' ? Math.max(0, Math.ceil((event.at - before.at) / 1_000)) : undefined;
    const durationS = event.durationS ?? talkedS;
    state.transferResults.set(event.transferNumber, {
      ...event,
      answered: before.answered || event.answered,
      ...(durationS === undefined ? {} : { durationS }),
    });
  }
}

export function onGatewayEvent(state: CallState, event: GatewayEvent): void {
  const conversation = state.acceptGatewayEvent(event);
  if (!conversation) return;
  switch (event.kind) {
    case 'machine_suspected':
    case 'human_confirmed':
    case 'callee_suspected':
      onGatewayEvidence(state, event);
      return;
    case 'opt_out':
      noteOptOut(state, { by: event.by, text: event.text });
      return;
    case 'sealed_turns':
      state.transcript.seal(conversation.attachment, event.turns);
      return;
    case 'consent_heard':
      state.recorder.start(state);
      return;
    case 'set_recording':
      state.recorder.set(state, conversation, event);
      return;
    case 'send_digits':
      state.keyPresses.send(state, conversation, event);
      return;
    case 'said':
      state.orders.said(event);
      return;
    case 'late_report':
      acceptLateReport(state, conversation, event.report);
      return;
    default:
      event satisfies never;
  }
}

export function onStop(state: CallState, stop: { reason: string; cancelIfQueuedOnly: boolean }): void {
  // A pause after a cancel does not weaken it.
  if (!state.mustStop) state.stop = stop;
}
