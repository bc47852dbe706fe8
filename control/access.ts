/**
 * Who may do what in the control API. An operator (PATTER_CONTROL_TOKEN, or a program of this machine) may do all, for the tenant `default`. An API key
 * may do what its scopes say, for its own tenant, and only where a route says which scope it needs: one that says nothing is the operator's.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { PatterError } from '../contracts/errors';
import { DEFAULT_TENANT } from '../contracts/ids';
import type { ControlContext } from './context';
import { type ApiKey, apiKeyOf } from './keys/api-keys';
import type { Scope } from './keys/scopes';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The scope with which an API key may use the route. Absent: none, it is the operator's. */
    scope?: Scope;
    /** Nobody has to say who they are, or the route looks for itself. */
    open?: boolean;
  }
  interface FastifyRequest {
    caller?: Caller;
  }
}

export type Caller = { readonly tenantId: string } & ({ readonly kind: 'operator' } | { readonly kind: 'key'; readonly key: ApiKey });

const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.|^::1$/;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;
const FORWARDED_HEADERS = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded', 'x-real-ip', 'cf-connecting-ip'];
export const OPERATOR: Caller = { kind: 'operator', tenantId: DEFAULT_TENANT };

/** Whose data a request is about. Every route asks here. */
export function tenantOf(request: FastifyRequest): string {
  if (!request.caller) throw new PatterError('PATTER_UNAUTHORIZED', 'This route has no caller.');
  return request.caller.tenantId;
}

type AccessContext = Pick<ControlContext, 'config' | 'store' | 'clock' | 'log'>;

/**
 * A bearer token, or a caller on this machine. A page in a browser on this machine is no such caller: it names its origin, or reaches us by a
 * host name of its own (DNS rebinding); nor is what a proxy on this machine passes on.
 * @param mayBrowse pages of which origins are let in from this machine all the same
 * @throws PatterError PATTER_UNAUTHORIZED, PATTER_FORBIDDEN
 */
export async function authorize(ctx: AccessContext, request: FastifyRequest, mayBrowse: (origin: string) => boolean): Promise<Caller> {
  const { authorization, origin } = request.headers;
  const bearer = authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : undefined;
  const token = ctx.config.PATTER_CONTROL_TOKEN;
  if (bearer !== undefined && token !== undefined && sameSecret(bearer, token)) return OPERATOR;
  const key = bearer === undefined ? undefined : await apiKeyOf(ctx, bearer);
  if (key) {
    const scope = request.routeOptions.config?.scope;
    // What is nobody's business is not there: a key learns nothing of the operator's routes.
    if (scope === undefined) throw new PatterError('PATTER_FORBIDDEN', 'API keys do not open this; PATTER_CONTROL_TOKEN does.');
    if (!key.scopes.includes(scope)) throw new PatterError('PATTER_FORBIDDEN', `This needs a key with the scope "${scope}".`);
    noteUse(ctx, key);
    return { kind: 'key', tenantId: key.tenantId, key };
  }
  const page = origin === undefined || mayBrowse(origin);
  if (isOfThisMachine(request) && page && authorization === undefined) return OPERATOR;
  throw new PatterError(
    'PATTER_UNAUTHORIZED',
    'Send "Authorization: Bearer <API key or PATTER_CONTROL_TOKEN>". `patter keys create` makes a key.',
  );
}

/** Sent by a program or a browser of this machine to an address of this machine, through no proxy or tunnel that says that it is one. */
export function isOfThisMachine({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
  if (FORWARDED_HEADERS.some((name) => headers[name] !== undefined)) return false;
  return LOOPBACK_ADDRESS.test(socket.remoteAddress ?? '') && LOOPBACK_HOST.test(headers.host ?? '');
}

/** Nobody waits for it: that it is known is good, and no reason to refuse anything. */
export function noteUse(ctx: AccessContext, key: ApiKey): void {
  ctx.store.apiKeys
    .noteUse(key.keyId, new Date(ctx.clock.now()))
    .catch((error: unknown) => ctx.log.warn({ err: error, keyId: key.keyId }, 'the use of a key was not noted'));
}

export function sameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
