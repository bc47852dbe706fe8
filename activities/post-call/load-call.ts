import { ApplicationFailure, cancellationSignal } from '@temporalio/activity';
import type { PostCallInput } from '../../contracts/activities';
import { sleep } from '../../contracts/clock';
import { type ErrorCode, isPatterError } from '../../contracts/errors';
import type { AttemptRow, CampaignRow, ContactRow, RecordingRow, Store } from '../../store/store';
import type { ActivityContext } from '../context';

export interface EndedCall {
  call: AttemptRow;
  campaign: CampaignRow;
  contact: ContactRow;
  recording: RecordingRow | undefined;
}

/** With a receiver's own deadline less than an activity has. */
const POSTGRES_PATIENCE_MS = 15_000;
const ASK_AGAIN_MS = 500;

/**
 * Waits a while for Postgres: the tries of a step are few, or farther and farther apart, and are meant for whom it asks. That our own database is away must
 * not use them up.
 * @throws a failure that is not retried where there is no such call: rows are never deleted, so what is not there will not come
 */
export async function loadCall(
  { store, clock }: Pick<ActivityContext, 'store' | 'clock'>,
  input: PostCallInput,
  patienceMs = POSTGRES_PATIENCE_MS,
): Promise<EndedCall> {
  const until = clock.monotonic() + patienceMs;
  for (;;) {
    try {
      return await load(store, input);
    } catch (error) {
      if (!isPatterError(error) || error.code !== 'PATTER_POSTGRES_UNAVAILABLE') throw error;
      if (clock.monotonic() >= until) {
        throw ApplicationFailure.create({ message: error.message, type: error.code, nextRetryDelay: '1s', cause: error });
      }
      await sleep(clock, ASK_AGAIN_MS, cancellationSignal());
    }
  }
}

async function load(store: Store, { callId, campaignId, contactId }: PostCallInput): Promise<EndedCall> {
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
