/** One firing of a schedule, carried out by a worker. */

import type { CountryCode } from 'libphonenumber-js/max';
import { isPatterError, PatterError } from '../../contracts/errors';
import { type Firing, SCHEDULED_NAME_LIMIT, type ScheduleActivities, type ScheduledWork } from '../../contracts/schedule';
import { placeCall } from '../calls/place-call';
import { recordSource } from '../campaigns/contact-source';
import { isEnded } from '../campaigns/find-campaign';
import { startCampaign } from '../campaigns/start-campaign';
import type { ControlContext } from '../context';

export function createScheduleActivities(ctx: ControlContext): ScheduleActivities {
  return {
    async fireSchedule({ scheduleId, scheduledAt, tenantId }) {
      const row = await ctx.store.schedules.get(tenantId, scheduleId);
      if (!row) return { kind: 'left_out', reason: 'the schedule was deleted' };
      const { graceMs, work } = row.definition;
      const lateMs = ctx.clock.now() - Date.parse(scheduledAt);
      if (lateMs > graceMs) {
        ctx.log.warn({ scheduleId, scheduledAt, lateMs }, 'a firing comes too late and is left out');
        return { kind: 'left_out', reason: `it came ${Math.round(lateMs / 1_000)} s late` };
      }
      return fire(ctx, work, { tenantId, scheduleId, scheduledAt });
    },
  };
}

/** Harmless to repeat: what it makes has an id that follows from the schedule's and the time. */
async function fire(
  ctx: ControlContext,
  work: ScheduledWork,
  { scheduleId, scheduledAt, tenantId }: { tenantId: string; scheduleId: string; scheduledAt: string },
): Promise<Firing> {
  switch (work.kind) {
    case 'call': {
      try {
        const { callId } = await placeCall(ctx, { ...work.request, tenantId, idempotencyKey: `schedule/${scheduleId}/${scheduledAt}` });
        return { kind: 'call', callId };
      } catch (error) {
        // It is what it is: the next try would be refused, too.
        if (!isPatterError(error, 'PATTER_REQUEST_INVALID')) throw error;
        ctx.log.error({ err: error, scheduleId, scheduledAt }, 'a scheduled call cannot be placed as it was scheduled, and is left out');
        return { kind: 'left_out', reason: `${error.code}: ${error.message}` };
      }
    }
    case 'campaign': {
      const name = firingName(work.spec.name, scheduledAt);
      const standing = await ctx.store.campaigns.latestByName(tenantId, name);
      // A name is free again when its campaign has ended: nobody is called twice for that.
      if (standing && isEnded(standing)) return { kind: 'campaign', campaignId: standing.campaignId };
      const { campaign } = await startCampaign(ctx, {
        tenantId,
        spec: { ...work.spec, name },
        contacts: recordSource(work.contacts),
        region: work.region as CountryCode | undefined,
      });
      return { kind: 'campaign', campaignId: campaign.campaignId };
    }
    default:
      throw new PatterError('PATTER_REQUEST_INVALID', `There is no ${(work satisfies never as ScheduledWork).kind} to be scheduled.`);
  }
}

/** `reminders` of 17:30 → `reminders-20261121t173000z` */
export function firingName(name: string, scheduledAt: string): string {
  const time = new Date(scheduledAt).toISOString().replace(/\.\d+/, '').replace(/[-:]/g, '').toLowerCase();
  return `${name.slice(0, SCHEDULED_NAME_LIMIT)}-${time}`;
}
