/**
 * What we write on every leg, and Telnyx repeats in every webhook of it and in the list of active calls: whose it is. Telnyx knows the numbers
 * anyway; its list of active calls does not tell them, so they are here.
 */
import { z } from 'zod';

const clientStateSchema = z.object({
  /** Call id: the attempt. */
  c: z.string().min(1),
  /** `call`: the caller's leg. `transfer`: a person whom Telnyx connects at once. `consult`: a person who is asked first. */
  l: z.enum(['call', 'transfer', 'consult']),
  /** Of a person's leg. */
  n: z.number().int().positive().optional(),
  /** Of a person's leg: the caller's `call_control_id`. */
  p: z.string().optional(),
  /** E.164 of the called party and of the caller id. */
  t: z.string().optional(),
  f: z.string().optional(),
});
export type ClientState = z.infer<typeof clientStateSchema>;

export function encodeClientState(state: ClientState): string {
  return Buffer.from(JSON.stringify(state)).toString('base64');
}

/** Undefined for a leg that is not ours. */
export function decodeClientState(text: unknown): ClientState | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return clientStateSchema.safeParse(JSON.parse(Buffer.from(text, 'base64').toString())).data;
  } catch {
    return undefined;
  }
}
