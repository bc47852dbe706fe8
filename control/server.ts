/** The REST API over the services of `campaigns/`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { z } from 'zod';
import { campaignEditSchema } from '../contracts/campaign';
import { type ErrorCode, isPatterError, PatterError } from '../contracts/errors';
import { DEFAULT_TENANT } from '../contracts/ids';
import { microsToUsd } from '../contracts/money';
import type { CampaignRow, Store } from '../store/store';
import { reportJson } from './campaigns/campaign-report';
import { type CampaignCommand, controlCampaign } from './campaigns/control-campaign';
import { findCampaign, isEnded } from './campaigns/find-campaign';
import { isCodecOrigin, isCodecPath, registerCodec } from './codec';
import type { ControlContext } from './context';

const HTTP_STATUS: Partial<Record<ErrorCode, number>> = {
  PATTER_CAMPAIGN_NOT_FOUND: 404,
  PATTER_CAMPAIGN_STATE: 409,
  PATTER_UNAUTHORIZED: 401,
  PATTER_CONFIG_INVALID: 400,
  PATTER_REQUEST_INVALID: 400,
  PATTER_TEMPORAL_UNAVAILABLE: 503,
  PATTER_POSTGRES_UNAVAILABLE: 503,
};
const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.|^::1$/;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;
const OPEN_PATHS = new Set(['/healthz', '/readyz']);
const reasonBody = z.strictObject({ reason: z.string().max(500).optional() }).nullish();

/** @param problems one sentence each; none means ready */
export function createControlServer(ctx: ControlContext, problems: () => Promise<string[]>): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: 64 * 1024, requestTimeout: 30_000, forceCloseConnections: true });
  const metrics = campaignMetrics(ctx.store);

  app.addHook('onRequest', async (request) => {
    const path = request.routeOptions.url ?? '';
    // A browser asks whether it may ask, without a credential.
    if (OPEN_PATHS.has(path) || (isCodecPath(path) && request.method === 'OPTIONS')) return;
    const mayBrowse = (origin: string) => isCodecPath(path) && isCodecOrigin(origin, ctx.config);
    authorize(request, ctx.config.PATTER_CONTROL_TOKEN, mayBrowse);
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (isPatterError(error)) return reply.code(HTTP_STATUS[error.code] ?? 500).send({ code: error.code, message: error.message });
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ code: 'PATTER_REQUEST_INVALID' satisfies ErrorCode, message: error.message });
    ctx.log.error({ err: error, path: request.url }, 'request failed');
    return reply.code(status).send({ message: 'internal error' });
  });

  app.get('/healthz', async () => ({ ok: true }));
  app.get('/readyz', async (_request, reply) => {
    const found = await problems();
    return reply.code(found.length === 0 ? 200 : 503).send({ ok: found.length === 0, problems: found });
  });
  app.get('/metrics', async (_request, reply) => {
    const { type, text } = await metrics.read();
    return reply.type(type).send(text);
  });

  app.get('/api/campaigns', async () => ({ campaigns: (await ctx.store.campaigns.list(DEFAULT_TENANT)).map(toJson) }));
  app.get<{ Params: { id: string } }>('/api/campaigns/:id', async (request) => {
    const campaign = await findCampaign(ctx.store, request.params.id);
    const { costMicros, nextDueAt, ...progress } = await ctx.store.campaigns.progress(campaign.campaignId);
    return {
      ...toJson(campaign),
      progress: { ...progress, costUsd: microsToUsd(costMicros), nextDueAt: nextDueAt?.toISOString() ?? null },
    };
  });
  app.get<{ Params: { id: string } }>('/api/campaigns/:id/report', async (request, reply) => {
    const campaign = await findCampaign(ctx.store, request.params.id);
    return reply.type('application/json').send(Readable.from(reportJson(ctx.store, campaign)));
  });

  const command = (path: string, toCommand: (body: unknown) => CampaignCommand) =>
    app.post<{ Params: { id: string } }>(`/api/campaigns/:id/${path}`, async (request) => {
      return toJson(await controlCampaign(ctx, request.params.id, toCommand(request.body)));
    });
  const reasonOf = (body: unknown) => checked(reasonBody, body)?.reason ?? 'asked through the API';
  command('pause', (body) => ({ kind: 'pause', reason: reasonOf(body) }));
  command('resume', () => ({ kind: 'resume' }));
  command('cancel', (body) => ({ kind: 'cancel', reason: reasonOf(body) }));
  command('edit', (body) => ({ kind: 'edit', edit: checked(campaignEditSchema, body) }));
  registerCodec(app, ctx.config);
  return app;
}

/**
 * A bearer token, or a caller on this machine. A page in a browser on this machine is no such caller: it names its origin, or reaches us by a
 * host name of its own (DNS rebinding); nor is what a proxy on this machine passes on.
 * @param mayBrowse pages of which origins are let in from this machine all the same
 */
function authorize(request: FastifyRequest, token: string | undefined, mayBrowse: (origin: string) => boolean): void {
  const { authorization, origin, host } = request.headers;
  if (token !== undefined && authorization?.startsWith('Bearer ') && sameSecret(authorization.slice('Bearer '.length), token)) return;
  const direct = request.headers['x-forwarded-for'] === undefined && request.headers.forwarded === undefined;
  const local = LOOPBACK_ADDRESS.test(request.socket.remoteAddress ?? '') && LOOPBACK_HOST.test(host ?? '');
  const page = origin === undefined || mayBrowse(origin);
  if (local && direct && page && authorization === undefined) return;
  throw new PatterError('PATTER_UNAUTHORIZED', 'Send "Authorization: Bearer <PATTER_CONTROL_TOKEN>".');
}

function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
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
      const live = (await store.campaigns.list(DEFAULT_TENANT)).filter((campaign) => !isEnded(campaign));
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
