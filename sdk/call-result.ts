import type { CallSnapshot } from '../control/calls/snapshot';
import { historyOf } from './callbacks/events';
import type { CallResult } from './options/handle';
import type { CostBreakdown } from './options/metrics';
import { bothSpellings } from './options/spellings';

/** What a handle's `result()` gives, from what is known of an ended call. */
export function callResultOf(call: CallSnapshot, cost: CostBreakdown | undefined): CallResult {
  return bothSpellings({
    callId: call.callId,
    // Put off by a campaign's gate: not made.
    outcome: call.outcome ?? 'skipped',
    reason: call.reason ?? undefined,
    answeredBy: call.answeredBy ?? 'unknown',
    transcript: historyOf(call.turns),
    duration: (call.durationMs ?? 0) / 1_000,
    cost,
    carrierCallId: call.carrierCallId ?? undefined,
    startedAt: call.answeredAt ?? undefined,
    endedAt: call.endedAt ?? undefined,
    customParams: call.customParams,
  });
}
