/**
 * The page at /dashboard, in `patter control` and at the port of `serve()`, with the little of the API that it needs: reading, nothing else. It guards
 * itself, also on a server that has no guard, and serves nothing at all, not even its scripts, to who may not read.
 */

import { parse } from 'node:querystring';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { sleep } from '../../contracts/clock';
import { type ErrorCode, isPatterError, PatterError } from '../../contracts/errors';
import { microsToUsd } from '../../contracts/money';
import { secretKey } from '../../runtime/secret-key';
import { type Caller, isOfThisMachine, OPERATOR, tenantOf } from '../access';
import { getCall, noSuchCall } from '../calls/get-call';
import { listCalls } from '../calls/list-calls';
import { streamCall } from '../calls/stream-call';
import type { ControlContext } from '../context';
import { callsAsCsv, callsAsJson } from './export';
import { type LoginState, loginPage, type PageFile, readPage } from './pages';
import { COOKIE, callerOf, callerOfSession, openSession, SESSION_MS, type SessionParts } from './session';

/** May change while it runs: it is looked at with every request. */
export interface DashboardOptions {
  /** Absent: always. While it is not, nothing is there. */
  readonly shown?: boolean;
  /** Opens everything. Undefined: nobody comes in with a token. */
  token?: string;
  /** Let in: browsers of this machine, without a credential. */
  loopback: boolean;
  /** Let in: API keys with the scope `read`, to what their tenant has. */
  keys: boolean;
  /** Built files; default: those of the package. */
  page?: ReadonlyMap<string, PageFile>;
}

const PREFIX = '/dashboard';
const HOUR_MS = 3_600_000;
/** Guessing is slow, also for who has many connections to spare. */
const WRONG_TOKEN_MS = 500;
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'";
const CSP_ALWAYS = "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const HEADERS = {
  'content-security-policy': `${CSP}; ${CSP_ALWAYS}`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};
const STATUS: Partial<Record<ErrorCode, number>> = {
  PATTER_UNAUTHORIZED: 401,
  PATTER_REQUEST_INVALID: 400,
  PATTER_CALL_NOT_FOUND: 404,
  PATTER_TEMPORAL_UNAVAILABLE: 503,
  PATTER_POSTGRES_UNAVAILABLE: 503,
};

const hours = z.coerce
  .number()
  .min(1)
  .max(24 * 366)
  .default(24);
const queries = {
  list: z.object({ limit: z.coerce.number().optional(), cursor: z.string().optional() }),
  summary: z.object({ hours }),
  export: z.object({ hours, format: z.enum(['csv', 'json']).default('json') }),
};

export function registerDashboard(app: FastifyInstance, ctx: ControlContext, options: DashboardOptions): void {
  app.register(async (scope) => addRoutes(scope, ctx, options), { prefix: PREFIX });
}

