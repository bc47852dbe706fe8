/** Where a carrier's number sends its calls. */

export interface NumberRouting {
  /** E.164. */
  number: string;
  /** Where inbound calls are announced now; undefined: nowhere. An opaque text of the carrier: a URL, or an application. */
  target: string | undefined;
  /** `target` is what `point` would set. */
  ours: boolean;
  /** Whose calls `point` would send here too, because the carrier keeps one address for all of them: a phrase for messages. */
  alsoMoves?: string;
}

export interface CarrierNumbers {
  /** @param publicUrl of our gateways. Undefined: the account does not own the number. */
  routing(number: string, publicUrl: string): Promise<NumberRouting | undefined>;
  /** Whether the account, which does not own the number, may call from it because somebody there has proven it theirs. Absent: the carrier is not asked. */
  isVerifiedCallerId?(number: string): Promise<boolean>;
  /**
   * Sends the number's calls to our gateways. Harmless to repeat.
   * @param fallbackUrl of another gateway, asked when the first does not answer, where the carrier has such a thing
   * @throws PatterError PATTER_NUMBER_NOT_OWNED, PATTER_CARRIER_REFUSED; UnknownOutcomeError (harmless to repeat)
   */
  point(number: string, publicUrl: string, fallbackUrl?: string): Promise<void>;
}
