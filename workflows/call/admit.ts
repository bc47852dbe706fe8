/** A call that came in: it is admitted before anybody answers it, or refused. Nothing is dialled. */
import { condition, log, upsertSearchAttributes } from '@temporalio/workflow';
import type { AdmitResult } from '../../contracts/activities';
import { admitInbound } from './activities';
import type { CallState, Phase } from './call-state';
import { searchAttributes } from './search-attributes';

/** The gateway that was told of the call asks at once; one that took its place, when the carrier has turned to it. */
const TOLD_WITHIN_MS = 30_000;

export async function admit(state: CallState): Promise<Phase> {
  const { callId, inbound } = state.input;
  if (!inbound) return { kind: 'dialing' };
  const answer = await admitInbound({ callId, inbound }).catch((error: unknown): AdmitResult => {
    log.error('a call that came in could not be admitted', { callId, error: String(error) });
    return { kind: 'refused', code: 'PATTER_POSTGRES_UNAVAILABLE', reason: 'the call could not be admitted in time' };
  });
  switch (answer.kind) {
    case 'admitted': {
      const { tenantId, campaignId, contactId } = answer.setup;
      state.input = { tenantId, campaignId, contactId, callId };
      upsertSearchAttributes([
        { key: searchAttributes.tenant, value: tenantId },
        { key: searchAttributes.campaign, value: campaignId },
      ]);
      state.learnRules(answer);
      return { kind: 'waiting' };
    }
    case 'refused':
      state.refusal = { code: answer.code, reason: answer.reason, told: false };
      // Nothing was written, so nothing is settled; whoever holds the call is told to refuse it.
      await condition(() => state.refusal?.told === true || state.leg.end !== undefined || state.mustStop, TOLD_WITHIN_MS);
      return { kind: 'ended' };
    default:
      return answer satisfies never;
  }
}
