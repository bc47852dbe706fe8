/** All that events are made from: of a call under way as its gateway tells it, of one that is over as the record has it. */
import type { AgentSpec, Variables } from '../../contracts/agent';
import type { CallSetup, TranscriptTurn, UsageLine } from '../../contracts/call';
import type { CarrierName } from '../../contracts/carrier';
import type { AnsweredBy, Outcome } from '../../contracts/outcomes';
import { customParamsOf, inboundParamsOf } from '../../policy/custom-params';
import { billedMicros } from '../../policy/price-view';
import type { AttemptRow, CampaignRow, ContactRow } from '../../store/store';
import type { CallParties } from '../options/events';

export interface CallFacts {
  readonly parties: Readonly<CallParties>;
  readonly customParams: Variables;
  readonly carrier: CarrierName;
  readonly agent: AgentSpec;
  /** It was connected. */
  readonly started: boolean;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Settled, in order, without gaps. */
  readonly turns: readonly TranscriptTurn[];
  /** What the vendors have done so far; the carrier's part comes with `ended`. */
  readonly usage: readonly UsageLine[];
  /** Absent: nobody has asked, or nobody knows yet. */
  readonly answeredBy?: AnsweredBy;
  readonly ended?: EndedFacts;
}

export interface EndedFacts {
  readonly outcome: Outcome;
  readonly reason: string | undefined;
  readonly answeredBy: AnsweredBy;
  /** Epoch milliseconds. */
  readonly endedAt: number;
  /** From answer to end; 0 when nobody answered. */
  readonly durationMs: number;
  readonly costLines: readonly { label: string; micros: number }[];
  readonly machineDetection: boolean;
  readonly answered: boolean;
  /** What the carrier has billed for the call and its legs, in micro-dollars. Absent: it has not told, or not in dollars. */
  readonly billedMicros?: number;
}

export function factsOfSetup(setup: CallSetup, turns: readonly TranscriptTurn[], now: number): CallFacts {
  const { callId, direction, from, to, carrier, agent } = setup;
  return {
    parties: { callId, caller: from || 'anonymous', callee: to, direction },
    customParams: setup.customParams ?? (direction === 'inbound' ? inboundParamsOf(setup.variables) : {}),
    carrier,
    agent,
    started: true,
    startedAt: now,
    turns,
    usage: [],
  };
}

/** @param now stands for the end where the record has none: that of a call that the gate stopped */
export function factsOfRecord(call: AttemptRow, campaign: CampaignRow, contact: ContactRow | undefined, now: number): CallFacts {
  const inbound = call.direction === 'inbound';
  const { machineDetection } = campaign.spec.dialing;
  const endedAt = (call.endedAt ?? call.createdAt).getTime() || now;
  const answeredBy = call.answeredBy ?? 'unknown';
  const variables = call.variables ?? contact?.variables ?? {};
  return {
    parties: {
      callId: call.callId,
      caller: (inbound ? call.toNumber : call.fromNumber) || 'anonymous',
      callee: inbound ? call.fromNumber : call.toNumber,
      direction: call.direction,
    },
    customParams: inbound ? inboundParamsOf(variables) : customParamsOf(campaign.single, variables),
    carrier: call.carrier as CarrierName,
    agent: campaign.spec.agent,
    started: call.answeredAt !== null || call.turns.length > 0,
    startedAt: (call.answeredAt ?? call.createdAt).getTime(),
    turns: call.turns,
    usage: call.usage,
    ...(machineDetection && call.answeredAt && answeredBy !== 'unknown' && { answeredBy }),
    ended: {
      outcome: call.outcome ?? (call.verdict.decision === 'allow' ? 'failed' : 'skipped'),
      reason: call.reason ?? (call.verdict.decision === 'allow' ? undefined : call.verdict.rule),
      answeredBy,
      endedAt,
      durationMs: call.answeredAt ? Math.max(0, endedAt - call.answeredAt.getTime()) : 0,
      costLines: call.costLines,
      machineDetection,
      answered: call.answeredAt !== null,
      ...billed(billedMicros(call)),
    },
  };
}

export function billed(micros: number | undefined): Pick<EndedFacts, 'billedMicros'> {
  return micros === undefined ? {} : { billedMicros: micros };
}
