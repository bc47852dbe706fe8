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
