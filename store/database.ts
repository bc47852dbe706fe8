/** One pool, and the two ways to use it: `run` for a statement, `transact` for several. Both survive lost connections. */
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { Pool, type PoolClient } from 'pg';
import { type Clock, sleep, systemClock } from '../contracts/clock';
import { PatterError } from '../contracts/errors';

export type Db = NodePgDatabase<Record<string, never>>;

const MAX_TRIES = 6;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 15_000;
const LOCK_TIMEOUT_MS = 5_000;
/** A process that is frozen inside a transaction loses its locks after this. */
const IDLE_IN_TRANSACTION_MS = 10_000;

/** The transaction surely did not happen: serialization failure, deadlock, lock time-out. */
const CONFLICTS = new Set(['40001', '40P01', '55P03']);
/** The connection went away; the statement may or may not have happened, so everything in the store may be repeated. */
const LOST_CONNECTION = /^(08|57P0[1-5]|25P03|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH)/;
const LOST_CONNECTION_MESSAGE =
  /Connection terminated|not queryable|Query read timeout|timeout exceeded when trying to connect|timeout expired/;

export class Database {
  readonly pool: Pool;
  readonly #db: Db;
  readonly #clock: Clock;
  #closing: Promise<void> | undefined;

  constructor(url: string, clock: Clock = systemClock) {
    this.#clock = clock;
    this.pool = new Pool({
      connectionString: url,
      max: 20,
      application_name: 'patter',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      lock_timeout: LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
      // On our side, for a server that is frozen: a little later than its own limit.
      query_timeout: STATEMENT_TIMEOUT_MS + 3_000,
    });
    // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
    this.pool.on('error', () => {});
    // The same for one that breaks between two statements of a transaction: its next statement fails.
    this.pool.on('connect', (client) => {
      client.on('error', () => {});
    });
    this.#db = drizzle(this.pool);
  }

  /** One statement. It may be repeated when the connection is lost, so it must be harmless to repeat. */
  run<T>(work: (db: Db) => Promise<T>): Promise<T> {
    return this.#retrying(() => work(this.#db));
  }

  /**
   * READ COMMITTED with explicit locks. Repeated as a whole after a conflict or a lost connection, even one lost at the commit:
   * `work` must see what an earlier run of itself has written.
   */
  transact<T>(work: (db: Db) => Promise<T>): Promise<T> {
    return this.#retrying(async () => {
      const client = await this.pool.connect();
      try {
        await client.query('begin');
        const result = await work(drizzle(client));
        await client.query('commit');
        client.release();
        return result;
      } catch (error) {
        await rollBack(client, error);
        throw error;
      }
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.pool.end();
    return this.#closing;
  }

  async #retrying<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        withoutValues(error);
        const kind = failureKind(error);
        if (kind === 'other' || this.#closing) throw error;
        if (tries >= MAX_TRIES) {
          if (kind === 'conflict') throw error;
          throw new PatterError('PATTER_POSTGRES_UNAVAILABLE', 'Postgres cannot be reached; check DATABASE_URL and the server.', {
            cause: error,
          });
        }
        // 25 ms to 1.6 s, with half of it drawn, so that two that met do not meet again.
        await sleep(this.#clock, 25 * 4 ** Math.min(tries - 1, 3) * (0.5 + Math.random() / 2));
      }
    }
  }
}

async function rollBack(client: PoolClient, error: unknown): Promise<void> {
  if (failureKind(error) === 'lost') {
    client.release(true);
    return;
  }
  try {
    await client.query('rollback');
    client.release();
  } catch {
    client.release(true);
  }
}

/** The statement's values are people's names, numbers and words: an error with them would be logged, and stored by Temporal. */
function withoutValues(error: unknown): void {
  for (const cause of causes(error)) {
    if (cause.params !== undefined) {
      const message = `Failed query: ${String(cause.query)}`;
      const frames = (cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
      Object.assign(cause, { message, params: undefined, stack: [`Error: ${message}`, ...frames].join('\n') });
    }
    // `Key (campaign_id, phone)=(…) already exists.`, and the like.
    if (cause.detail !== undefined) cause.detail = undefined;
    if (cause.where !== undefined) cause.where = undefined;
  }
}

function failureKind(error: unknown): 'conflict' | 'lost' | 'other' {
  for (const { code, message, severity } of causes(error)) {
    if (typeof code === 'string') {
      if (CONFLICTS.has(code)) return 'conflict';
      if (LOST_CONNECTION.test(code)) return 'lost';
    }
    if (severity === undefined && LOST_CONNECTION_MESSAGE.test(message ?? '')) return 'lost';
  }
  return 'other';
}

/** The unique index or constraint that an insert broke, if it did. */
export function violatedConstraint(error: unknown): string | undefined {
  return causes(error).find(({ code }) => code === '23505')?.constraint;
}

interface Cause {
  code?: unknown;
  message?: string;
  /** Set where the server itself answered. */
  severity?: string;
  constraint?: string;
  query?: unknown;
  /** Of the statement that failed. */
  params?: unknown;
  detail?: unknown;
  where?: unknown;
  stack?: string;
  cause?: unknown;
}

/** Drizzle wraps the driver's error as its cause. */
function causes(error: unknown): Cause[] {
  const chain: Cause[] = [];
  for (let cause = error; typeof cause === 'object' && cause !== null; cause = (cause as Cause).cause) chain.push(cause as Cause);
  return chain;
}
