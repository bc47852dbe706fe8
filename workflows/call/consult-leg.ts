/** A person's phone in a warm transfer, as the carrier tells of it: late, twice and in any order. */
import { condition } from '@temporalio/workflow';
import type { CarrierEvent } from '../../contracts/call';
import { type CarrierCall, type CarrierCallStatus, isTerminalCarrierStatus } from '../../contracts/carrier';
import { hangupCall } from './activities';
import type { CallState } from './call-state';

type ConsultCarrierEvent = Extract<CarrierEvent, { kind: 'consult' }>;

/** The longest wait for the carrier to hang up on a person who is not needed any more. */
const DISMISS_MS = 10_000;

export class ConsultLeg {
  humanCallId: string | undefined;
  /** Their number. */
  to: string | undefined;
  answered = false;
  /** The first one counts: who declined does not accept any more, and a machine presses no keys. */
  verdict: 'none' | 'accepted' | 'declined' | 'machine' = 'none';
  bridged = false;
  end: { status: CarrierCallStatus; durationS?: number } | undefined;
  /** Epoch milliseconds, by the carrier's clock. */
  private answeredAt: number | undefined;
  /** Nobody waits for this person any more: whatever still comes is hung up. */
  dismissed = false;

  constructor(readonly transferNumber: number) {}

  /** What there is to know about whether the person takes the call is known. */
  get decided(): boolean {
    return this.verdict !== 'none' || this.end !== undefined;
  }

  learn(humanCallId: string, to?: string): void {
    this.humanCallId ??= humanCallId;
    this.to ??= to;
  }

  onEvent(event: ConsultCarrierEvent): void {
    switch (event.step) {
      case 'ringing':
        return;
      case 'answered':
        this.answered = true;
        this.answeredAt ??= event.at;
        return;
      case 'accepted':
      case 'declined':
      case 'machine':
        this.answered = true;
        if (!this.decided) this.verdict = event.step;
        return;
      case 'bridged':
        // Somebody who has left before is connected with nobody.
        if (!this.end) this.bridged = true;
        return;
      case 'ended':
        this.end ??= { status: event.status ?? 'completed', durationS: event.durationS ?? this.talkedS(event.at) };
        return;
      default:
        event.step satisfies never;
    }
  }

  /** Telnyx does not say how long a leg lasted, and bills it all the same. */
  private talkedS(endedAt: number): number | undefined {
    return this.answeredAt === undefined ? undefined : Math.max(0, Math.ceil((endedAt - this.answeredAt) / 1_000));
  }

  onFetched(call: CarrierCall): void {
    if (call.status === 'in_progress') this.answered = true;
    if (isTerminalCarrierStatus(call.status)) this.end ??= { status: call.status, durationS: call.durationS };
  }
}

export function legOf(state: CallState, transferNumber: number): ConsultLeg {
  let leg = state.consults.get(transferNumber);
  if (!leg) {
    leg = new ConsultLeg(transferNumber);
    state.consults.set(transferNumber, leg);
  }
  return leg;
}

/** One leg for each transfer number: any other, and one that comes too late, is hung up. */
export function onConsult(state: CallState, event: ConsultCarrierEvent): void {
  const leg = legOf(state, event.transferNumber);
  if (event.step === 'bridged') {
    leg.onEvent(event);
    return;
  }
  const first = leg.humanCallId === undefined;
  leg.learn(event.carrierCallId);
  if (leg.humanCallId === event.carrierCallId) leg.onEvent(event);
  if (event.step === 'ended') return;
  const unwanted = leg.humanCallId !== event.carrierCallId || (leg.dismissed && first);
  if (unwanted) void hangupCall({ callId: state.input.callId, carrierCallId: event.carrierCallId }).catch(() => undefined);
}

/** Ends a person's leg, whatever it does. */
export async function dismiss(state: CallState, leg: ConsultLeg): Promise<void> {
  leg.dismissed = true;
  const { humanCallId } = leg;
  if (leg.end || humanCallId === undefined) return;
  let answered = false;
  void hangupCall({ callId: state.input.callId, carrierCallId: humanCallId }).then(
    (call) => {
      if (call) leg.onFetched(call);
      answered = true;
    },
    () => {
      answered = true;
    },
  );
  await condition(() => answered || leg.end !== undefined, DISMISS_MS);
}
