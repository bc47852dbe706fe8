/**
 * What the dashboard's cookie holds: who was let in and until when, signed. The credential itself is not in it, and a changed token or a revoked key ends
 * it at once.
 */
import { createHmac } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type Caller, OPERATOR, sameSecret } from '../access';
import type { ControlContext } from '../context';
import { type ApiKey, apiKeyOf, apiKeyOfHash, hashOf } from '../keys/api-keys';

export const COOKIE = 'patter_dashboard';
export const SESSION_MS = 12 * 3_600_000;

export interface SessionParts {
  ctx: Pick<ControlContext, 'store' | 'clock'>;
  /** What the operator types; undefined: nobody can be let in so. */
  token: string | undefined;
  /** API keys that may read are let in, each to the calls of its own tenant. */
  keys: boolean;
  signingKey: () => Promise<string>;
}

/** Who has that credential, if anybody. */
export async function callerOf({ ctx, keys, token }: SessionParts, secret: string): Promise<Caller | undefined> {
  if (token !== undefined && sameSecret(secret, token)) return OPERATOR;
  return keys ? callerWith(await apiKeyOf(ctx, secret)) : undefined;
}

/** @returns undefined for a credential that opens nothing */
export async function openSession(parts: SessionParts, secret: string): Promise<string | undefined> {
  const caller = await callerOf(parts, secret);
  if (!caller) return undefined;
  const who = caller.kind === 'key' ? `key-${hashOf(secret)}` : 'operator';
  const claims = `${parts.ctx.clock.now() + SESSION_MS}.${who}`;
  return `${claims}.${await signatureOf(parts, claims)}`;
}

export async function callerOfSession(parts: SessionParts, request: FastifyRequest): Promise<Caller | undefined> {
  const [, expires, who, signature] = /^(\d{1,15})\.(operator|key-[0-9a-f]{64})\.([0-9a-f]{64})$/.exec(cookieOf(request) ?? '') ?? [];
  if (expires === undefined || who === undefined || signature === undefined) return undefined;
  if (!sameSecret(signature, await signatureOf(parts, `${expires}.${who}`))) return undefined;
  if (Number(expires) <= parts.ctx.clock.now()) return undefined;
  if (who === 'operator') return parts.token === undefined ? undefined : OPERATOR;
  return parts.keys ? callerWith(await apiKeyOfHash(parts.ctx, who.slice('key-'.length))) : undefined;
}

function callerWith(key: ApiKey | undefined): Caller | undefined {
  return key?.scopes.includes('read') ? { kind: 'key', tenantId: key.tenantId, key } : undefined;
}

/** The token is part of the key: another token, and nobody is let in by an old cookie. */
async function signatureOf({ signingKey, token = '' }: SessionParts, claims: string): Promise<string> {
  return createHmac('sha256', await signingKey())
    .update(JSON.stringify(['dashboard session', token, claims]))
    .digest('hex');
}

function cookieOf({ headers }: FastifyRequest): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1);
}
