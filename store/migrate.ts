/** Applies `migrations/*.sql` in the order of their names, each in a transaction, one process at a time. Applied files never change. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PoolClient } from 'pg';
import { PatterError } from '../contracts/errors';
import type { Database } from './database';

const FOLDER = join(__dirname, 'migrations');
/** Any number that no other program uses on this database. */
const LOCK = 7_265_001_177;

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

function readMigrations(): Migration[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const sql = readFileSync(join(FOLDER, file), 'utf8');
      return { name: file.replace(/\.sql$/, ''), sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

async function applied(client: Pick<PoolClient, 'query'>): Promise<Map<string, string>> {
  const table = await client.query(`select to_regclass('patter_migrations') is not null as there`);
  if (!table.rows[0].there) return new Map();
  const rows = await client.query('select name, checksum from patter_migrations');
  return new Map(rows.rows.map((row) => [row.name, row.checksum]));
}

export async function migrate(database: Database): Promise<void> {
  if ((await pendingMigrations(database)).length === 0) return;
  const client = await database.pool.connect();
  try {
    // Another process may migrate right now, or a migration may take long: no time limit for either.
    await client.query('set statement_timeout = 0; set lock_timeout = 0');
    await client.query({ text: 'select pg_advisory_lock($1)', values: [LOCK], query_timeout: 0 } as never);
    await client.query(
      'create table if not exists patter_migrations (name text primary key, checksum text not null, applied_at timestamptz not null)',
    );
    const done = await applied(client);
    for (const migration of readMigrations()) {
      if (!done.has(migration.name)) await apply(client, migration);
    }
  } finally {
    // The lock and the settings go with the connection.
    client.release(true);
  }
}

async function apply(client: PoolClient, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query({ text: sql, query_timeout: 0 } as never);
    await client.query('insert into patter_migrations values ($1, $2, now())', [name, checksum]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** @throws PatterError PATTER_POSTGRES_UNAVAILABLE when an applied migration is not the file of this version */
export async function pendingMigrations(database: Database): Promise<string[]> {
  const done = await database.run(() => applied(database.pool as unknown as PoolClient));
  const pending: string[] = [];
  for (const { name, checksum } of readMigrations()) {
    const found = done.get(name);
    if (found === undefined) pending.push(name);
    else if (found !== checksum) {
      throw new PatterError(
        'PATTER_POSTGRES_UNAVAILABLE',
        `The database was made by another build: migration ${name} differs. Use the database of this version, or an empty one.`,
        { details: { migration: name } },
      );
    }
  }
  return pending;
}