async function addRoutes(app: FastifyInstance, ctx: ControlContext, options: DashboardOptions): Promise<void> {
  const { keys } = options;
  const page = options.page ?? readPage();
  const session: SessionParts = {
    ...{ ctx, keys, signingKey: () => secretKey(ctx.config) },
    get token() {
      return options.token;
    },
  };
  // It says itself who may what: a guard of the whole server leaves it alone.
  const open = { config: { open: true } } as const;

  if (!app.hasRequestDecorator('caller')) app.decorateRequest('caller');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: 4_096 }, (_request, body, done) =>
    done(null, parse(String(body), '&', '=', { maxKeys: 4 })),
  );
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    if (options.shown === false) return reply.code(404).send({ message: 'not found' });
    if (request.method !== 'GET' && isOfAnotherSite(request)) throw refusal('Another site sent this.');
    request.caller = await viewerOf(session, options.loopback, request);
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (isPatterError(error)) return reply.code(STATUS[error.code] ?? 500).send({ code: error.code, message: error.message });
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ code: 'PATTER_REQUEST_INVALID' satisfies ErrorCode, message: error.message });
    ctx.log.error({ err: error, path: request.routeOptions.url }, 'request failed');
    return reply.code(status).send({ message: 'internal error' });
  });

  const askToSignIn = (reply: FastifyReply, state: LoginState) => {
    const { token } = options;
    const hint = keys
      ? 'Sign in with PATTER_CONTROL_TOKEN, or with an API key that may read.'
      : token === undefined
        ? 'This dashboard is shown on its own machine only. serve({ dashboardToken }) opens it to whoever has the token.'
        : 'Sign in with the dashboardToken of serve().';
    const { html, styleNonce } = loginPage(keys || token !== undefined ? state : 'closed', hint);
    return reply
      .code(401)
      .header('content-security-policy', `default-src 'none'; style-src 'nonce-${styleNonce}'; ${CSP_ALWAYS}`)
      .type('text/html; charset=utf-8')
      .send(html);
  };
  const home = async (request: FastifyRequest, reply: FastifyReply) => {
    if (!request.caller) return askToSignIn(reply, 'ask');
    const index = page?.get('index.html');
    if (!index) return reply.code(503).type('text/plain').send('The dashboard has not been built: npm run build\n');
    return reply.type(index.type).send(index.body);
  };
  // With the slash and without.
  app.get('/', open, home);

  app.post<{ Body: { token?: unknown } | undefined }>('/login', open, async (request, reply) => {
    const given = request.body?.token;
    const cookie = typeof given === 'string' ? await openSession(session, given.trim()) : undefined;
    if (cookie === undefined) {
      await sleep(ctx.clock, WRONG_TOKEN_MS);
      return askToSignIn(reply, 'wrong');
    }
    return reply.header('set-cookie', cookieHeader(request, cookie, SESSION_MS)).redirect(PREFIX, 303);
  });
  app.post('/logout', open, async (request, reply) => reply.header('set-cookie', cookieHeader(request, '', 0)).redirect(PREFIX, 303));

  const guarded = {
    ...open,
    preHandler: async (request: FastifyRequest) => {
      if (!request.caller) throw refusal('Sign in at /dashboard, or send "Authorization: Bearer <token>".');
    },
  };
  app.get<{ Params: { name: string } }>('/assets/:name', guarded, async (request, reply) => {
    const file = page?.get(`assets/${request.params.name}`);
    if (!file) return reply.code(404).send({ message: 'not found' });
    // Their names change with what is in them.
    return reply.header('cache-control', 'private, max-age=31536000, immutable').type(file.type).send(file.body);
  });
  const since = (ago: number) => new Date(ctx.clock.now() - ago * HOUR_MS);
  app.get('/api/summary', guarded, async (request) => {
    const { hours } = checked(queries.summary, request.query);
    const { costMicros, ...totals } = await ctx.store.attempts.totals(tenantOf(request), since(hours));
    const signedIn = request.headers.cookie?.includes(`${COOKIE}=`) ?? false;
    return { ...totals, costUsd: microsToUsd(costMicros), signedIn };
  });
  app.get('/api/calls', guarded, async (request) =>
    listCalls(ctx, { ...checked(queries.list, request.query), tenantId: tenantOf(request) }),
  );
  app.get<{ Params: { id: string } }>('/api/calls/:id', guarded, async (request) => {
    const call = await getCall(ctx, request.params.id, tenantOf(request));
    if (!call) throw noSuchCall(request.params.id);
    return call;
  });
  app.get<{ Params: { id: string } }>('/api/calls/:id/events', guarded, async (request, reply) => {
    const tenantId = tenantOf(request);
    if (!(await getCall(ctx, request.params.id, tenantId))) throw noSuchCall(request.params.id);
    streamCall(ctx, request.params.id, tenantId, reply);
    return reply;
  });
  app.get('/api/export', guarded, async (request, reply) => {
    const { format, hours } = checked(queries.export, request.query);
    const write = format === 'csv' ? callsAsCsv : callsAsJson;
    const name = `calls-${new Date(ctx.clock.now()).toISOString().slice(0, 10)}.${format}`;
    return reply
      .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(Readable.from(write(ctx, tenantOf(request), since(hours))));
  });
}

async function viewerOf(session: SessionParts, loopback: boolean, request: FastifyRequest): Promise<Caller | undefined> {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    return authorization.startsWith('Bearer ') ? callerOf(session, authorization.slice('Bearer '.length)) : undefined;
  }
  const known = await callerOfSession(session, request);
  if (known) return known;
  return loopback && isOfThisMachine(request) && !isOfAnotherSite(request) ? OPERATOR : undefined;
}

/** A page of another site that sends its reader's browser here. One that links here is none. */
function isOfAnotherSite({ headers }: FastifyRequest): boolean {
  const { origin, host } = headers;
  if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host)) return true;
  const site = headers['sec-fetch-site'];
  return (site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate';
}

function cookieHeader({ headers, socket }: FastifyRequest, value: string, maxAgeMs: number): string {
  const secure = headers['x-forwarded-proto'] === 'https' || 'encrypted' in socket;
  const attributes = [`${COOKIE}=${value}`, `Path=${PREFIX}`, 'HttpOnly', 'SameSite=Strict', `Max-Age=${maxAgeMs / 1_000}`];
  return [...attributes, ...(secure ? ['Secure'] : [])].join('; ');
}

function refusal(message: string): PatterError {
  return new PatterError('PATTER_UNAUTHORIZED', message);
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PatterError(
    'PATTER_REQUEST_INVALID',
    parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  );
}
