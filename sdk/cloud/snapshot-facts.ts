/** What the backend tells of a call, in the words that the package's events and results are made from. */
import { type AgentSpec, agentSchema, type PipelineSpec } from '../../contracts/agent';
import { usdToMicros } from '../../contracts/money';
import type { CallSnapshot } from '../../control/calls/snapshot';
import { inboundParamsOf } from '../../policy/custom-params';
import { callResultOf } from '../call-result';
import { billed, type CallFacts } from '../callbacks/facts';
import { costOf } from '../callbacks/metrics';
import type { CallResult } from '../options/handle';

/** Who hears and speaks stands in the metrics; the agent itself is at the backend. */
export function agentFor(engine: Pick<PipelineSpec, 'stt' | 'tts'> | undefined): AgentSpec {
  return agentSchema.parse({ engine: { type: 'pipeline', ...engine }, systemPrompt: 'A connected program.' });
}

export function factsOfSnapshot(call: CallSnapshot, agent: AgentSpec): CallFacts {
  const inbound = call.direction === 'inbound';
  const { answeredAt, endedAt } = call;
  const answeredBy = call.answeredBy ?? 'unknown';
  return {
    parties: { callId: call.callId, caller: call.from || 'anonymous', callee: call.to, direction: call.direction },
    customParams: inbound ? inboundParamsOf(call.variables) : call.customParams,
    carrier: call.carrier,
    agent,
    started: answeredAt !== null || call.turns.length > 0,
    startedAt: Date.parse(answeredAt ?? call.createdAt),
    turns: call.turns,
    usage: call.usage,
    // A backend of an earlier version does not say whether anybody has asked.
    ...(!inbound && call.machineDetection !== false && answeredBy !== 'unknown' && { answeredBy }),
    ...(call.status === 'ended' && {
      ended: {
        outcome: call.outcome ?? 'skipped',
        reason: call.reason ?? undefined,
        answeredBy,
        endedAt: Date.parse(endedAt ?? call.createdAt),
        durationMs: call.durationMs ?? 0,
        costLines: call.costLines.map(({ label, usd }) => ({ label, micros: Math.round(usd * 1_000_000) })),
        machineDetection: call.machineDetection ?? false,
        answered: answeredAt !== null,
        // A backend of an earlier version does not say.
        ...billed(call.carrierPrice?.state === 'final' ? usdToMicros(call.carrierPrice.amount ?? 0) : undefined),
      },
    }),
  };
}

export function resultOfSnapshot(call: CallSnapshot, agent: AgentSpec): CallResult {
  return callResultOf(call, costOf(factsOfSnapshot(call, agent)));
}
