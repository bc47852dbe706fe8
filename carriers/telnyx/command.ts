/** Sends one command to Telnyx, once. */
import { createHash } from 'node:crypto';
import { type PlaceCallResult, UnknownOutcomeError } from '../../contracts/carrier';
import { readError, refusalOrUnknown } from './outcome';

/** Telnyx takes a command with the same id only once (a dial: for a minute), so a repeat is harmless. */
export function commandId(...parts: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(parts.join('\n')).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** For a dial. @throws UnknownOutcomeError */
export async function placed(sent: Promise<{ data?: { call_control_id?: string } }>): Promise<PlaceCallResult> {
  let carrierCallId: string | undefined;
  try {
    carrierCallId = (await sent).data?.call_control_id;
  } catch (error) {
    return refusalOrUnknown(error);
  }
  // A 2xx without a call in it is no answer to build on.
  if (!carrierCallId) throw new UnknownOutcomeError('Telnyx answered without a call control id');
  return { kind: 'accepted', carrierCallId, status: 'queued' };
}

/** For a command that changes a call. @throws UnknownOutcomeError */
export async function accepted(sent: Promise<unknown>, carrierCallId: string): Promise<PlaceCallResult> {
  try {
    await sent;
  } catch (error) {
    return refusalOrUnknown(error);
  }
  return { kind: 'accepted', carrierCallId, status: 'in_progress' };
}

/** For a command that may be repeated. @throws PatterError PATTER_CALL_ENDED, PATTER_CARRIER_REFUSED; UnknownOutcomeError */
export async function done(sent: Promise<unknown>): Promise<void> {
  try {
    await sent;
  } catch (error) {
    throw readError(error);
  }
}

/** A request that is given up half way may have been carried out. */
export function raceAbort<T>(sent: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new UnknownOutcomeError('The request was given up before Telnyx answered', { cause: signal.reason }));
    signal.addEventListener('abort', onAbort, { once: true });
    sent.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
