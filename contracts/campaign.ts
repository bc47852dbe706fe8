/** The campaign file, as written (`campaignFileSchema`) and as stored (`CampaignSpec`, its output). docs/campaign-file.md explains every field. */
import { z } from 'zod';
import { agentSchema } from './agent';
import { answeringSchema } from './answering';
import { CARRIERS } from './carrier';
import { durationMs, parseDurationMs } from './duration';

export const e164 = z.string().regex(/^\+[1-9]\d{6,14}$/, 'write the number in E.164 form, as in +15005550006');

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'write a time of day as HH:MM, quoted, as in "08:00"');

export const dialingSchema = z.strictObject({
  /** Dial starts per second. */
  cps: z.number().positive().max(100).default(1),
  /** Calls in progress at once. */
  maxConcurrent: z.number().int().positive().max(10_000).default(10),
  ringTimeout: durationMs.default(25_000),
  machineDetection: z.boolean().default(true),
  /** Spoken after the beep; empty: hang up silently. `{variables}` are replaced. */
  voicemailMessage: z.string().default(''),
  answering: answeringSchema.prefault({}),
});

export const retrySchema = z.strictObject({
  /** Calls that count, per contact. */
  maxAttempts: z.number().int().min(1).max(20).default(3),
  busy: durationMs.default(15 * 60_000),
  noAnswer: durationMs.default(2 * 3_600_000),
  failed: durationMs.default(10 * 60_000),
  /** Wait after a voicemail; `false` ends the contact with it. */
  voicemail: z.union([z.literal(false), durationMs]).default(86_400_000),
});

export const windowSchema = z.strictObject({
  /** Local time of the contact, inclusive. */
  start: timeOfDay.default('08:00'),
  /** Local time of the contact, exclusive. */
  end: timeOfDay.default('21:00'),
  /** ISO weekdays on which to call: 1 = Monday … 7 = Sunday. */
  days: z.array(z.number().int().min(1).max(7)).min(1).default([1, 2, 3, 4, 5, 6, 7]),
});

export const complianceSchema = z.strictObject({
  /** Rolling cap over all campaigns of the tenant, per number. */
  maxCallsPerDay: z.number().int().min(1).default(3),
  /** Time zone for numbers that tell none; the window must be open in every candidate zone otherwise. */
  defaultTimezone: z.string().optional(),
});

export const webhookSchema = z.strictObject({
  url: z.url(),
  /** `whsec_` and base64, as Standard Webhooks has it. */
  secret: z.string().startsWith('whsec_', 'a webhook secret starts with whsec_').optional(),
});

export const postCallSchema = z.strictObject({
  summary: z.boolean().default(false),
  /** JSON Schema of what to extract from the conversation. */
  extract: z.record(z.string(), z.unknown()).optional(),
  model: z.string().default('gpt-4o-mini'),
  webhooks: z.array(webhookSchema).max(10).default([]),
});

export const transferSchema = z.strictObject({
  to: z.array(e164).min(1),
  ringTimeout: durationMs.default(20_000),
  /** `cold`: the caller is connected as soon as somebody answers. `warm`: the person hears a summary first and accepts by a key, while the caller hears music. */
  mode: z.enum(['cold', 'warm']).default('cold'),
  /** Of a warm transfer: what the person hears first, before what the caller wants. Empty: who calls. `{variables}` are replaced. */
  whisper: z.string().max(400).default(''),
});

export const recordingSchema = z.strictObject({
  /** Spoken after the disclosure, before recording starts; empty only where consent is asked for elsewhere. */
  consent: z.string().default('This call is recorded.'),
  /** The agent may pause and resume it, as when card numbers are said. */
  pausable: z.boolean().default(false),
  /** Fetches the file from the carrier into PATTER_RECORDINGS, and deletes it at the carrier. */
  fetch: z.boolean().default(true),
});

export const campaignFileSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a campaign name has 1 to 63 lower-case letters, digits and hyphens'),
  from: z.array(e164).min(1),
  carrier: z.enum(CARRIERS).default('twilio'),
  agent: agentSchema,
  dialing: dialingSchema.prefault({}),
  retry: retrySchema.prefault({}),
  window: windowSchema.prefault({}),
  compliance: complianceSchema.prefault({}),
  /** An instant (ISO 8601 with offset), or a duration from the start; none: until every contact has an outcome. */
  until: z
    .union([
      z.date().transform((date) => ({ at: date.toISOString() })),
      z.iso.datetime({ offset: true }).transform((at) => ({ at: new Date(at).toISOString() })),
      z.string().transform((text, ctx) => {
        const afterMs = parseDurationMs(text);
        if (afterMs === undefined) {
          ctx.addIssue({ code: 'custom', message: `"${text}" is neither an instant (2026-12-01T18:00:00Z) nor a duration (8h)` });
          return z.NEVER;
        }
        return { afterMs };
      }),
    ])
    .optional(),
  /** Dollars that the calls of this campaign may cost together. */
  budget: z.strictObject({ total: z.number().positive() }).optional(),
  /** Humans, in the order in which they are tried. The agent can transfer to no other number. */
  transfer: transferSchema.optional(),
  recording: recordingSchema.optional(),
  postCall: postCallSchema.prefault({}),
});

export type CampaignFile = z.input<typeof campaignFileSchema>;
export type CampaignSpec = z.output<typeof campaignFileSchema>;
export type RetryPolicy = CampaignSpec['retry'];
export type CallingWindow = CampaignSpec['window'];

export const CAMPAIGN_STATES = ['running', 'paused', 'completed', 'canceled'] as const;
/** `completed` and `canceled` are for good. */
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

/** What can be changed while a campaign runs. */
export const campaignEditSchema = z.strictObject({
  cps: dialingSchema.shape.cps.unwrap().optional(),
  maxConcurrent: dialingSchema.shape.maxConcurrent.unwrap().optional(),
  /** Dollars. */
  budgetTotal: z.number().positive().optional(),
});
/** What can be changed while a campaign runs: pace and budget (dollars). */
export type CampaignEdit = z.infer<typeof campaignEditSchema>;
