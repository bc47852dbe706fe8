import { heartbeat } from '@temporalio/activity';
import type { PrivacyActivities } from '../../contracts/privacy';
import { deleteCallWorkflows } from '../../runtime/delete-workflows';
import type { ActivityContext } from '../context';
import { removeRecordings } from '../recording/remove';

const DAY_MS = 86_400_000;
/** Contacts of one transaction. */
const BATCH = 200;
const OPEN_BATCH = 20;

export function createPrivacyActivities(ctx: ActivityContext): PrivacyActivities {
  return {
    async applyRetention({ tenantId }) {
      const { clock, config, log, store } = ctx;
      let erased = 0;
      if (config.PATTER_RETENTION_DAYS !== undefined) {
        const endedBefore = new Date(clock.now() - config.PATTER_RETENTION_DAYS * DAY_MS);
        for (;;) {
          const erasure = await store.privacy.eraseEnded({ tenantId, endedBefore, limit: BATCH, now: new Date(clock.now()) });
          if (!erasure) break;
          erased += erasure.counts.contacts;
          heartbeat(erased);
        }
      }
      const completed = await finishErasures(ctx, tenantId);
      const recordings = await removeRecordings(ctx, tenantId);
      if (erased + completed + recordings > 0) log.info({ erased, completed, recordings }, 'retention');
      return { erased, completed, recordings };
    },
  };
}

/** Those of this run, and those whose process died between the database and Temporal. */
async function finishErasures(ctx: ActivityContext, tenantId: string): Promise<number> {
  const { clock, store, temporal } = ctx;
  let completed = 0;
  for (;;) {
    const open = await store.privacy.openErasures(tenantId, OPEN_BATCH);
    if (open.length === 0) return completed;
    for (const { erasureId, callIds } of open) {
      await deleteCallWorkflows(temporal, callIds, { clock, onProgress: () => heartbeat(completed) });
      await store.privacy.completeErasure(erasureId, new Date(clock.now()));
      completed++;
    }
  }
}
