/** A program that connects says which number it answers, and with which accounts: its tenant's line is made, or brought to that. */
import { isDeepStrictEqual } from 'node:util';
import { type AgentSpec, agentSchema } from '../../contracts/agent';
import type { Carrier, CarrierName } from '../../contracts/carrier';
import { isPatterError, PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import { lineFileSchema } from '../../contracts/line';
import { PROVIDERS, type ProviderName, type TenantCredentials } from '../../contracts/provider-credentials';
import { SDK_RELAY_URL, type SdkHello } from '../../contracts/sdk-protocol';
import { agentAsStored, agentToStore, isOfProgram } from '../../contracts/sent-agent';
import type { Config } from '../../runtime/config';
import { CredentialVault } from '../../runtime/credential-vault';
import type { LineRow } from '../../store/store';
import type { ControlContext } from '../context';
import type { ApiKey } from '../keys/api-keys';
import { configureNumber, setLine } from '../lines/lines';
import { requireOwnNumber } from '../lines/own-numbers';

/** Carriers of a configuration. `control/` knows no vendor: it is given them. */
export type CarriersOf = (config: Config) => ReadonlyMap<CarrierName, Carrier>;

export interface Registered {
  number: string;
  /** What the developer should know. */
  notes: string[];
}

type Key = Pick<ApiKey, 'tenantId' | 'number'>;

/** @throws PatterError PATTER_NUMBER_TAKEN, PATTER_NUMBER_NOT_OWNED, PATTER_CONFIG_INVALID, PATTER_LINE_NOT_FOUND */
export async function registerNumber(
  ctx: ControlContext,
  key: Key,
  hello: SdkHello,
  options: { carriersOf?: CarriersOf } = {},
): Promise<Registered> {
  const { tenantId } = key;
  const number = await numberOf(ctx, key, hello.number);
  const vault = new CredentialVault(ctx.store.credentials, ctx.config, ctx.clock);
  const before = await ctx.store.lines.get(tenantId, number);
  const carrier = hello.carrier ?? before?.carrier ?? 'twilio';
  const given = Object.assign({}, await vault.of(tenantId).catch(() => ({})), ...Object.values(hello.credentials)) as TenantCredentials;
  await requireOwnNumber(ctx, key, number, { carrier, given, carriersOf: options.carriersOf });
  const changed = await saveCredentials(vault, tenantId, hello);
  if (before && !isSdkLine(before)) {
    throw new PatterError(
      'PATTER_NUMBER_TAKEN',
      `${number} is answered by the line "${before.name}" already. \`patter numbers remove ${number}\` makes room for a program.`,
    );
  }
  const agent = agentOf(hello, before);
  const notes: string[] = [];
  if (!before || before.carrier !== carrier || !isDeepStrictEqual(agentAsStored(before.spec.agent), agent)) {
    const line = lineFileSchema.parse({ name: `sdk-${number.slice(1)}`, number, carrier, agent });
    // Other controls may be of the version before.
    notes.push(...(await setLine(ctx, { ...line, agent: agentToStore(agent) }, tenantId)).notes);
  }
  if (!(await ctx.store.sdk.keepEvents(tenantId, number, new Date(ctx.clock.now())))) throw taken(number);
  if (options.carriersOf && (!before || changed))
    notes.push(...(await tellCarrier(ctx, vault, tenantId, number, carrier, options.carriersOf)));
  return { number, notes };
}

export function isSdkLine(line: Pick<LineRow, 'spec'>): boolean {
  return isOfProgram(line.spec.agent);
}

/** What a program means that names no number. @throws PatterError PATTER_LINE_NOT_FOUND */
export async function numberOf(ctx: ControlContext, key: Key, named: string | undefined): Promise<string> {
  const number = named ?? key.number;
  if (number !== undefined) return number;
  const connected = await ctx.store.sdk.numbers(key.tenantId);
  const [only, another] = connected.length > 0 ? connected : (await ctx.store.lines.list(key.tenantId)).map((line) => line.number);
  if (only !== undefined && another === undefined) return only;
  const configured = key.tenantId === DEFAULT_TENANT ? ctx.config.PATTER_PHONE_NUMBER : undefined;
  if (only === undefined && configured !== undefined) return configured;
  const why = only === undefined ? 'has no number yet' : 'has several numbers';
  throw new PatterError(
    'PATTER_LINE_NOT_FOUND',
    `The tenant ${why}: say which one is meant, connect({ number: '+1…' }), or make the key with --number.`,
  );
}

/** @returns whether any was new or another one */
async function saveCredentials(vault: CredentialVault, tenantId: string, { credentials }: SdkHello): Promise<boolean> {
  const given = PROVIDERS.filter((provider) => credentials[provider] !== undefined);
  if (given.length === 0) return false;
  const known: Readonly<Record<string, string | undefined>> = await vault.of(tenantId).catch(() => ({}) as TenantCredentials);
  let changed = false;
  for (const provider of given) {
    const values = credentials[provider] as Readonly<Record<string, string>>;
    // Every connection brings them again.
    if (Object.entries(values).every(([name, value]) => known[name] === value)) continue;
    await vault.set(tenantId, provider as ProviderName, values as never);
    changed = true;
  }
  return changed;
}

function agentOf(hello: SdkHello, before: LineRow | undefined): AgentSpec {
  const base = before && agentAsStored(before.spec.agent);
  const engine = base?.engine.type === 'pipeline' ? base.engine : undefined;
  return agentSchema.parse({
    systemPrompt: 'The agent is a connected program.',
    // Which hears of every key.
    optOutKey: null,
    ...base,
    language: hello.language ?? base?.language ?? 'en',
    engine: {
      ...engine,
      type: 'pipeline',
      stt: hello.stt ?? engine?.stt,
      tts: hello.tts ?? engine?.tts,
      onMessage: { ...engine?.onMessage, url: SDK_RELAY_URL },
    },
  });
}

/** Never over what somebody else has put there; that it could not be done is no reason not to connect. */
async function tellCarrier(
  ctx: ControlContext,
  vault: CredentialVault,
  tenantId: string,
  number: string,
  name: CarrierName,
  carriersOf: CarriersOf,
): Promise<string[]> {
  const carrier = carriersOf({ ...ctx.config, ...(await vault.of(tenantId)) }).get(name);
  if (!carrier) return [`There is no ${name} account: give providerKey and providerSecret, or set it on the backend.`];
  const live = async () => (await ctx.store.gateways.live(new Date(ctx.clock.now()))).map(({ publicUrl }) => publicUrl);
  try {
    await configureNumber(carrier, { number, publicUrls: ctx.config.PATTER_PUBLIC_URL ?? [...new Set(await live())].sort(), force: false });
    return [];
  } catch (error) {
    const why = isPatterError(error) ? error.message : `${name} did not answer`;
    ctx.log.warn({ number, err: error }, 'a number was not configured');
    return [`Calls to ${number} do not come here by themselves: ${why}`];
  }
}

function taken(number: string): PatterError {
  return new PatterError('PATTER_NUMBER_TAKEN', `${number} belongs to another tenant.`);
}
