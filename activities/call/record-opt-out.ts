import type { CallActivities } from '../../contracts/activities';
import type { ActivityContext } from '../context';
import { loadCall } from './load-call';

/** At once and for every campaign of the tenant: the gate of the next dial reads it. */
export function createRecordOptOut(ctx: ActivityContext): CallActivities['recordOptOut'] {
  return async ({ callId, by, text }) => {
    const { attempt } = await loadCall(ctx, callId);
    // Nobody knows any more who it was.
    if (attempt.erasedAt !== null) return;
    await ctx.store.suppressions.add({
      tenantId: attempt.tenantId,
      phone: attempt.toNumber,
      source: by,
      reason: text ?? 'asked not to be called again',
      callId,
      now: new Date(ctx.clock.now()),
    });
  };
}
