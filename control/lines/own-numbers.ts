/**
 * Which numbers a tenant may call from, and make its own. A number is the tenant's whose line it has; the operator's is the operator's until a line or an
 * API key gives it to somebody. Without that one tenant would ring people under another's name, where both use the operator's account on its bill.
 */
import type { FastifyRequest } from 'fastify';
import type { Carrier, CarrierName } from '../../contracts/carrier';
import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { TenantCredentials } from '../../contracts/provider-credentials';
import type { Config } from '../../runtime/config';
import type { CarriersOf } from '../backend/register-number';
import type { ControlContext } from '../context';
import type { ApiKey } from '../keys/api-keys';

type Key = Pick<ApiKey, 'tenantId' | 'number'>;
type OwnersContext = Pick<ControlContext, 'store' | 'config'>;

/** That tells that a tenant has an account at the carrier. */
const ACCOUNT = { twilio: 'TWILIO_ACCOUNT_SID', telnyx: 'TELNYX_API_KEY' } as const satisfies Record<CarrierName, keyof TenantCredentials>;

/**
 * Of the numbers that a request wants to call from. The operator's requests call from any; what is no number at all is somebody else's to refuse.
 * @throws PatterError PATTER_NUMBER_TAKEN
 */
export async function requireOwnCallerIds(ctx: OwnersContext, { caller }: FastifyRequest, numbers: readonly unknown[]): Promise<void> {
  if (caller?.kind !== 'key') return;
  for (const number of new Set(numbers)) {
    if (typeof number === 'string' && (await isOfAnother(ctx, caller.key, number))) throw ofAnother(number, caller.tenantId);
  }
}

/**
 * Of a number that the tenant wants to answer. One that has no line yet is taken only by who is known to have it: by the operator's word, or by the carrier's.
 * @param given what the tenant has of credentials, those that it brings now included
 * @throws PatterError PATTER_NUMBER_TAKEN, PATTER_NUMBER_NOT_OWNED; whatever the carrier answers
 */
export async function requireOwnNumber(
  ctx: OwnersContext,
  key: Key,
  number: string,
  account: { carrier: CarrierName; given: TenantCredentials; carriersOf: CarriersOf | undefined },
): Promise<void> {
  if (await isOfAnother(ctx, key, number)) throw ofAnother(number, key.tenantId);
  if (key.tenantId === DEFAULT_TENANT || key.number === number || (await ctx.store.lines.tenantOf(number)) !== undefined) return;
  const { carrier: name, given, carriersOf } = account;
  const own = given[ACCOUNT[name]] !== undefined;
  const carrier = own ? carriersOf?.({ ...ctx.config, ...given } as Config).get(name) : undefined;
  if (carrier && (await canCallFrom(carrier, number, ctx.config.PATTER_PUBLIC_URL?.[0] ?? 'https://localhost'))) return;
  const why = own
    ? `your ${name} account neither owns it nor has it as a verified caller id`
    : `you have no ${name} account here that could own it`;
  throw new PatterError(
    'PATTER_NUMBER_NOT_OWNED',
    `${number} is nobody's yet, and ${why}. Connect with providerKey and providerSecret of the account that owns it, or have the operator give it to tenant ${key.tenantId}: patter keys create --number, or patter numbers set --tenant.`,
    { details: { number } },
  );
}

async function canCallFrom({ numbers }: Pick<Carrier, 'numbers'>, number: string, publicUrl: string): Promise<boolean> {
  if ((await numbers.routing(number, publicUrl)) !== undefined) return true;
  return (await numbers.isVerifiedCallerId?.(number)) ?? false;
}

async function isOfAnother({ config, store }: OwnersContext, { tenantId, number: granted }: Key, number: string): Promise<boolean> {
  const owner = await store.lines.tenantOf(number);
  if (owner !== undefined) return owner !== tenantId;
  return number === config.PATTER_PHONE_NUMBER && tenantId !== DEFAULT_TENANT && granted !== number;
}

function ofAnother(number: string, tenantId: string): PatterError {
  return new PatterError(
    'PATTER_NUMBER_TAKEN',
    `${number} belongs to another tenant: use a number of your own. The operator gives one with \`patter numbers set <file> --tenant ${tenantId}\`.`,
    { details: { number } },
  );
}
