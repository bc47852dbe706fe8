/** Second argument of `onMessage`: what a handler can do with the call it answers. */

export interface CallControlParts {
  /** The call. */
  callId: string;
  /** Who called, E.164. */
  caller: string;
  /** Who was called, E.164. */
  callee: string;
  /** `twilio` or `telnyx`. */
  telephonyProvider: string;
  /** Aborted when the answer is not wanted any more: the caller interrupted, or has hung up. */
  signal: AbortSignal;
  /** Ends this conversation and connects the caller with the number. */
  transfer(number: string): Promise<void>;
  /** Ends the call once the answer has been heard. */
  hangup(): Promise<void>;
}

/** Second argument of `onMessage`: what a handler can do with the call it answers. */
export class CallControl {
  /** The call. */
  readonly callId: string;
  /** Who called, E.164. */
  readonly caller: string;
  /** Who was called, E.164. */
  readonly callee: string;
  /** `twilio` or `telnyx`. */
  readonly telephonyProvider: string;
  /** Aborted when the answer is not wanted any more: the caller interrupted, or has hung up. */
  readonly signal: AbortSignal;
  readonly #parts: CallControlParts;
  #requested: 'nothing' | 'transfer' | 'hangup' = 'nothing';

  constructor(parts: CallControlParts) {
    this.callId = parts.callId;
    this.caller = parts.caller;
    this.callee = parts.callee;
    this.telephonyProvider = parts.telephonyProvider;
    this.signal = parts.signal;
    this.#parts = parts;
  }

  /** The same as `callId`. */
  get call_id(): string {
    return this.callId;
  }
  /** The same as `telephonyProvider`. */
  get telephony_provider(): string {
    return this.telephonyProvider;
  }
  /** A transfer was requested. */
  get isTransferred(): boolean {
    return this.#requested === 'transfer';
  }
  /** The same as `isTransferred`. */
  get is_transferred(): boolean {
    return this.isTransferred;
  }
  /** A hang-up was requested. */
  get isHungUp(): boolean {
    return this.#requested === 'hangup';
  }
  /** The same as `isHungUp`. */
  get is_hung_up(): boolean {
    return this.isHungUp;
  }
  /** Transferred or hung up. */
  get ended(): boolean {
    return this.#requested !== 'nothing';
  }

  /** Connects the caller with `number` (E.164). Does nothing on a call that was transferred or hung up already. */
  async transfer(number: string): Promise<void> {
    await this.#once('transfer', () => this.#parts.transfer(number));
  }

  /** Ends the call. Does nothing on a call that was transferred or hung up already. */
  async hangup(): Promise<void> {
    await this.#once('hangup', () => this.#parts.hangup());
  }

  async #once(what: 'transfer' | 'hangup', act: () => Promise<void>): Promise<void> {
    if (this.ended) return;
    this.#requested = what;
    try {
      await act();
    } catch (error) {
      // It did not happen: the handler may try again, or something else.
      this.#requested = 'nothing';
      throw error;
    }
  }
}
