import type { CallbackKeepingActivities } from '../../contracts/callbacks';
import type { ActivityContext } from '../context';

/** Callbacks that nobody could be told of: the end of it is on record, and in the log. */
export function createCallbackActivities(ctx: Pick<ActivityContext, 'store' | 'clock' | 'log'>): CallbackKeepingActivities {
  return {
    async giveUpCallbacks({ app, callId, reason: last, tenantId }) {
      const { clock, log, store } = ctx;
      const failing = (await store.deliveries.get(callId))?.cursor.failing;
      const reason = failing ? `${last}; ${failing.event} had failed ${failing.tries} times` : last;
      const givenUp = await store.deliveries.giveUp({ tenantId, callId, app, reason, now: new Date(clock.now()) });
      if (givenUp) log.error({ callId, app, reason }, 'callbacks of a call are given up: what was not told by now is told to nobody');
    },
  };
}
