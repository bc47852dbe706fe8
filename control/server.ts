/** The REST API over the services of `campaigns/`. */
import { Readable } from 'node:stream';
import fastify, { type FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { z } from 'zod';
import { campaignEditSchema } from '../contracts/campaign';
import { type ErrorCode, isPatterError, PatterError } from '../contracts/errors';
import { microsToUsd } from '../contracts/money';
import { registerHealth } from '../runtime/health';
import type { CampaignRow, Store } from '../store/store';
import { authorize, tenantOf } from './access';
import { addBackend, type BackendOptions } from './backend';
import { registerCalls } from './calls/routes';
import { reportJson } from './campaigns/campaign-report';
import { type CampaignCommand, controlCampaign } from './campaigns/control-campaign';
import { registerDnc } from './campaigns/dnc-routes';
import { findCampaign, isEnded } from './campaigns/find-campaign';
import { registerCampaignImport } from './campaigns/import-routes';
import { registerCampaignStart } from './campaigns/start-route';
import { isCodecOrigin, isCodecPath, registerCodec } from './codec';
import type { ControlContext } from './context';
import { registerDashboard } from './dashboard';
import { registerPrivacy } from './privacy/routes';
import { registerSchedules } from './schedules/routes';

const HTTP_STATUS: Partial<Record<ErrorCode, number>> = {
  PATTER_CAMPAIGN_NOT_FOUND: 404,
  PATTER_CAMPAIGN_STATE: 409,
  PATTER_LINE_NOT_FOUND: 404,
  PATTER_NUMBER_NOT_OWNED: 403,
  PATTER_NUMBER_TAKEN: 403,
  PATTER_SCHEDULE_NOT_FOUND: 404,
  PATTER_CALL_NOT_FOUND: 404,
  PATTER_CALL_ENDED: 409,
  PATTER_CONTACT_PHONE_INVALID: 400,
  PATTER_PERSON_IN_CALL: 409,
  PATTER_IDEMPOTENCY_CONFLICT: 409,
  PATTER_UNAUTHORIZED: 401,
  PATTER_FORBIDDEN: 403,
  PATTER_KEY_NOT_FOUND: 404,
  PATTER_CLIENT_NOT_CONNECTED: 503,
  PATTER_CONFIG_INVALID: 400,
  PATTER_CAMPAIGN_FILE_INVALID: 400,
  PATTER_CONTACTS_FILE_INVALID: 400,
  PATTER_REHEARSAL_REFUSED: 400,
  PATTER_REQUEST_INVALID: 400,
  PATTER_TEMPORAL_UNAVAILABLE: 503,
  PATTER_POSTGRES_UNAVAILABLE: 503,
};
const reasonBody = z.strictObject({ reason: z.string().max(500).optional() }).nullish();

export interface ControlServerOptions {
  backend?: BackendOptions;
  /** Sees the server before it has any route. */
  prepare?(app: FastifyInstance): void;
}

/** @param problems one sentence each; none means ready */
export function createControlServer(
  ctx: ControlContext,
  problems: () => Promise<string[]>,
  options: ControlServerOptions = {},
): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: 64 * 1024, requestTimeout: 30_000, forceCloseConnections: true });
  const metrics = campaignMetrics(ctx.store);

  options.prepare?.(app);
  app.decorateRequest('caller');
  app.addHook('onRequest', async (request) => {
    const path = request.routeOptions.url ?? '';
    // A browser asks whether it may ask, without a credential.
    if (request.routeOptions.config?.open || (isCodecPath(path) && request.method === 'OPTIONS')) return;
    const mayBrowse = (origin: string) => isCodecPath(path) && isCodecOrigin(origin, ctx.config);
    request.caller = await authorize(ctx, request, mayBrowse);
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (isPatterError(error)) return reply.code(HTTP_STATUS[error.code] ?? 500).send({ code: error.code, message: error.message });
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ code: 'PATTER_REQUEST_INVALID' satisfies ErrorCode, message: error.message });
    ctx.log.error({ err: error, path: request.url }, 'request failed');
    return reply.code(status).send({ message: 'internal error' });
  });

  registerHealth(app, { problems, metrics: () => metrics.read() }, { config: { open: true } });

  const read = { config: { scope: 'read' } } as const;
  app.get('/api/campaigns', read, async (request) => ({ campaigns: (await ctx.store.campaigns.list(tenantOf(request))).map(toJson) }));
  app.get<{ Params: { id: string } }>('/api/campaigns/:id', read, async (request) => {
    const campaign = await findCampaign(ctx.store, request.params.id, tenantOf(request));
    const { costMicros, nextDueAt, ...progress } = await ctx.store.campaigns.progress(campaign.campaignId);
    return {
      ...toJson(campaign),
      progress: { ...progress, costUsd: microsToUsd(costMicros), nextDueAt: nextDueAt?.toISOString() ?? null },
    };
  });
  app.get<{ Params: { id: string } }>('/api/campaigns/:id/report', read, async (request, reply) => {
    const campaign = await findCampaign(ctx.store, request.params.id, tenantOf(request));
    return reply.type('application/json').send(Readable.from(reportJson(ctx.store, campaign)));
  });

  const command = (path: string, toCommand: (body: unknown) => CampaignCommand) =>
    app.post<{ Params: { id: string } }>(`/api/campaigns/:id/${path}`, { config: { scope: 'campaigns' } }, async (request) => {
      return toJson(await controlCampaign(ctx, request.params.id, toCommand(request.body), tenantOf(request)));
    });
  const reasonOf = (body: unknown) => checked(reasonBody, body)?.reason ?? 'asked through the API';
  command('pause', (body) => ({ kind: 'pause', reason: reasonOf(body) }));
  command('resume', () => ({ kind: 'resume' }));
  command('cancel', (body) => ({ kind: 'cancel', reason: reasonOf(body) }));
  command('edit', (body) => ({ kind: 'edit', edit: checked(campaignEditSchema, body) }));
  registerCampaignStart(app, ctx);
  registerCampaignImport(app, ctx);
  registerCalls(app, ctx);
  registerSchedules(app, ctx);
  registerDnc(app, ctx);
  registerPrivacy(app, ctx);
  addBackend(app, ctx, options.backend);
  registerDashboard(app, ctx, { token: ctx.config.PATTER_CONTROL_TOKEN, loopback: true, keys: true });
  registerCodec(app, ctx.config);
  return app;
}

