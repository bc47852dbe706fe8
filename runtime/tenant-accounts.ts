/**
 * The configuration as a tenant's calls see it: with its own accounts at carriers and vendors where it has some. Kept for a few seconds and renewed in the
 * background: a webhook does not wait for Postgres, and goes on while it is away.
 */
import { type Clock, sleep } from '../contracts/clock';
import { PatterError } from '../contracts/errors';
import { DEFAULT_TENANT } from '../contracts/ids';
import type { TenantCredentials } from '../contracts/provider-credentials';
import type { Config } from './config';
import type { Logger } from './log';

export interface TenantAccountsOptions {
  config: Config;
  vault: { of(tenantId: string): Promise<TenantCredentials>; any(): Promise<boolean> };
  /** Whose a number or a call is, where somebody knows. */
  owners: { ofNumber(number: string): Promise<string | undefined>; ofCall(callId: string): Promise<string | undefined> };
  clock: Clock;
  log: Logger;
}

/** Credentials that were set are used after so long at most. */
const FRESH_MS = 5_000;
/** What is known is used for so long without being asked about, when it cannot be renewed. */
const STALE_MS = 24 * 3_600_000;
/** A carrier waits for its webhook's answer. */
const FIRST_ANSWER_MS = 2_000;
const READ_AGAIN_MS = 500;
const MOST_KEPT = 10_000;

interface Known<Value> {
  value: Value;
  /** Monotonic. */
  at: number;
}

/** Remembers what `load` says; where it has said something, nobody waits for it again. */
class Memory<Value> {
  readonly #known = new Map<string, Known<Value>>();
  readonly #loading = new Map<string, Promise<Value>>();

  constructor(
    private readonly load: (key: string) => Promise<Value>,
    private readonly clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {}

  async get(key: string, freshMs = FRESH_MS): Promise<Value> {
    const known = this.#known.get(key);
    const age = known ? this.clock.monotonic() - known.at : Number.POSITIVE_INFINITY;
    if (known && age < freshMs) return known.value;
    const loading = this.renew(key);
    if (!known || age > STALE_MS) return this.#within(loading);
    loading.catch(this.failed);
    return known.value;
  }

  peek(key: string): Value | undefined {
    return this.#known.get(key)?.value;
  }

  renew(key: string): Promise<Value> {
    let loading = this.#loading.get(key);
    if (!loading) {
      loading = this.load(key)
        .then((value) => {
          this.#known.delete(key);
          this.#known.set(key, { value, at: this.clock.monotonic() });
          const [oldest] = this.#known.keys();
          if (this.#known.size > MOST_KEPT && oldest !== undefined) this.#known.delete(oldest);
          return value;
        })
        .finally(() => this.#loading.delete(key));
      loading.catch(() => undefined);
      this.#loading.set(key, loading);
    }
    return this.#within(loading);
  }

  async #within(loading: Promise<Value>): Promise<Value> {
    const over = new AbortController();
    const late = sleep(this.clock, FIRST_ANSWER_MS, over.signal).then(() => {
      throw new PatterError('PATTER_POSTGRES_UNAVAILABLE', `The accounts of a tenant could not be read within ${FIRST_ANSWER_MS} ms.`);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([loading, late]);
    } finally {
      over.abort();
    }
  }
}

export class TenantAccounts {
  readonly #configs: Memory<Config>;
  readonly #any: Memory<boolean>;
  readonly #numbers: Memory<string | undefined>;
  readonly #calls = new Map<string, string>();
  #readAgainAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: TenantAccountsOptions) {
    const { config, vault, owners, clock, log } = options;
    const failed = (error: unknown) =>
      log.warn({ err: error }, 'the accounts of a tenant could not be read again; the last known are used');
    this.#configs = new Memory(async (tenantId) => overlaid(config, await vault.of(tenantId)), clock, failed);
    this.#any = new Memory(() => vault.any(), clock, failed);
    this.#numbers = new Memory((number) => owners.ofNumber(number), clock, failed);
  }

  /**
   * The very configuration of the process where the tenant has no accounts of its own.
   * @throws PatterError PATTER_POSTGRES_UNAVAILABLE, PATTER_CONFIG_INVALID: nobody else's account is used instead
   */
  async configOf(tenantId: string): Promise<Config> {
    try {
      if (!(await this.#any.get(''))) return this.options.config;
      return await this.#configs.get(tenantId);
    } catch (error) {
      // Without tenants nothing depends on Postgres here; with them, only what is surely the process's own is.
      if (tenantId === DEFAULT_TENANT && error instanceof PatterError && error.code === 'PATTER_POSTGRES_UNAVAILABLE')
        return this.options.config;
      throw error;
    }
  }

  /** As `configOf`, for a call that is under way: where the tenant's accounts cannot be read, it has none, and says so as any call without one. */
  async configOrNone(tenantId: string): Promise<Config> {
    try {
      return await this.configOf(tenantId);
    } catch (error) {
      const { config, log } = this.options;
      log.error({ err: error, tenantId }, 'the accounts of a tenant cannot be read: its call goes on without any');
      return { ...config, OPENAI_API_KEY: undefined, DEEPGRAM_API_KEY: undefined, ELEVENLABS_API_KEY: undefined };
    }
  }

  /** Some tenant has accounts of its own, as far as is known. */
  get inUse(): boolean {
    return this.#any.peek('') === true;
  }

  /** What is known without asking; undefined: ask. */
  peek(tenantId: string): Config | undefined {
    if (this.#any.peek('') === false) return this.options.config;
    return this.#configs.peek(tenantId);
  }

  /**
   * Whose credentials a webhook is signed with: those of the call's or the number's owner, never of whoever signs.
   * @param fresh what was known did not fit: read it again
   */
  async configFor(about: { callId?: string; number?: string }, fresh = false): Promise<Config> {
    const { clock } = this.options;
    // Whoever sends forged webhooks does not make us ask for each of them.
    const again = fresh && clock.monotonic() - this.#readAgainAt > READ_AGAIN_MS;
    if (again) this.#readAgainAt = clock.monotonic();
    try {
      if (again) await this.#any.renew('');
      if (!(await this.#any.get(''))) return this.options.config;
    } catch {
      // As before there were tenants; what is not theirs is refused by its signature.
      return this.options.config;
    }
    const tenantId = await this.#ownerOf(about, again);
    if (again) await this.#configs.renew(tenantId);
    return this.configOf(tenantId);
  }

  async #ownerOf({ callId, number }: { callId?: string; number?: string }, fresh: boolean): Promise<string> {
    if (callId !== undefined) {
      const known = this.#calls.get(callId) ?? (await this.options.owners.ofCall(callId));
      if (known !== undefined) {
        this.#calls.set(callId, known);
        const [oldest] = this.#calls.keys();
        if (this.#calls.size > MOST_KEPT && oldest !== undefined) this.#calls.delete(oldest);
        return known;
      }
    }
    if (number !== undefined) {
      const owner = fresh ? await this.#numbers.renew(number) : await this.#numbers.get(number);
      if (owner !== undefined) return owner;
    }
    return DEFAULT_TENANT;
  }
}

/** The same object where there is nothing to lay over it: what was made of it is good for this tenant too. */
function overlaid(config: Config, credentials: TenantCredentials): Config {
  return Object.keys(credentials).length === 0 ? config : { ...config, ...credentials };
}
