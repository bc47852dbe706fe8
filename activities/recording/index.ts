import type { RecordingActivities } from '../../contracts/recording';
import { GuardedFetch, mayReachPrivate } from '../../runtime/guarded-fetch';
import type { ActivityContext } from '../context';
import { createDeliverRecordingWebhook } from './deliver-webhook';
import { createFetchRecording, createGiveRecordingUp, createRemoveAtCarrier } from './fetch';
import { createLookForRecordings } from './look';

export function createRecordingActivities(ctx: ActivityContext): RecordingActivities {
  return {
    lookForRecordings: createLookForRecordings(ctx),
    fetchRecording: createFetchRecording(ctx),
    removeAtCarrier: createRemoveAtCarrier(ctx),
    giveRecordingUp: createGiveRecordingUp(ctx),
    deliverRecordingWebhook: createDeliverRecordingWebhook(ctx, new GuardedFetch({ allowPrivate: mayReachPrivate(ctx.config) })),
  };
}
