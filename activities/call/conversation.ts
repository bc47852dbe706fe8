import { CompleteAsyncError } from '@temporalio/activity';
import type { CallActivities } from '../../contracts/activities';

/** Decision 5: the gateway heartbeats and completes this activity from outside, by workflow id and activity id. */
export function createConversation(): CallActivities['conversation'] {
  return async () => {
    throw new CompleteAsyncError();
  };
}
