/** What is known, in Postgres. Every table has a tenant_id. Times are timestamptz (UTC), money is integer micro-dollars. */
import { sql } from 'drizzle-orm';
import { bigint, boolean, customType, index, integer, pgTable, primaryKey, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import type { Variables } from '../contracts/agent';
import type { ToolCallRecord, TranscriptTurn, UsageLine } from '../contracts/call';
import type { DeliveryCursor } from '../contracts/callbacks';
import type { CampaignSpec, CampaignState } from '../contracts/campaign';
import type { CarrierName } from '../contracts/carrier';
import type { PriceState } from '../contracts/carrier-price';
import type { GateVerdict } from '../contracts/gate';
import type { AnsweredBy, Outcome } from '../contracts/outcomes';
import type { ErasureCounts } from '../contracts/privacy';
import type { RecordingFile, RecordingTrack } from '../contracts/recording';
import type { ScheduleDefinition } from '../contracts/schedule';
import type { SingleOptions } from '../contracts/single-call';
import type { TransferResultKind } from '../contracts/transfer';
import { storableJson, storableText } from './storable';

/** Text and JSON that Postgres surely takes: a NUL or half a surrogate pair in a transcript must not make a settlement fail for ever. */
const text = customType<{ data: string; driverData: string }>({ dataType: () => 'text', toDriver: storableText });
const jsonb = customType<{ data: unknown; driverData: unknown }>({ dataType: () => 'jsonb', toDriver: storableJson });
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
const micros = (name: string) => bigint(name, { mode: 'number' });

export const CAMPAIGN_KINDS = ['outbound', 'inbound', 'single'] as const;
export type CampaignKind = (typeof CAMPAIGN_KINDS)[number];

export const campaigns = pgTable(
  'campaigns',
  {
    campaignId: text('campaign_id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    /** `inbound`: a line, which calls nobody. `single`: calls of their own, without a dispatcher. */
    kind: text('kind').$type<CampaignKind>().notNull().default('outbound'),
    name: text('name').notNull(),
    spec: jsonb('spec').$type<CampaignSpec>().notNull(),
    state: text('state').$type<CampaignState>().notNull(),
    stateReason: text('state_reason'),
    /** Live limits: start as the spec's, changed by edits. */
    cps: text('cps').notNull(),
    maxConcurrent: integer('max_concurrent').notNull(),
    budgetMicros: micros('budget_micros'),
    /** Sum of the attempts' costs, kept in the same transactions: read on every dial. */
    spentMicros: micros('spent_micros').notNull().default(0),
    /** Added to the clock where calling windows are evaluated; 0 but in rehearsals. */
    windowOffsetMs: bigint('window_offset_ms', { mode: 'number' }).notNull().default(0),
    /** Import counters: rows read = imported + rejected + duplicates. */
    rowsTotal: integer('rows_total').notNull().default(0),
    rowsRejected: integer('rows_rejected').notNull().default(0),
    rowsDuplicate: integer('rows_duplicate').notNull().default(0),
    /** Names the start that brought the contacts: asked for again it is the same campaign, also when that is over. */
    importKey: text('import_key'),
    createdAt: instant('created_at').notNull(),
    startedAt: instant('started_at'),
    endsAt: instant('ends_at'),
    endedAt: instant('ended_at'),
    /** Of kind `single` alone. */
    single: jsonb('single').$type<SingleOptions>(),
  },
  (t) => [
    index('campaigns_open_single').on(t.createdAt).where(sql`kind = 'single' and ended_at is null`),
    index('campaigns_tenant_name').on(t.tenantId, t.name, t.createdAt),
    /** One live campaign per kind and name: two imports that race cannot both start one. */
    uniqueIndex('campaigns_live_name').on(t.tenantId, t.kind, t.name).where(sql`state in ('running', 'paused')`),
    uniqueIndex('campaigns_import_key').on(t.tenantId, t.importKey).where(sql`import_key is not null`),
  ],
);

export const CONTACT_STATUSES = ['waiting', 'claimed', 'active', 'done'] as const;
export type ContactStatus = (typeof CONTACT_STATUSES)[number];

export const contacts = pgTable(
  'contacts',
  {
    contactId: text('contact_id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    campaignId: text('campaign_id').notNull(),
    /** First line of the CSV on which the number stood. */
    line: integer('line').notNull(),
    phone: text('phone').notNull(),
    /** IANA zones in which the contact may be; the window must be open in all of them. */
    timezones: jsonb('timezones').$type<string[]>().notNull(),
    variables: jsonb('variables').$type<Variables>().notNull(),
    status: text('status').$type<ContactStatus>().notNull(),
    /** waiting: not to be dialled before. */
    dueAt: instant('due_at').notNull(),
    /** Why it waits, for the report of one that is never reached. */
    waitReason: text('wait_reason'),
    /** Workflows started, deferred ones included: the last one's call id ends in it. */
    sequence: integer('sequence').notNull().default(0),
    /** The last call, where its id does not follow from the sequence: one that the contact made. */
    callId: text('call_id'),
    /** Calls that counted. */
    attempts: integer('attempts').notNull().default(0),
    claimedAt: instant('claimed_at'),
    outcome: text('outcome').$type<Outcome>(),
    outcomeReason: text('outcome_reason'),
    endedAt: instant('ended_at'),
    /** Whether the webhooks know of an outcome that no call of its own delivers. */
    outcomeDelivered: boolean('outcome_delivered').notNull().default(false),
    /** Since when the row says nothing of a person any more. */
    erasedAt: instant('erased_at'),
  },
  (t) => [
    index('contacts_phone').on(t.tenantId, t.phone),
    index('contacts_kept').on(t.tenantId, t.endedAt).where(sql`status = 'done' and erased_at is null`),
    uniqueIndex('contacts_campaign_phone').on(t.campaignId, t.phone),
    index('contacts_due').on(t.campaignId, t.status, t.dueAt, t.line),
    index('contacts_line').on(t.campaignId, t.line),
    index('contacts_undelivered').on(t.campaignId, t.line).where(sql`status = 'done' and not outcome_delivered`),
  ],
);

export const rejectedRows = pgTable(
  'rejected_rows',
  {
    tenantId: text('tenant_id').notNull(),
    campaignId: text('campaign_id').notNull(),
    line: integer('line').notNull(),
    phone: text('phone').notNull(),
    code: text('code').notNull(),
    reason: text('reason').notNull(),
  },
  (t) => [primaryKey({ columns: [t.campaignId, t.line] })],
);

export const ATTEMPT_STATES = ['intent', 'placed', 'unknown', 'not_placed', 'ended'] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];

/** One row per call workflow that got as far as the gate. The call record, once it has ended. */
export const attempts = pgTable(
  'attempts',
  {
    callId: text('call_id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    campaignId: text('campaign_id').notNull(),
    contactId: text('contact_id').notNull(),
    /** Which counted attempt of the contact; null for one that the gate stopped or that was given back. */
    attempt: integer('attempt'),
    direction: text('direction').$type<'outbound' | 'inbound'>().notNull().default('outbound'),
    /** The person's number in both directions, and ours: who called whom is `direction`. */
    toNumber: text('to_number').notNull(),
    fromNumber: text('from_number').notNull(),
    /** Of this call alone, where they did not come with the contact. */
    variables: jsonb('variables').$type<Variables>(),
    state: text('state').$type<AttemptState>().notNull(),
    verdict: jsonb('verdict').$type<GateVerdict>().notNull(),
    gatewayId: text('gateway_id'),
    carrier: text('carrier').notNull(),
    carrierCallId: text('carrier_call_id'),
    createdAt: instant('created_at').notNull(),
    ringingAt: instant('ringing_at'),
    answeredAt: instant('answered_at'),
    endedAt: instant('ended_at'),
    outcome: text('outcome').$type<Outcome>(),
    reason: text('reason'),
    answeredBy: text('answered_by').$type<AnsweredBy>(),
    transferredTo: text('transferred_to'),
    voicemailLeft: boolean('voicemail_left').notNull().default(false),
    turns: jsonb('turns').$type<TranscriptTurn[]>().notNull().default([]),
    toolCalls: jsonb('tool_calls').$type<ToolCallRecord[]>().notNull().default([]),
    usage: jsonb('usage').$type<UsageLine[]>().notNull().default([]),
    /** Sum of cost_lines. */
    costMicros: micros('cost_micros').notNull().default(0),
    costLines: jsonb('cost_lines').$type<{ label: string; micros: number }[]>().notNull().default([]),
    /** The legs' part of the cost by our own list. In `cost_lines` until the carrier's own price stands there instead, and here for ever. */
    carrierEstimate: jsonb('carrier_estimate').$type<{ label: string; micros: number }[]>().notNull().default([]),
    priceState: text('price_state').$type<PriceState>().notNull().default('none'),
    /** When the carrier is next asked for its price; null: not any more, or never. */
    priceDueAt: instant('price_due_at'),
    /** All told legs together, in millionths of the currency's unit; null where they have no currency in common. */
    priceMicros: micros('price_micros'),
    priceCurrency: text('price_currency'),
    priceToldAt: instant('price_told_at'),
    summary: text('summary'),
    extraction: jsonb('extraction').$type<Record<string, unknown>>(),
    postCallDone: boolean('post_call_done').notNull().default(false),
    postCallFailures: jsonb('post_call_failures').$type<string[]>().notNull().default([]),
    errorCode: integer('error_code'),
    /** Which run of the dial wrote the intent: a commit whose answer was lost is told from another run's row. */
    dialId: text('dial_id'),
    /** What the settlement decided, so that its repetition returns the same. */
    contactOutcome: text('contact_outcome').$type<Outcome>(),
    nextAttemptAt: instant('next_attempt_at'),
    /** Since when the record says nothing of a person any more: what comes late is not written. */
    erasedAt: instant('erased_at'),
  },
  (t) => [
    index('attempts_contact').on(t.contactId),
    index('attempts_campaign').on(t.campaignId, t.createdAt),
    index('attempts_recent').on(t.tenantId, t.createdAt),
    index('attempts_price_due').on(t.priceDueAt).where(sql`price_due_at is not null`),
    index('attempts_post_call_open').on(t.endedAt).where(sql`state = 'ended' and not post_call_done`),
    index('attempts_number').on(t.tenantId, t.toNumber, t.createdAt),
    index('attempts_erased').on(t.erasedAt, t.callId).where(sql`erased_at is not null`),
    index('attempts_open').on(t.campaignId, t.state),
    index('attempts_our_number').on(t.tenantId, t.fromNumber, t.createdAt),
    index('attempts_open_inbound').on(t.createdAt).where(sql`direction = 'inbound' and state in ('intent', 'placed', 'unknown')`),
    uniqueIndex('attempts_carrier_call').on(t.carrierCallId),
    uniqueIndex('attempts_counted').on(t.contactId, t.attempt),
  ],
);

/** What the carrier says that one leg of a call cost: the first that was told. */
export const legPrices = pgTable(
  'leg_prices',
  {
    carrierCallId: text('carrier_call_id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    callId: text('call_id').notNull(),
    micros: micros('micros').notNull(),
    currency: text('currency').notNull(),
    toldAt: instant('told_at').notNull(),
  },
  (t) => [index('leg_prices_call').on(t.callId)],
);

/** Who may be on the phone: one active call per tenant and number. Gone when the call is settled. */
export const leases = pgTable(
  'leases',
  {
    tenantId: text('tenant_id').notNull(),
    phone: text('phone').notNull(),
    callId: text('call_id').notNull(),
    campaignId: text('campaign_id').notNull(),
    gatewayId: text('gateway_id'),
    /** No request for this attempt is sent after this moment. */
    dialBy: instant('dial_by').notNull(),
    /** The sweeper looks at the workflow after this moment. */
    deadline: instant('deadline').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.phone] }), uniqueIndex('leases_call').on(t.callId), index('leases_gateway').on(t.gatewayId)],
);

export const suppressions = pgTable(
  'suppressions',
  {
    tenantId: text('tenant_id').notNull(),
    phone: text('phone').notNull(),
    /** `import`, `cli`, `voice`, `key`, `carrier`. */
    source: text('source').notNull(),
    reason: text('reason').notNull(),
    callId: text('call_id'),
    createdAt: instant('created_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.phone] })],
);

/** Every decision of the gate, skips and deferrals included. */
export const verdicts = pgTable(
  'verdicts',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    tenantId: text('tenant_id').notNull(),
    campaignId: text('campaign_id').notNull(),
    contactId: text('contact_id').notNull(),
    callId: text('call_id').notNull(),
    verdict: jsonb('verdict').$type<GateVerdict>().notNull(),
    at: instant('at').notNull(),
  },
  (t) => [index('verdicts_contact').on(t.contactId), uniqueIndex('verdicts_call').on(t.callId)],
);

/** Transfers of a call, written before the request that dials the human. */
export const transfers = pgTable(
  'transfers',
  {
    tenantId: text('tenant_id').notNull(),
    callId: text('call_id').notNull(),
    transferNumber: integer('transfer_number').notNull(),
    toNumber: text('to_number').notNull(),
    requestedAt: instant('requested_at').notNull(),
    /** The carrier's id of the person's own leg, in a warm transfer. */
    humanCallId: text('human_call_id'),
    /** Of a warm transfer, written with the call's record. */
    result: text('result').$type<TransferResultKind>(),
  },
  (t) => [
    primaryKey({ columns: [t.callId, t.transferNumber] }),
    uniqueIndex('transfers_human_leg').on(t.humanCallId),
    index('transfers_unknown').on(t.toNumber, t.requestedAt).where(sql`human_call_id is null`),
  ],
);

/** What was erased, when and why: the audit, without whose it was. */
export const erasures = pgTable(
  'erasures',
  {
    erasureId: text('erasure_id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    source: text('source').$type<'request' | 'retention'>().notNull(),
    requestedAt: instant('requested_at').notNull(),
    counts: jsonb('counts').$type<ErasureCounts>().notNull(),
    /** Whose workflows are still to be deleted in Temporal; empty when that is done. */
    callIds: jsonb('call_ids').$type<string[]>().notNull(),
    completedAt: instant('completed_at'),
  },
  (t) => [index('erasures_open').on(t.tenantId, t.requestedAt).where(sql`completed_at is null`)],
);

/** Who answers which of our numbers. */
export const lines = pgTable(
  'lines',
  {
    /** E.164. A number is one tenant's. */
    number: text('number').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    carrier: text('carrier').$type<CarrierName>().notNull(),
    /** The campaign of kind `inbound` that holds the line's spec and its calls. */
    campaignId: text('campaign_id').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [index('lines_tenant').on(t.tenantId, t.number)],
);

/** What was asked of the carrier to record, and the files. One row per recorded call. */
export const recordings = pgTable(
  'recordings',
  {
    callId: text('call_id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    carrier: text('carrier').$type<CarrierName>().notNull(),
    /** Kept here too: an erasure takes it from the call's record before the files are deleted. */
    carrierCallId: text('carrier_call_id').notNull(),
    track: jsonb('track').$type<RecordingTrack>().notNull(),
    files: jsonb('files').$type<RecordingFile[]>().notNull().default([]),
    createdAt: instant('created_at').notNull(),
    /** By age or on request: from now on nothing is fetched any more. */
    removalRequestedAt: instant('removal_requested_at'),
    removedAt: instant('removed_at'),
  },
  (t) => [
    index('recordings_kept').on(t.tenantId, t.createdAt).where(sql`removal_requested_at is null`),
    index('recordings_removal').on(t.tenantId, t.removalRequestedAt).where(sql`removal_requested_at is not null and removed_at is null`),
  ],
);

/** Keys that the carrier was asked to press, written before the request. Which keys is nobody's business: they may be a secret. */
export const keyPresses = pgTable(
  'key_presses',
  {
    tenantId: text('tenant_id').notNull(),
    callId: text('call_id').notNull(),
    requestId: text('request_id').notNull(),
    requestedAt: instant('requested_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.callId, t.requestId] })],
);

/** What of a call a developer's callbacks have been told. One row per call of an app. */
export const deliveries = pgTable(
  'deliveries',
  {
    callId: text('call_id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    app: text('app').notNull(),
    /** The process that delivers just now; whoever takes over from it makes sure that it is gone. */
    owner: text('owner'),
    cursor: jsonb('cursor').$type<DeliveryCursor>().notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
    /** All that the record holds has been delivered. */
    completedAt: instant('completed_at'),
    /** The rest is told to nobody any more, and why. */
    givenUpAt: instant('given_up_at'),
    givenUpReason: text('given_up_reason'),
  },
  (t) => [index('deliveries_app').on(t.app, t.createdAt).where(sql`completed_at is null`)],
);

/** What the firings of a Temporal Schedule do. */
export const schedules = pgTable(
  'schedules',
  {
    tenantId: text('tenant_id').notNull(),
    scheduleId: text('schedule_id').notNull(),
    definition: jsonb('definition').$type<ScheduleDefinition>().notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.scheduleId] })],
);

export const gateways = pgTable('gateways', {
  gatewayId: text('gateway_id').primaryKey(),
  tenantId: text('tenant_id').notNull(),
  publicUrl: text('public_url').notNull(),
  internalUrl: text('internal_url').notNull(),
  maxCalls: integer('max_calls').notNull(),
  activeCalls: integer('active_calls').notNull(),
  draining: boolean('draining').notNull(),
  renewedAt: instant('renewed_at').notNull(),
  /** Serves the calls of this app, and no others; null: calls of agents without code. */
  app: text('app'),
});

/** Whose data is whose. `default` needs no row. */
export const tenants = pgTable('tenants', {
  tenantId: text('tenant_id').primaryKey(),
  createdAt: instant('created_at').notNull(),
});

/** Credentials of programs. The secret itself is nowhere. */
export const apiKeys = pgTable(
  'api_keys',
  {
    keyId: text('key_id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    /** SHA-256 of the key, hex. */
    hash: text('hash').notNull(),
    /** What is shown of it. */
    prefix: text('prefix').notNull(),
    name: text('name').notNull(),
    scopes: jsonb('scopes').$type<string[]>().notNull(),
    /** The number that its programs mean when they name none, E.164. */
    number: text('number'),
    createdAt: instant('created_at').notNull(),
    /** To the minute. */
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
  },
  (t) => [uniqueIndex('api_keys_hash_key').on(t.hash), index('api_keys_tenant').on(t.tenantId, t.createdAt)],
);

/** A tenant's own accounts at carriers and AI vendors. */
export const providerCredentials = pgTable(
  'provider_credentials',
  {
    tenantId: text('tenant_id').notNull(),
    provider: text('provider').notNull(),
    /** Of PATTER_ENCRYPTION_KEY. */
    encryptionKeyId: text('encryption_key_id').notNull(),
    /** AES-256-GCM, base64url. */
    sealed: text('sealed').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.provider] })],
);

/** Numbers that programs have connected to: the events of their calls are kept until one of these has taken them. */
export const sdkNumbers = pgTable('sdk_numbers', {
  number: text('number').primaryKey(),
  tenantId: text('tenant_id').notNull(),
  since: instant('since').notNull(),
});

/** Control processes that live: each links itself to all others. */
export const controls = pgTable('controls', {
  controlId: text('control_id').primaryKey(),
  tenantId: text('tenant_id').notNull(),
  /** Where the others reach it. */
  internalUrl: text('internal_url').notNull(),
  renewedAt: instant('renewed_at').notNull(),
});

/** Which program has a call, and its last message: whichever control process is asked for it asks that one. */
export const sdkMessages = pgTable(
  'sdk_messages',
  {
    callId: text('call_id').primaryKey(),
    tenantId: text('tenant_id').notNull(),
    messageId: text('message_id').notNull(),
    clientId: text('client_id').notNull(),
    /** The control process whose gateway waits for the answer. */
    asker: text('asker').notNull(),
    at: instant('at').notNull(),
  },
  (t) => [index('sdk_messages_at').on(t.at)],
);

/** How far the events of a call have been taken; the events themselves are the call's record. */
export const sdkDeliveries = pgTable('sdk_deliveries', {
  callId: text('call_id').primaryKey(),
  tenantId: text('tenant_id').notNull(),
  number: text('number').notNull(),
  /** So many events, in their order. */
  acknowledged: integer('acknowledged').notNull().default(0),
  /** Who answered, which comes at any moment between the others. */
  machineTold: boolean('machine_told').notNull().default(false),
  done: boolean('done').notNull().default(false),
  /** Which process delivers them, and until when nobody else does. */
  holder: text('holder'),
  heldUntil: instant('held_until'),
});
