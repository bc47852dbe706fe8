import { ApplicationFailure } from '@temporalio/activity';
import type { PostCallInput } from '../../contracts/activities';
import type { ErrorCode } from '../../contracts/errors';
import type { AttemptRow, CampaignRow, ContactRow, RecordingRow, Store } from '../../store/store';

export interface EndedCall {
  call: AttemptRow;
  campaign: CampaignRow;
  contact: ContactRow;
  recording: RecordingRow | undefined;
}

/** @throws a failure that is not retried: rows are never deleted, so what is not there will not come */
export async function loadCall(store: Store, { callId, campaignId, contactId }: PostCallInput): Promise<EndedCall> {
  const [call, campaign, contact, recording] = await Promise.all([
    store.attempts.get(callId),
    store.campaigns.get(campaignId),
    store.contacts.get(contactId),
    store.recordings.get(callId),
  ]);
  if (!call || !campaign || !contact) {
    throw ApplicationFailure.nonRetryable(`there is no record of ${callId}`, 'PATTER_CALL_NOT_FOUND' satisfies ErrorCode);
  }
  return { call, campaign, contact, recording };
}
