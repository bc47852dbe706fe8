/** What a failed request means: refused (surely not carried out) or unknown. The difference decides whether a phone may ring twice. */
import { APIConnectionError, APIError } from 'telnyx';
import { type PlaceCallRefusal, UnknownOutcomeError } from '../../contracts/carrier';
import { PatterError } from '../../contracts/errors';

/** The call has ended; a command came too late. */
export const CALL_ENDED = 90_018;
/** There is no such call, or not any more. */
const INVALID_CALL = 90_015;
const NOT_FOUND = 10_005;

/** The name was not resolved, nobody listened, or the certificate was not accepted: not a byte of the request has left. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export function httpStatusOf(error: unknown): number | undefined {
  return error instanceof APIError ? error.status : undefined;
}

/** First of the answer's `errors`, e.g. 90018; undefined where there was no answer or no Telnyx body in it. */
export function vendorCodeOf(error: unknown): number | undefined {
  const code = firstError(error)?.code;
  const number = typeof code === 'string' || typeof code === 'number' ? Number(code) : Number.NaN;
  return Number.isInteger(number) ? number : undefined;
}

/** A call that is over: commands to it are refused with one of these. */
export function isOver(error: unknown): boolean {
  const code = vendorCodeOf(error);
  return code === CALL_ENDED || code === INVALID_CALL || isAbsent(error);
}

export function isAbsent(error: unknown): boolean {
  return httpStatusOf(error) === 404 || vendorCodeOf(error) === NOT_FOUND;
}

/**
 * A 4xx answer that Telnyx itself gave (its error body has a code), any 429, or a connection that never came about (`httpStatus` 0).
 * @throws UnknownOutcomeError on everything else: time-outs, 5xx, a connection that broke, an answer that is not Telnyx's
 */
export function refusalOrUnknown(error: unknown): PlaceCallRefusal {
  const httpStatus = httpStatusOf(error);
  const vendorCode = vendorCodeOf(error);
  const message = messageOf(error);
  if (httpStatus === undefined) {
    if (neverSent(error)) return { kind: 'refused', vendorCode: undefined, httpStatus: 0, message: `Telnyx was not reached: ${message}` };
  } else if (httpStatus === 429 || (httpStatus >= 400 && httpStatus < 500 && httpStatus !== 408 && vendorCode !== undefined)) {
    return { kind: 'refused', vendorCode, httpStatus, message };
  }
  throw new UnknownOutcomeError(`Telnyx's answer is not known: ${message}`, { cause: error });
}

/** For requests that change nothing, or nothing new when repeated: an error to retry on, or one to give up on. */
export function readError(error: unknown): Error {
  const httpStatus = httpStatusOf(error);
  const vendorCode = vendorCodeOf(error);
  const message = messageOf(error);
  if (httpStatus === undefined || httpStatus === 408 || httpStatus >= 500) {
    return new UnknownOutcomeError(`Telnyx did not answer: ${message}`, { cause: error });
  }
  return new PatterError(isOver(error) ? 'PATTER_CALL_ENDED' : 'PATTER_CARRIER_REFUSED', `Telnyx refused: ${message}`, {
    cause: error,
    details: { vendorCode, httpStatus },
  });
}

function firstError(error: unknown): { code?: unknown; title?: unknown; detail?: unknown } | undefined {
  if (!(error instanceof APIError)) return undefined;
  const body = error.error as { errors?: unknown } | undefined;
  const list = body?.errors;
  return Array.isArray(list) && typeof list[0] === 'object' && list[0] !== null ? list[0] : undefined;
}

function messageOf(error: unknown): string {
  const first = firstError(error);
  const words = [first?.title, first?.detail].filter((part): part is string => typeof part === 'string');
  if (words.length > 0) return words.join(': ');
  return error instanceof Error ? error.message : String(error);
}

/** By shape: the causes are errors of Node's own, which wrap each other. */
function neverSent(error: unknown): boolean {
  return error instanceof APIConnectionError && isNeverSent(error.cause, 0);
}

function isNeverSent(error: unknown, depth: number): boolean {
  if (typeof error !== 'object' || error === null || depth > 4) return false;
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown; cause?: unknown };
  // Several addresses were tried (IPv6 and IPv4), each with its own error.
  if (Array.isArray(errors) && errors.length > 0) return errors.every((one) => isNeverSent(one, depth + 1));
  if (typeof code === 'string' && NEVER_SENT.has(code)) return true;
  return isNeverSent(cause, depth + 1);
}
