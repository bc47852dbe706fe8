import type { CampaignSpec, CampaignState } from '../contracts/campaign';
import type { GateRule, GateVerdict } from '../contracts/gate';
import { formatUsd } from '../contracts/money';
import type { SingleOptions } from '../contracts/single-call';
import { windowState } from './calling-window';
import { estimateCallMicros, type PriceTable } from './cost';

/** What the gate needs to know; the store's `GateFacts` is one of these. */
export interface GateInput {
  campaign: {
    state: CampaignState;
    stateReason: string | null;
    spec: CampaignSpec;
    budgetMicros: number | null;
    windowOffsetMs: number;
    endsAt: Date | null;
    /** Of a single call. */
    single?: Pick<SingleOptions, 'gate'> | null;
  };
  contact: { attempts: number; timezones: string[] };
  /** Another tenant, who has the number that the call would come from. */
  callerIdOf?: string | undefined;
  suppression: { source: string; reason: string } | undefined;
  /** Starts of counted calls to the number in the last 24 hours, oldest first. */
  callsLastDay: Date[];
  /** Another call that holds the number. */
  numberLease: { callId: string } | undefined;
  spentMicros: number;
  openCalls: number;
  /** With room, best first. */
  gateways: readonly { gatewayId: string }[];
  /** This very attempt, judged before. */
  existing?: { verdict: GateVerdict; gatewayId: string | null } | undefined;
}

export interface Judgement {
  verdict: GateVerdict;
  /** Set with `allow`. */
  gatewayId?: string;
}

const DAY_MS = 86_400_000;
/** How long to wait for what changes by itself within seconds. */
const SOON_MS = { campaignEnding: 5_000, numberInUse: 5_000, budget: 10_000, capacity: 2_000 } as const;

/**
 * Decides whether a call may be placed at this moment (decision 3), by the rules of contracts/gate.ts in their order. Fails closed.
 *
 * - A paused, canceled or ended campaign defers: the contact's own outcome (`canceled`, `expired`) is given when the campaign closes, in one place.
 * - The window is judged at `now + windowOffsetMs`, which is not 0 in rehearsals only; `until` is real time in every case.
 * - A spent budget defers too, because a skip would lose the contact for good: the caller pauses the campaign (`budgetSpent`), and whoever raises
 *   the budget and resumes goes on with the same contacts. Calls whose cost is not known yet are counted with an estimate, so that the overshoot
 *   is at most what the open calls cost above it.
 * - A single call is made now or not at all, so nothing defers it; window and frequency are judged where its caller asked for that.
 */
export function judgeCall(facts: GateInput, now: number, prices: PriceTable = {}): Judgement {
  const judgement = judge(facts, now, prices);
  const { verdict } = judgement;
  return facts.campaign.single && verdict.decision === 'defer' ? skip(verdict.rule, verdict.reason) : judgement;
}

function judge(facts: GateInput, now: number, prices: PriceTable): Judgement {
  // A second try of the same attempt must hear the same answer, or the attempt would be counted twice.
  if (facts.existing) return { verdict: facts.existing.verdict, gatewayId: facts.existing.gatewayId ?? undefined };
  const { campaign, contact } = facts;
  const { spec } = campaign;

  switch (campaign.state) {
    case 'running':
      break;
    case 'paused':
      return defer('campaign_state', `the campaign is paused${campaign.stateReason ? `: ${campaign.stateReason}` : ''}`, now);
    case 'canceled':
      return defer('campaign_state', 'the campaign is canceled', now + SOON_MS.campaignEnding);
    case 'completed':
      return skip('campaign_state', 'the campaign is over');
    default:
      return campaign.state satisfies never;
  }
  if (campaign.endsAt !== null && now >= campaign.endsAt.getTime()) {
    return defer('campaign_state', 'the campaign has reached its end', now + SOON_MS.campaignEnding);
  }
  // Also where it became another's after the campaign began.
  if (facts.callerIdOf !== undefined) return skip('caller_id', 'the number that it would come from belongs to another tenant');
  if (facts.suppression) return skip('suppressed', `on the do-not-call list (${facts.suppression.source}): ${facts.suppression.reason}`);
  if (contact.attempts >= spec.retry.maxAttempts)
    return skip('attempt_cap', `${contact.attempts} of ${spec.retry.maxAttempts} attempts made`);

  const { maxCallsPerDay } = spec.compliance;
  const recent = facts.callsLastDay.length;
  if (recent >= maxCallsPerDay && campaign.single?.gate.frequency !== false) {
    const fallsOut = facts.callsLastDay[recent - maxCallsPerDay] as Date;
    return defer('frequency_cap', `${recent} calls to the number in 24 hours, of ${maxCallsPerDay} allowed`, fallsOut.getTime() + DAY_MS);
  }
  const window = windowState(spec.window, contact.timezones, now + campaign.windowOffsetMs);
  if (!window.open && campaign.single?.gate.window !== false) {
    if (window.opensAt === Number.POSITIVE_INFINITY) return skip('window', window.reason);
    return defer('window', window.reason, window.opensAt - campaign.windowOffsetMs);
  }
  if (facts.numberLease) return defer('number_in_use', 'another call to the number is under way', now + SOON_MS.numberInUse);
  if (campaign.budgetMicros !== null) {
    const budget = formatUsd(campaign.budgetMicros);
    if (budgetSpent(facts))
      return defer('budget', `the budget of ${budget} is spent (${formatUsd(facts.spentMicros)})`, now + SOON_MS.budget);
    if (callsWithinBudget(facts, facts.openCalls, prices) === 0) {
      return defer('budget', `the calls under way may use up the budget of ${budget}`, now + SOON_MS.budget);
    }
  }
  const gateway = facts.gateways[0];
  if (!gateway) return defer('capacity', 'no live gateway has room', now + SOON_MS.capacity);
  return { verdict: { decision: 'allow' }, gatewayId: gateway.gatewayId };
}

/** True when no further call can be paid for whatever the open ones cost: time to pause the campaign. */
export function budgetSpent(facts: Pick<GateInput, 'spentMicros'> & { campaign: { budgetMicros: number | null } }): boolean {
  return facts.campaign.budgetMicros !== null && facts.spentMicros >= facts.campaign.budgetMicros;
}

/**
 * How many calls may begin now: all that are under way, and whose cost is not known yet, are counted with an estimate. 0: until one of them ends. A spent
 * budget lets one through to the gate, which then tells the campaign to pause.
 * @param prices laid over the price list
 */
export function callsWithinBudget(
  facts: { spentMicros: number; campaign: Pick<GateInput['campaign'], 'budgetMicros' | 'spec'> },
  openCalls: number,
  prices: PriceTable = {},
): number {
  const { budgetMicros, spec } = facts.campaign;
  if (budgetMicros === null) return Number.POSITIVE_INFINITY;
  if (budgetSpent(facts)) return 1;
  const estimate = estimateCallMicros(spec, prices);
  if (estimate <= 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, Math.ceil((budgetMicros - facts.spentMicros) / estimate) - openCalls);
}

function skip(rule: GateRule, reason: string): Judgement {
  return { verdict: { decision: 'skip', rule, reason } };
}

function defer(rule: GateRule, reason: string, until: number): Judgement {
  return { verdict: { decision: 'defer', rule, reason, until } };
}
