/** A call as the world is told of it, from its rows and from what its workflow knows beyond them. */
import type { ToolCallRecord, TranscriptTurn, UsageLine } from '../../contracts/call';
import type { CarrierName } from '../../contracts/carrier';
import { type CarrierPriceView, isEstimated } from '../../contracts/carrier-price';
import { microsToUsd } from '../../contracts/money';
import type { AnsweredBy, Outcome } from '../../contracts/outcomes';
import { customParamsOf, inboundParamsOf } from '../../policy/custom-params';
import { priceView } from '../../policy/price-view';
import type { AttemptRow, CampaignRow, ContactRow, DeliveryRow } from '../../store/store';
import type { LiveFacts } from './live-call';

export const CALL_STATUSES = ['queued', 'dialing', 'ringing', 'in-progress', 'transferred', 'ended'] as const;
export type CallStatus = (typeof CALL_STATUSES)[number];

/** Instants are ISO 8601 in UTC. What is not known, or not yet, is null. */
export interface CallSnapshot {
  callId: string;
  tenantId: string;
  campaignId: string;
  contactId: string;
  kind: CampaignRow['kind'];
  direction: 'outbound' | 'inbound';
  status: CallStatus;
  /** With `ended`. Null also then for a call that a campaign's gate has put off. */
  outcome: Outcome | null;
  /** Why, where the outcome alone does not tell. */
  reason: string | null;
  to: string;
  from: string;
  carrier: CarrierName;
  carrierCallId: string | null;
  answeredBy: AnsweredBy | null;
  /** The carrier was asked whether a person or a machine answered. */
  machineDetection: boolean;
  createdAt: string;
  ringingAt: string | null;
  answeredAt: string | null;
  endedAt: string | null;
  /** From the answer to the end; 0 where nobody answered. Null while it goes on. */
  durationMs: number | null;
  transferredTo: string | null;
  voicemailLeft: boolean;
  variables: Readonly<Record<string, string>>;
  customParams: Readonly<Record<string, string>>;
  metadata: Readonly<Record<string, string>>;
  /** As it was heard. Of a call under way: what is known by now, without what is just being said. */
  turns: TranscriptTurn[];
  toolCalls: ToolCallRecord[];
  usage: UsageLine[];
  costUsd: number;
  /** The carrier's part of the cost is by our own list: the carrier has not told its price, or not in dollars. */
  costEstimated: boolean;
  /** What the carrier has told, beside what we reckoned. */
  carrierPrice: CarrierPriceView;
  costLines: { label: string; usd: number }[];
  summary: string | null;
  extraction: Record<string, unknown> | null;
  /** Summary, extraction and webhooks are through. */
  postCallDone: boolean;
  /** The program's callbacks were not all told, and will not be: since when, and why. */
  callbacksGivenUp: { at: string; reason: string } | null;
}

export interface CallRows {
  attempt: AttemptRow | undefined;
  campaign: CampaignRow;
  contact: ContactRow;
  /** What callbacks were told. Absent while nobody was told anything. */
  delivery?: DeliveryRow;
}

/** Nothing more will happen in it. */
export function isOver({ attempt, campaign, contact }: CallRows): boolean {
  if (attempt?.state === 'ended') return true;
  // A single call whose dial was taken back is still to be settled; one of a campaign is left behind with it.
  if (attempt?.state === 'not_placed' && campaign.kind !== 'single') return true;
  return attempt === undefined && contact.status === 'done';
}

