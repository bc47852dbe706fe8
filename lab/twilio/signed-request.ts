/** An HTTP request as Twilio sends it: form fields, signed over the exact URL that the customer gave. */
import { randomUUID } from 'node:crypto';
import { getExpectedTwilioSignature } from 'twilio';

/** Twilio gives a webhook 15 s in all. */
const WEBHOOK_TIMEOUT_MS = 15_000;

export interface SignedRequest {
  url: string;
  method: string;
  params: Record<string, string>;
  authToken: string;
  /** The same for every try of one request. */
  idempotencyToken?: string;
  signal?: AbortSignal;
}

/** @throws where no answer came */
export async function sendSigned(request: SignedRequest): Promise<{ status: number; body: string; contentType: string }> {
  // A fragment (connection overrides) is for Twilio itself, and neither sent nor signed.
  let url = request.url.replace(/#.*$/, '');
  const isGet = request.method === 'GET';
  if (isGet) url += (url.includes('?') ? '&' : '?') + new URLSearchParams(request.params);
  const deadline = AbortSignal.timeout(WEBHOOK_TIMEOUT_MS);
  const response = await fetch(url, {
    method: request.method,
    headers: {
      'user-agent': 'TwilioProxy/1.1',
      'x-twilio-signature': getExpectedTwilioSignature(request.authToken, url, isGet ? {} : request.params),
      'i-twilio-idempotency-token': request.idempotencyToken ?? randomUUID(),
      ...(isGet ? {} : { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }),
    },
    body: isGet ? undefined : new URLSearchParams(request.params).toString(),
    signal: request.signal ? AbortSignal.any([deadline, request.signal]) : deadline,
  });
  return { status: response.status, body: await response.text(), contentType: response.headers.get('content-type') ?? '' };
}
