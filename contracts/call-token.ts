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

/** The nonce that a token names, whoever has signed it: to tell streams apart, not to let anybody in. Undefined: it is no call token. */
export function nonceIn(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'));
    return callTokenClaimsSchema.safeParse(claims).data?.n;
  } catch {
    return undefined;
  }
}