function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new PatterError(
    'PATTER_CONFIG_INVALID',
    parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; '),
  );
}

/** The specification stays inside: it holds prompts and webhook secrets. */
function toJson(campaign: CampaignRow): Record<string, unknown> {
  return {
    campaignId: campaign.campaignId,
    name: campaign.name,
    state: campaign.state,
    stateReason: campaign.stateReason,
    ended: isEnded(campaign),
    cps: Number(campaign.cps),
    maxConcurrent: campaign.maxConcurrent,
    budgetUsd: campaign.budgetMicros === null ? null : microsToUsd(campaign.budgetMicros),
    contacts: { total: campaign.rowsTotal, rejected: campaign.rowsRejected, duplicates: campaign.rowsDuplicate },
    createdAt: campaign.createdAt.toISOString(),
    startedAt: campaign.startedAt?.toISOString() ?? null,
    endsAt: campaign.endsAt?.toISOString() ?? null,
    endedAt: campaign.endedAt?.toISOString() ?? null,
  };
}

/** Read from the database at each scrape, for the campaigns under way. Ids and not names: a name may be a customer's. */
function campaignMetrics(store: Store): { read(): Promise<{ type: string; text: string }> } {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const campaigns = new Gauge({ name: 'patter_campaigns', help: 'Campaigns under way, by state', labelNames: ['state'], registers });
  const contacts = new Gauge({
    name: 'patter_campaign_contacts',
    help: 'Contacts of the campaigns under way, by where they are',
    labelNames: ['campaign', 'state'],
    registers,
  });
  const attempts = new Gauge({ name: 'patter_campaign_attempts', help: 'Calls that counted', labelNames: ['campaign'], registers });
  const cost = new Gauge({ name: 'patter_campaign_cost_usd', help: 'Cost of the calls that ended', labelNames: ['campaign'], registers });

  return {
    async read() {
      const live = (await store.campaigns.underWay(new Date())).filter((campaign) => !isEnded(campaign));
      const found = await Promise.all(
        live.map(async (campaign) => ({ campaign, progress: await store.campaigns.progress(campaign.campaignId) })),
      );
      for (const metric of [campaigns, contacts, attempts, cost]) metric.reset();
      for (const { campaign, progress } of found) {
        const label = { campaign: campaign.campaignId };
        campaigns.inc({ state: campaign.state });
        for (const state of ['waiting', 'active', 'done'] as const) contacts.set({ ...label, state }, progress[state]);
        attempts.set(label, progress.attempts);
        cost.set(label, microsToUsd(progress.costMicros));
      }
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}
