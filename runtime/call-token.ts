/** Call tokens: what a media stream shows to be let in. `<claims as base64url JSON>.<HMAC-SHA256 as base64url>` */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type CallTokenClaims, callTokenClaimsSchema, claimsIn } from '../contracts/call-token';
import { PatterError } from '../contracts/errors';

/** Keeps a signature of one kind from passing as another. */
const PURPOSE = 'patter call token v1\n';

export function signCallToken(claims: CallTokenClaims, key: string): string {
  const payload = Buffer.from(JSON.stringify(callTokenClaimsSchema.parse(claims))).toString('base64url');
  return `${payload}.${signatureOf(payload, key).toString('base64url')}`;
}

/**
 * Says nothing about whether the token was used before: the call's workflow knows that.
 * @param nowMs milliseconds since the epoch
 * @throws PatterError PATTER_TOKEN_INVALID, PATTER_TOKEN_EXPIRED
 */
export function verifyCallToken(token: string, key: string, nowMs: number): CallTokenClaims {
  const claims = readCallToken(token, key);
  if (claims.e * 1_000 <= nowMs) {
    throw new PatterError('PATTER_TOKEN_EXPIRED', `The call token expired ${Math.round(nowMs / 1_000 - claims.e)} s ago.`, {
      details: { callId: claims.c, expiredAt: claims.e },
    });
  }
  return claims;
}

/** Which stream a token has opened, however long ago. Undefined: it is not a token of ours. */
export function nonceOf(token: string, key: string): string | undefined {
  try {
    return readCallToken(token, key).n;
  } catch {
    return undefined;
  }
}

function readCallToken(token: string, key: string): CallTokenClaims {
  const [payload, signature, ...rest] = token.split('.');
  if (!payload || !signature || rest.length > 0) throw invalid('it has not two parts');
  const given = Buffer.from(signature, 'base64url');
  const expected = signatureOf(payload, key);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw invalid('its signature does not match');
  const claims = claimsIn(payload);
  if (!claims) throw invalid('its claims cannot be read');
  return claims;
}

function signatureOf(payload: string, key: string): Buffer {
  return createHmac('sha256', key).update(PURPOSE).update(payload).digest();
}

function invalid(reason: string): PatterError {
  return new PatterError('PATTER_TOKEN_INVALID', `The call token is not valid: ${reason}. All processes need the same PATTER_SECRET_KEY.`);
}
