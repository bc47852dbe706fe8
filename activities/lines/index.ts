import { heartbeat } from '@temporalio/activity';
import type { CallActivities } from '../../contracts/activities';
import type { LineActivities } from '../../contracts/line-sweep';
import { settleLostCall } from '../campaign/lost-call';
import { isRunning, resumePostCalls } from '../campaign/sweep';
import type { ActivityContext } from '../context';
import { sweepSingles } from '../singles/sweep';

/** A call is admitted by its own workflow, so there is one from the first moment. */
const ADMISSION_GRACE_MS = 10_000;
const BATCH = 500;

/** @param calls what settles a call: as its own workflow would */
export function createLineActivities(ctx: ActivityContext, calls: Pick<CallActivities, 'settleCall'>): LineActivities {
  return {
    async sweepLines() {
      const { clock, store } = ctx;
      let settled = 0;
      for (const { attempt, contact } of await store.lines.openCalls(new Date(clock.now() - ADMISSION_GRACE_MS), BATCH)) {
        heartbeat(settled);
        if (await isRunning(ctx, attempt.callId)) continue;
        if (await settleLostCall(ctx, contact, attempt, calls.settleCall)) settled++;
      }
      for (const campaignId of await store.lines.campaignIds()) await resumePostCalls(ctx, campaignId);
      const singles = await sweepSingles(ctx, calls.settleCall);
      return { settled: settled + singles.settled };
    },
  };
}
