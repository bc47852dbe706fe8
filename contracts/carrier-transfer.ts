/**
 * A warm transfer: a person is called beside the caller's call, hears what it is about, accepts by a key, and only then the two are connected.
 *
 *   workflow ── consult ──► carrier calls the person ── consult events (signals) ──► workflow
 *      answered ── ask ──► the summary is spoken, a key is awaited      (where the carrier does not do both by itself)
 *      accepted ── bridge ──► caller and person hear each other ── `bridged` ──► workflow
 *      machine, declined, ended ──► the leg is hung up, and the next person is called
 *
 * The caller listens to music meanwhile: on the media stream that asked for the transfer, or, when that is gone, by `hold`.
 *
 * What each carrier's webhooks of the person's leg become is one kind of event, `ConsultEvent`. A carrier only parses: the workflow decides.
 * | step       | Twilio                                   | Telnyx                                                          |
 * | ringing    | status callback `ringing`                | `call.initiated`                                                |
 * | answered   | status callback `in-progress`            | `call.answered`                                                 |
 * | machine    | AMD callback `machine_*`, `fax`          | `call.machine(.premium).detection.ended`: `machine`, `fax_detected` |
 * | accepted   | `<Gather action>` with digit 1           | `call.gather.ended` with digit 1                                |
 * | declined   | `<Gather action>` with another digit     | `call.gather.ended` with another digit, or none                 |
 * | bridged    | conference status callback `start`       | `call.bridged`                                                  |
 * | ended      | status callback, terminal                | `call.hangup`                                                   |
 */
import type { CarrierCallStatus, PlaceCallResult } from './carrier';

export const CONSULT_STEPS = ['ringing', 'answered', 'machine', 'accepted', 'declined', 'bridged', 'ended'] as const;
export type ConsultStep = (typeof CONSULT_STEPS)[number];

/** What became of the person's phone. `carrierCallId` of the event around it is the person's leg; of `bridged` it may be either of the two. */
export interface ConsultEvent {
  kind: 'consult';
  transferNumber: number;
  step: ConsultStep;
  /** Of `ended`: how. */
  status?: CarrierCallStatus;
  /** Of `ended`: seconds the carrier bills. */
  durationS?: number;
}

/** The one key that accepts; every other one declines. */
export const ACCEPT_KEY = '1';

export interface ConsultRequest {
  callId: string;
  /** The caller's. */
  carrierCallId: string;
  transferNumber: number;
  /** The person's number. */
  to: string;
  from: string;
  gatewayUrl: string;
  fallbackGatewayUrl: string;
  ringTimeoutMs: number;
  /** Longest talk of the two, for the carrier's own limit. */
  timeLimitMs: number;
  /** Spoken to the person by the carrier's voice. */
  summary: string;
  /** Spoken after it: press 1 to take the call. */
  question: string;
  /** Of both: BCP 47 with a region, as in `en-US`. */
  language: string;
  /** A machine that answers must not take the call. */
  machineDetection: boolean;
}

/** For carriers whose `consult` only makes the phone ring. */
export interface AskRequest {
  callId: string;
  humanCallId: string;
  transferNumber: number;
  summary: string;
  question: string;
  language: string;
  /** How long a key is awaited after the question, before it is asked once more. */
  answerWithinMs: number;
}

export interface BridgeRequest {
  callId: string;
  carrierCallId: string;
  humanCallId: string;
  transferNumber: number;
  gatewayUrl: string;
  /** It may have been asked for before: look whether the two are connected, and then leave them alone. */
  repeated: boolean;
}

export interface HoldRequest {
  callId: string;
  carrierCallId: string;
  transferNumber: number;
  /** Names this order among those of the call: the same one again is no second one. */
  order: string;
  /** Public address of a WAV file, 8 kHz µ-law, to be played again and again until another request takes the caller away. */
  musicUrl: string;
  gatewayUrl: string;
}

export interface CarrierTransfers {
  /** Calls the person. Sent once: no retry inside. @throws UnknownOutcomeError */
  consult(request: ConsultRequest): Promise<PlaceCallResult>;
  /**
   * The person has answered: speaks, and waits for a key. Absent where `consult` has told the carrier all that. Harmless to repeat.
   * @throws PatterError PATTER_CALL_ENDED; UnknownOutcomeError
   */
  ask?(request: AskRequest): Promise<void>;
  /** Connects caller and person; the caller's media stream ends. Harmless to repeat with `repeated`. @throws UnknownOutcomeError */
  bridge(request: BridgeRequest): Promise<PlaceCallResult>;
  /** The caller hears music: their media stream is lost. Harmless to repeat. @throws PatterError PATTER_CALL_ENDED; UnknownOutcomeError */
  hold(request: HoldRequest): Promise<void>;
}
