import type { PostCallPlan } from '../../contracts/activities';
import type { CampaignSpec } from '../../contracts/campaign';
import type { AttemptRow } from '../../store/store';

/** What there is to do after a call. Only what a person said is worth a model; a call that was taken back before it rang is nobody's business. */
export function planFor(postCall: CampaignSpec['postCall'], call: AttemptRow): PostCallPlan {
  const person = call.outcome !== 'voicemail' && call.answeredBy !== 'call_screening' && call.answeredBy !== 'fax';
  const hasTalk = person && call.turns.some((turn) => turn.role === 'user' && turn.text.trim() !== '');
  const tells = call.attempt !== null || call.contactOutcome !== null;
  return {
    summary: hasTalk && postCall.summary,
    extract: hasTalk && postCall.extract !== undefined,
    webhooks: tells ? postCall.webhooks.map((_, index) => index) : [],
  };
}

/** After no call of the campaign there is anything to do. */
export function asksForNothing(postCall: CampaignSpec['postCall']): boolean {
  return !postCall.summary && postCall.extract === undefined && postCall.webhooks.length === 0;
}