export function snapshotOf(callId: string, rows: CallRows, live: LiveFacts | undefined): CallSnapshot {
  const { attempt, campaign, contact, delivery } = rows;
  const over = isOver(rows);
  const inbound = attempt?.direction === 'inbound';
  const ours = attempt?.fromNumber ?? campaign.spec.from[0] ?? '';
  const person = attempt?.toNumber ?? contact.phone;
  const iso = (at: Date | number | null | undefined) => (at === null || at === undefined ? null : new Date(at).toISOString());
  const endedAt = attempt ? attempt.endedAt : contact.endedAt;
  const variables = attempt?.variables ?? contact.variables;
  const withoutRow = over && !attempt;
  return {
    callId,
    tenantId: campaign.tenantId,
    campaignId: campaign.campaignId,
    contactId: contact.contactId,
    kind: campaign.kind,
    direction: inbound ? 'inbound' : 'outbound',
    status: over ? 'ended' : statusOf(rows, live),
    outcome: withoutRow ? contact.outcome : (attempt?.outcome ?? null),
    reason: withoutRow ? contact.outcomeReason : (attempt?.reason ?? null),
    to: inbound ? ours : person,
    from: inbound ? person : ours,
    carrier: campaign.spec.carrier,
    carrierCallId: attempt?.carrierCallId ?? live?.call?.carrierCallId ?? null,
    answeredBy: over ? (attempt?.answeredBy ?? null) : (live?.call?.answeredBy ?? null),
    machineDetection: !inbound && campaign.spec.dialing.machineDetection,
    createdAt: (campaign.kind === 'single' ? campaign.createdAt : (attempt?.createdAt ?? campaign.createdAt)).toISOString(),
    ringingAt: iso(attempt?.ringingAt ?? live?.call?.ringingAt),
    answeredAt: iso(attempt?.answeredAt ?? live?.call?.answeredAt),
    endedAt: over ? iso(endedAt) : null,
    durationMs: over ? durationOf(attempt) : null,
    transferredTo: attempt?.transferredTo ?? live?.call?.transferredTo ?? null,
    voicemailLeft: attempt?.voicemailLeft ?? false,
    variables,
    customParams: inbound ? inboundParamsOf(variables) : customParamsOf(campaign.single, variables),
    metadata: campaign.single?.metadata ?? {},
    turns: over ? (attempt?.turns ?? []) : (live?.turns ?? []),
    toolCalls: attempt?.toolCalls ?? [],
    usage: attempt?.usage ?? [],
    costUsd: microsToUsd(attempt?.costMicros ?? 0),
    costEstimated: attempt !== undefined && isEstimated(attempt.priceState),
    carrierPrice: attempt ? priceView(attempt) : { state: 'none', amount: null, currency: null, estimateUsd: 0, toldAt: null },
    costLines: (attempt?.costLines ?? []).map(({ label, micros }) => ({ label, usd: microsToUsd(micros) })),
    summary: attempt?.summary ?? null,
    extraction: attempt?.extraction ?? null,
    postCallDone: attempt ? attempt.postCallDone : over,
    callbacksGivenUp: delivery?.givenUpAt ? { at: delivery.givenUpAt.toISOString(), reason: delivery.givenUpReason ?? '' } : null,
  };
}

function statusOf({ attempt }: CallRows, live: LiveFacts | undefined): CallStatus {
  const phase = live?.call?.phase;
  switch (phase) {
    case 'ringing':
      return 'ringing';
    case 'answered':
    case 'talking':
    case 'reconnecting':
    case 'voicemail':
    case 'transferring':
      return 'in-progress';
    case 'transferred':
      return 'transferred';
    case 'settling':
    case 'ended':
      // The record is written in a moment.
      if (live?.call?.answeredAt === undefined) return live?.call?.ringingAt === undefined ? 'dialing' : 'ringing';
      return 'in-progress';
    case 'dialing':
      return attempt ? 'dialing' : 'queued';
    case 'reconciling':
    case 'placed':
      return 'dialing';
    case undefined:
      // Nobody answers for the workflow just now.
      return attempt ? 'dialing' : 'queued';
    default:
      return phase satisfies never;
  }
}

function durationOf(attempt: AttemptRow | undefined): number {
  if (!attempt?.answeredAt || !attempt.endedAt) return 0;
  return Math.max(0, attempt.endedAt.getTime() - attempt.answeredAt.getTime());
}
