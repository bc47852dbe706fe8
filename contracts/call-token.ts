import { z } from 'zod';

/** What a call token says. It opens one media stream of one call. */
export const callTokenClaimsSchema = z.strictObject({
  /** Call id. */
  c: z.string(),
  /** Which attachment of the call it is for, from 1. */
  a: z.number().int().positive(),
  /** Nonce: good for one stream only. */
  n: z.string(),
  /** Expiry, seconds since the epoch. */
  e: z.number().int(),
});
export type CallTokenClaims = z.infer<typeof callTokenClaimsSchema>;

/** What stands in the first part of a token, whoever has signed it. Undefined: these are no claims. */
export function claimsIn(payload: string): CallTokenClaims | undefined {
  try {
    return callTokenClaimsSchema.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** The nonce that a token names, whoever has signed it: to tell streams apart, not to let anybody in. Undefined: it is no call token. */
export function nonceIn(token: string): string | undefined {
  return claimsIn(token.split('.')[0] ?? '')?.n;
}
