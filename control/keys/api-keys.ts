/** API keys of tenants: made here, shown once, known by their hash. */
import { createHash, randomBytes } from 'node:crypto';
import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { ApiKeyRow } from '../../store/store';
import type { ControlContext } from '../context';
import { checkedTenantId } from '../tenants/tenant-id';
import { ALL_SCOPES, checkedScopes, type Scope } from './scopes';

type KeyContext = Pick<ControlContext, 'store' | 'clock'>;

const SECRET_BYTES = 32;
const KEY = /^pt_[A-Za-z0-9_-]{43}$/;
const SHOWN_CHARACTERS = 11;

export interface ApiKey {
  keyId: string;
  tenantId: string;
  name: string;
  /** The beginning of the secret, to tell keys apart. */
  prefix: string;
  scopes: Scope[];
  /** What its programs mean when they name no number. */
  number: string | undefined;
  createdAt: Date;
  /** To the minute. */
  lastUsedAt: Date | undefined;
  revokedAt: Date | undefined;
}

export interface CreateKeyOptions {
  tenantId?: string;
  name?: string;
  /** @default all */
  scopes?: readonly string[];
  /** E.164. */
  number?: string;
}

/**
 * Makes a key, and its tenant where there is none yet. `secret` can never be read again.
 * @throws PatterError PATTER_CONFIG_INVALID
 */
export async function createApiKey(ctx: KeyContext, options: CreateKeyOptions = {}): Promise<{ key: ApiKey; secret: string }> {
  const tenantId = checkedTenantId(options.tenantId ?? DEFAULT_TENANT);
  const scopes = checkedScopes(options.scopes ?? ALL_SCOPES);
  const { number } = options;
  if (number !== undefined && !/^\+[1-9]\d{6,14}$/.test(number)) {
    throw new PatterError('PATTER_CONFIG_INVALID', `${number} is no number in E.164 form, as in +12125550100.`);
  }
  const now = new Date(ctx.clock.now());
  const secret = `pt_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  await ctx.store.tenants.ensure(tenantId, now);
  const row = await ctx.store.apiKeys.create({
    keyId: `key_${randomBytes(8).toString('hex')}`,
    tenantId,
    hash: hashOf(secret),
    prefix: secret.slice(0, SHOWN_CHARACTERS),
    name: options.name ?? '',
    scopes,
    number: number ?? null,
    createdAt: now,
  });
  return { key: keyOf(row), secret };
}

/** Oldest first, revoked ones included. */
export async function listApiKeys(ctx: KeyContext, tenantId: string = DEFAULT_TENANT): Promise<ApiKey[]> {
  return (await ctx.store.apiKeys.list(checkedTenantId(tenantId))).map(keyOf);
}

/**
 * From now on the key opens nothing; sockets that it opened are closed within seconds. Doing it twice is success.
 * @param idOrPrefix `key_…`, or what is shown of the secret
 * @throws PatterError PATTER_KEY_NOT_FOUND
 */
export async function revokeApiKey(ctx: KeyContext, idOrPrefix: string, tenantId: string = DEFAULT_TENANT): Promise<ApiKey> {
  const row = await ctx.store.apiKeys.revoke(checkedTenantId(tenantId), idOrPrefix, new Date(ctx.clock.now()));
  if (row) return keyOf(row);
  throw new PatterError(
    'PATTER_KEY_NOT_FOUND',
    `Tenant ${tenantId} has no key ${idOrPrefix}. \`patter keys list --tenant ${tenantId}\` shows them.`,
  );
}

/** The key of that secret, if it is one and has not been revoked. */
export async function apiKeyOf(ctx: KeyContext, secret: string): Promise<ApiKey | undefined> {
  return KEY.test(secret) ? apiKeyOfHash(ctx, hashOf(secret)) : undefined;
}

/** As `apiKeyOf`, for who has kept `hashOf` the secret instead of the secret. */
export async function apiKeyOfHash(ctx: KeyContext, hash: string): Promise<ApiKey | undefined> {
  const row = await ctx.store.apiKeys.byHash(hash);
  return row && row.revokedAt === null ? keyOf(row) : undefined;
}

/**
 * One round of SHA-256 and no slow hash with salt: those protect passwords, which can be guessed. These are 256 random bits, which cannot, and every
 * request needs one. It is looked up by the hash, so that how long it takes says nothing of the secret.
 */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function keyOf(row: ApiKeyRow): ApiKey {
  const { keyId, tenantId, name, prefix, createdAt } = row;
  return {
    ...{ keyId, tenantId, name, prefix, createdAt },
    // Scopes that this version does not know open nothing.
    scopes: row.scopes.filter((scope): scope is Scope => (ALL_SCOPES as string[]).includes(scope)),
    number: row.number ?? undefined,
    lastUsedAt: row.lastUsedAt ?? undefined,
    revokedAt: row.revokedAt ?? undefined,
  };
}
