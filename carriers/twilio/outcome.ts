/** What a failed request means: refused (surely not carried out) or unknown. The difference decides whether a phone may ring twice. */
import { type PlaceCallRefusal, UnknownOutcomeError } from '../../contracts/carrier';

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

interface FailedRequest {
  status?: unknown;
  code?: unknown;
  message?: unknown;
}

/** Vendor code of an answer (`RestException.code`), undefined where there was no answer or no Twilio body in it. */
export function vendorCodeOf(error: unknown): number | undefined {
  const { status, code } = error as FailedRequest;
  return typeof status === 'number' && typeof code === 'number' ? code : undefined;
}

export function httpStatusOf(error: unknown): number | undefined {
  const { status } = error as FailedRequest;
  return typeof status === 'number' ? status : undefined;
}

/**
 * A 4xx answer that Twilio itself gave (its error body has a code), any 429, or a connection that never came about (`httpStatus` 0).
 * @throws UnknownOutcomeError on everything else: time-outs, 5xx, a connection that broke, an answer that is not Twilio's
 */
export function refusalOrUnknown(error: unknown): PlaceCallRefusal {
  const status = httpStatusOf(error);
  const vendorCode = vendorCodeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (status === undefined) {
    const { code } = error as FailedRequest;
    if (typeof code === 'string' && NEVER_SENT.has(code)) {
      return { kind: 'refused', vendorCode: undefined, httpStatus: 0, message: `Twilio was not reached: ${message}` };
    }
  } else if (status === 429 || (status >= 400 && status < 500 && status !== 408 && vendorCode !== undefined)) {
    return { kind: 'refused', vendorCode: vendorCode ?? (status === 429 ? 20_429 : undefined), httpStatus: status, message };
  }
  throw new UnknownOutcomeError(`Twilio's answer is not known: ${message}`, { cause: error });
}
