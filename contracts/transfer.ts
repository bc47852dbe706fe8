/** The side effects of a warm transfer. What the carriers do for it is in ./carrier-transfer. */
import type { CarrierCall } from './carrier';

export interface ConsultInput {
  callId: string;
  /** The caller's. */
  carrierCallId: string;
  transferNumber: number;
  /** What the caller wants. */
  reason: string;
  /** One of those in the prompt's template; any other is refused. Without it those of the configuration are tried in order. */
  number?: string;
}

export type ConsultResult =
  /** `asks`: `askPerson` is needed when the person has answered. */
  | { kind: 'requested'; to: string; humanCallId: string; asks: boolean }
  | { kind: 'refused'; reason: string }
  /** Nobody is named. */
  | { kind: 'exhausted' }
  /** Sent, and no answer came; or an earlier run of the activity sent it. */
  | { kind: 'unknown'; to: string };

export type ConsultReconciled = { kind: 'found'; to: string; call: CarrierCall } | { kind: 'not_dialed' };

/** How a warm transfer ended, for the record. */
export const TRANSFER_RESULTS = ['accepted', 'declined', 'machine', 'unanswered', 'refused', 'failed', 'caller_left'] as const;
export type TransferResultKind = (typeof TRANSFER_RESULTS)[number];

export interface TransferRecord {
  transferNumber: number;
  result: TransferResultKind;
  humanCallId?: string;
}

export interface TransferActivities {
  /** Writes the intent, then calls the person. maximumAttempts 1. */
  consult(input: ConsultInput): Promise<ConsultResult>;
  /** After an unknown consult: the person's leg, if there is one. Asks the carrier until it is sure. */
  reconcileConsult(input: { callId: string; carrierCallId: string; transferNumber: number }): Promise<ConsultReconciled>;
  /** The person has answered: speaks to them, where the carrier does not do so by itself. Idempotent. */
  askPerson(input: { callId: string; humanCallId: string; transferNumber: number; reason: string }): Promise<void>;
  /** Connects caller and person. Idempotent: a retry looks first whether they are. */
  bridge(input: {
    callId: string;
    carrierCallId: string;
    humanCallId: string;
    transferNumber: number;
  }): Promise<{ kind: 'bridging'; to: string } | { kind: 'refused'; reason: string }>;
  /** Looks whether a gateway still has the caller's stream; ends when it has not. Until then it goes on, to be cancelled. */
  watchHold(input: { callId: string; gatewayId: string; streamId: string }): Promise<{ lost: true }>;
  /**
   * Music from the carrier for a caller whose stream is gone. Idempotent.
   * @param input.lostGatewayId has just gone, and is among the live ones for a while yet
   */
  holdCaller(input: { callId: string; carrierCallId: string; transferNumber: number; lostGatewayId?: string }): Promise<void>;
}
