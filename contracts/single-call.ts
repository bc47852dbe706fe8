/** A call of its own, outside any campaign: what may be asked for. docs/calls.md explains every field. */
import { z } from 'zod';
import { agentSchema, type Variables, variableValue } from './agent';
import { answeringSchema } from './answering';
import type { CallOrder } from './call';
import { e164, postCallSchema, recordingSchema, transferSchema, windowSchema } from './campaign';
import { CARRIERS } from './carrier';

const names = z.string().min(1).max(64);
const values = z.record(names, variableValue);

export const placeCallSchema = z.strictObject({
  /** E.164 in form; whether anybody has the number, the carrier tells. */
  to: e164,
  /** One of the account's own numbers. */
  from: e164,
  carrier: z.enum(CARRIERS).default('twilio'),
  agent: agentSchema,
  /** For `{name}` in the agent's texts. */
  variables: values.default({}),
  /** As `variables`; told again in every event of the call. */
  customParams: values.default({}),
  /** Kept with the call and told in its record; nobody else reads it. */
  metadata: z.record(names, z.string().max(4_000)).default({}),
  machineDetection: z.boolean().default(false),
  /** Spoken after the beep; not empty: who picks up is looked at. */
  voicemailMessage: z.string().max(4_000).default(''),
  answering: answeringSchema.prefault({}),
  /** Milliseconds; null: as long as the carrier lets a phone ring by itself. */
  ringTimeoutMs: z.number().int().min(1_000).max(600_000).nullable().default(25_000),
  recording: recordingSchema.optional(),
  transfer: transferSchema.optional(),
  postCall: postCallSchema.prefault({}),
  /** The same key of the same tenant is the same call, however often it is asked for. */
  idempotencyKey: z.string().min(1).max(256).optional(),
  /** Whatever is asked here is judged beside the do-not-call list and the one active call per number, when the call is about to be placed. */
  gate: z
    .strictObject({
      /** Local time of the number; outside it the call is not made. */
      window: windowSchema.optional(),
      /** Calls to the number in 24 hours, over all campaigns. */
      maxCallsPerDay: z.number().int().min(1).optional(),
    })
    .default({}),
});
export type PlaceCallInput = z.input<typeof placeCallSchema>;
export type SingleCallSpec = z.output<typeof placeCallSchema>;

const words = z.string().trim().min(1).max(4_000);

/** `CallOrder` of ./call, as it comes from outside. */
export const callOrderSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('hangup'), say: words.optional() }),
  z.strictObject({ kind: z.literal('say'), text: words, interruptible: z.boolean().optional() }),
  z.strictObject({ kind: z.literal('transfer'), number: e164 }),
]) satisfies z.ZodType<CallOrder>;

/** What the row of a single call holds beside what every campaign's row does. */
export interface SingleOptions {
  /** Rules on request. */
  gate: { window: boolean; frequency: boolean };
  /** The carrier's own ring time-out stands. */
  carrierRingTimeout: boolean;
  /** Which of the contact's variables were passed as custom parameters. */
  customParams: string[];
  metadata: Variables;
}

/** How long a carrier lets a phone ring when nobody has said; Twilio's, which is the longer one. */
export const CARRIER_RING_MS = 60_000;
