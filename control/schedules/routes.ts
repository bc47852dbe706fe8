/** Schedules over HTTP, as programs in cloud mode make them: carried out by the backend's workers. docs/schedules.md */
import type { FastifyInstance } from 'fastify';
import { isSupportedCountry } from 'libphonenumber-js/max';
import { z } from 'zod';
import { PatterError } from '../../contracts/errors';
import { MOST_SCHEDULED_CONTACTS, SCHEDULED_NAME_LIMIT, type ScheduledWork } from '../../contracts/schedule';
import { tenantOf } from '../access';
import { requestedCall } from '../backend/requested-call';
import { checkedCall } from '../calls/place-call';
import { campaignOfProgram } from '../campaigns/requested-campaign';
import { checked } from '../checked';
import type { ControlContext } from '../context';
import { deleteSchedule, listSchedules, makeSchedule, noSuchSchedule, scheduleInfo, setSchedulePaused } from './schedules';

const BODY_LIMIT_BYTES = 8 * 1024 * 1024;

const scheduleId = z.string().regex(/^[a-zA-Z0-9_.-]{1,64}$/, 'an id has 1 to 64 letters, digits, "_", "." or "-"');
const bodies = {
  make: z.strictObject({
    id: scheduleId,
    times: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('at'), at: z.iso.datetime({ offset: true }).transform((at) => new Date(at).toISOString()) }),
      z.strictObject({ kind: z.literal('cron'), cron: z.string().min(1).max(200), timezone: z.string().min(1).max(100).default('UTC') }),
      z.strictObject({ kind: z.literal('every'), everyMs: z.number().int().min(1_000) }),
    ]),
    graceMs: z.number().int().min(1).default(3_600_000),
    work: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('call'), call: z.record(z.string(), z.unknown()) }),
      z.strictObject({
        kind: z.literal('campaign'),
        campaign: z.record(z.string(), z.unknown()),
        contacts: z.array(z.record(z.string(), z.string())).max(MOST_SCHEDULED_CONTACTS),
        region: z
          .string()
          .refine((given) => isSupportedCountry(given), 'no country, as in US')
          .optional(),
      }),
    ]),
  }),
  pause: z.strictObject({ note: z.string().max(500).optional() }).nullish(),
};

type WithId = { Params: { id: string } };

export function registerSchedules(app: FastifyInstance, ctx: ControlContext): void {
  const read = { config: { scope: 'read' } } as const;
  const steer = { config: { scope: 'campaigns' } } as const;

  // It places calls, in the end.
  app.post('/api/schedules', { config: { scope: 'calls' }, bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
    const { graceMs, id, times, work: asked } = checked(bodies.make, request.body);
    const work: ScheduledWork =
      asked.kind === 'call'
        ? { kind: 'call', request: withoutKey(checkedCall(await requestedCall(ctx, request, asked.call))) }
        : {
            ...{ kind: 'campaign', spec: await campaignOfProgram(ctx, request, asked.campaign), contacts: asked.contacts },
            ...(asked.region !== undefined && { region: asked.region }),
          };
    if (work.kind === 'campaign' && work.spec.name.length > SCHEDULED_NAME_LIMIT) {
      throw new PatterError(
        'PATTER_REQUEST_INVALID',
        `work.campaign.name: the name of a scheduled campaign has ${SCHEDULED_NAME_LIMIT} characters at most.`,
      );
    }
    const tenantId = tenantOf(request);
    const taskQueue = ctx.config.PATTER_TASK_QUEUE;
    const { existing } = await makeSchedule(ctx, { tenantId, scheduleId: id, definition: { times, work, graceMs }, taskQueue });
    return reply.code(existing ? 200 : 201).send(await scheduleInfo(ctx, id, tenantId));
  });

  app.get('/api/schedules', read, async (request) => ({ schedules: await listSchedules(ctx, tenantOf(request)) }));
  app.get<WithId>('/api/schedules/:id', read, (request) => scheduleInfo(ctx, request.params.id, tenantOf(request)));
  app.post<WithId>('/api/schedules/:id/pause', steer, async (request) => {
    const tenantId = tenantOf(request);
    const { note } = checked(bodies.pause, request.body) ?? {};
    await setSchedulePaused(ctx, request.params.id, true, { tenantId, note });
    return scheduleInfo(ctx, request.params.id, tenantId);
  });
  app.post<WithId>('/api/schedules/:id/resume', steer, async (request) => {
    const tenantId = tenantOf(request);
    await setSchedulePaused(ctx, request.params.id, false, { tenantId });
    return scheduleInfo(ctx, request.params.id, tenantId);
  });
  app.post<WithId>('/api/schedules/:id/delete', steer, async (request) => {
    const tenantId = tenantOf(request);
    const { id } = request.params;
    if (!(await ctx.store.schedules.get(tenantId, id))) throw noSuchSchedule(id);
    await deleteSchedule(ctx, id, tenantId);
    return { scheduleId: id, deleted: true };
  });
}

function withoutKey<Call extends { idempotencyKey?: string }>({ idempotencyKey: _, ...call }: Call): Omit<Call, 'idempotencyKey'> {
  return call;
}
