/** The campaign report: what `patter campaign report --json` prints. */
import { z } from 'zod';
import { CAMPAIGN_STATES } from './campaign';
import { carrierPriceViewSchema } from './carrier-price';
import { answeredBySchema, outcomeSchema } from './outcomes';
import { RECORDING_FILE_STATES, RECORDING_STATES } from './recording-states';

const instant = z.iso.datetime();

export const reportRecordingSchema = z.strictObject({
  state: z.enum(RECORDING_STATES),
  reason: z.string().optional(),
  /** By age, or because the person was forgotten. */
  removed: z.boolean().optional(),
  files: z.array(
    z.strictObject({
      recordingId: z.string(),
      state: z.enum(RECORDING_FILE_STATES),
      reason: z.string().optional(),
      /** An absolute path on the worker's machine, or `s3://bucket/key`. */
      location: z.string().optional(),
      sha256: z.string().optional(),
      bytes: z.number().int().optional(),
      durationS: z.number().optional(),
      channels: z.number().int().optional(),
      contentType: z.string().optional(),
    }),
  ),
});

export const reportCallSchema = z.strictObject({
  callId: z.string(),
  carrierCallId: z.string().nullable(),
  /** Which counted call of the contact this was, from 1. */
  attempt: z.number().int().positive(),
  outcome: outcomeSchema,
  /** Why, where the outcome does not say it: `ivr_loop: …`, `silence: …`. */
  reason: z.string().optional(),
  answeredBy: answeredBySchema.nullable(),
  startedAt: instant.nullable(),
  answeredAt: instant.nullable(),
  endedAt: instant.nullable(),
  transferredTo: z.string().optional(),
  transcript: z.array(z.strictObject({ role: z.enum(['assistant', 'user']), text: z.string(), interrupted: z.boolean().optional() })),
  summary: z.string().optional(),
  extraction: z.record(z.string(), z.unknown()).optional(),
  recording: reportRecordingSchema.optional(),
  costUsd: z.number(),
  /** The carrier's part of the cost is by our own list. */
  costEstimated: z.literal(true).optional(),
  /** Absent where nobody was billed. */
  carrierPrice: carrierPriceViewSchema.optional(),
});

export const reportResultSchema = z.strictObject({
  contactId: z.string(),
  phone: z.string(),
  /** Null while the campaign still works on the contact. */
  outcome: outcomeSchema.nullable(),
  /** Calls that counted. */
  attempts: z.number().int(),
  reason: z.string().optional(),
  calls: z.array(reportCallSchema),
});

export const campaignReportSchema = z.strictObject({
  campaignId: z.string(),
  name: z.string(),
  state: z.enum(CAMPAIGN_STATES),
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  contacts: z.strictObject({
    /** Data rows read. total = imported + rejected + duplicates. */
    total: z.number().int(),
    imported: z.number().int(),
    rejected: z.number().int(),
    duplicates: z.number().int(),
  }),
  outcomes: z.partialRecord(outcomeSchema, z.number().int()),
  /** Calls placed that counted. */
  attempts: z.number().int(),
  costUsd: z.number(),
  /** Calls in whose cost the carrier's part is by our own list; absent where there is none. */
  estimatedCalls: z.number().int().optional(),
  results: z.array(reportResultSchema),
  rejected: z.array(z.strictObject({ line: z.number().int(), phone: z.string(), reason: z.string() })),
});

/** Every contact with outcome and calls: what `patter campaign report --json` prints. */
export type CampaignReport = z.infer<typeof campaignReportSchema>;
export type ReportRecording = z.infer<typeof reportRecordingSchema>;
export type ReportCall = z.infer<typeof reportCallSchema>;
