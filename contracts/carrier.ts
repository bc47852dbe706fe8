/**
 * The one interface to a phone company. Each carrier is a folder in `carriers/`; nothing outside it knows the vendor's words.
 */
import type { CarrierNumbers } from './carrier-numbers';
import type { CarrierPrices } from './carrier-price';
import type { CarrierRecordings } from './carrier-recording';
import type { CarrierTransfers } from './carrier-transfer';
import type { ErrorCode } from './errors';
import type { AnsweredBy } from './outcomes';

export const CARRIERS = ['twilio', 'telnyx'] as const;
export type CarrierName = (typeof CARRIERS)[number];

/** Carrier-neutral state of a call leg. */
export type CarrierCallStatus = 'queued' | 'ringing' | 'in_progress' | 'completed' | 'busy' | 'failed' | 'no_answer' | 'canceled';

/** Whose calls that come in ring until a command of ours answers them. Twilio's are answered by what its webhook is answered with. */
export const ANSWERED_BY_COMMAND: readonly CarrierName[] = ['telnyx'];

export const TERMINAL_CARRIER_STATUSES: readonly CarrierCallStatus[] = ['completed', 'busy', 'failed', 'no_answer', 'canceled'];

export function isTerminalCarrierStatus(status: CarrierCallStatus): boolean {
  return TERMINAL_CARRIER_STATUSES.includes(status);
}

export interface CarrierCall {
  carrierCallId: string;
  status: CarrierCallStatus;
  to: string;
  from: string;
  /** The attempt that dialled it, where the carrier keeps what we wrote on the call. */
  callId?: string;
  /** Set on a leg that the carrier dialled for another one (a transfer). */
  parentCallId?: string;
  /** Epoch milliseconds. */
  startedAt?: number;
  endedAt?: number;
  /** Seconds the carrier bills. */
  durationS?: number;
  /** Integer micro-dollars, once the carrier knows. */
  priceMicros?: number;
  sipCode?: number;
  /** Who answered, once the carrier's detection has a verdict. `messageEnd`: as of the end of a machine's greeting. See `FETCHED_AMD`. */
  amd?: { answeredBy: AnsweredBy; messageEnd: boolean };
}

/**
 * From when on a fetched call says who answered. Twilio's call resource has it as soon as it is known; Telnyx' has no such field, but its log of events does, which
 * is read of calls that are over.
 */
export const FETCHED_AMD = { twilio: 'at_once', telnyx: 'when_over' } as const satisfies Record<CarrierName, 'at_once' | 'when_over'>;

export interface PlaceCallRequest {
  callId: string;
  to: string;
  from: string;
  /** Public base URLs of the reserved gateway and of the one to turn to when it is gone, e.g. `https://gw1.example.com`. */
  gatewayUrl: string;
  fallbackGatewayUrl: string;
  /** Signed call token: travels to the media stream as a parameter. */
  token: string;
  /** Null: the carrier's own default. */
  ringTimeoutMs: number | null;
  /** Hard cap that the carrier itself enforces. */
  timeLimitMs: number;
  machineDetection: boolean;
}

/** The carrier's decision on a request that it surely did not carry out. A request whose fate is not known throws `UnknownOutcomeError`. */
export interface PlaceCallRefusal {
  kind: 'refused';
  /** The vendor's own code, e.g. 21211. */
  vendorCode: number | undefined;
  httpStatus: number;
  message: string;
}
export interface PlaceCallAccepted {
  kind: 'accepted';
  carrierCallId: string;
  status: CarrierCallStatus;
}
export type PlaceCallResult = PlaceCallAccepted | PlaceCallRefusal;

/** Thrown where a request may or may not have been carried out (time-out, 5xx, broken connection). Never retry it blindly. */
export class UnknownOutcomeError extends Error {
  readonly code: ErrorCode = 'PATTER_CARRIER_UNKNOWN_OUTCOME';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UnknownOutcomeError';
  }
}

export interface TransferRequest {
  callId: string;
  carrierCallId: string;
  /** The human's number. */
  to: string;
  from: string;
  /** Where the carrier reports the human leg and asks what comes next. */
  gatewayUrl: string;
  /** Tells one transfer of a call from the next: `1`, `2`, … */
  transferNumber: number;
  ringTimeoutMs: number;
}

export interface AnswerRequest {
  callId: string;
  carrierCallId: string;
  /** The number that was called, and the caller's, where they are known: E.164. */
  to?: string | undefined;
  from?: string | undefined;
  gatewayUrl: string;
  fallbackGatewayUrl: string;
  token: string;
  timeLimitMs: number;
}

/** `replaced`: the media stream ends, and another one of the same call opens when the keys have been pressed. */
export type SendDigitsResult = { kind: 'sent'; stream: 'kept' | 'replaced' } | Omit<PlaceCallRefusal, 'vendorCode'>;

export interface CarrierDigits {
  /** Presses keys into the call, once: no retry inside. @throws UnknownOutcomeError */
  sendDigits(request: SendDigitsRequest): Promise<SendDigitsResult>;
}

export interface SendDigitsRequest {
  callId: string;
  carrierCallId: string;
  /** `0-9 * # A-D`, and `w` for half a second of silence. */
  digits: string;
  gatewayUrl: string;
  fallbackGatewayUrl: string;
  token: string;
}

export interface Carrier extends CarrierDigits {
  readonly name: CarrierName;
  /** Warm transfers, where the carrier has them. */
  readonly transfers?: CarrierTransfers;
  readonly recordings: CarrierRecordings;
  readonly numbers: CarrierNumbers;
  readonly prices: CarrierPrices;
  /** Sends the request once: no retry inside. @throws UnknownOutcomeError */
  placeCall(request: PlaceCallRequest, signal?: AbortSignal): Promise<PlaceCallResult>;
  fetchCall(carrierCallId: string): Promise<CarrierCall | undefined>;
  /** Calls to a number since a moment (epoch ms), newest first: to find one whose creation was answered by silence. */
  listCalls(filter: {
    to?: string;
    from?: string;
    parentCallId?: string;
    status?: CarrierCallStatus;
    startedAfter?: number;
  }): Promise<CarrierCall[]>;
  /** Ends a call, or cancels it while it is queued or ringing. One that has ended already is success. */
  hangup(carrierCallId: string): Promise<void>;
  /** Connects the caller with a person; the media stream ends. @throws UnknownOutcomeError */
  transfer(request: TransferRequest): Promise<PlaceCallResult>;
  /** Connects a call that is under way with a media stream anew (its gateway died). */
  restream(request: {
    callId: string;
    carrierCallId: string;
    gatewayUrl: string;
    fallbackGatewayUrl: string;
    token: string;
  }): Promise<void>;
  /** Ends the media stream of a call that goes on without us. Absent where the carrier does so itself. @throws UnknownOutcomeError (harmless to repeat) */
  endStream?(carrierCallId: string): Promise<void>;
  /**
   * Answers a call that came in, and streams it. Absent where the carrier does so by what its webhook is answered with. Harmless to repeat.
   * @throws PatterError PATTER_CALL_ENDED, PATTER_CARRIER_REFUSED; UnknownOutcomeError
   */
  answer?(request: AnswerRequest): Promise<void>;
  /** Numbers of the account, for the doctor. */
  listNumbers(): Promise<string[]>;
}
