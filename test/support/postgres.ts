import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { startLocalPostgres } from '../../runtime/local-postgres';
import { testHome } from './test-home';

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A fresh, empty database on the one Postgres of this jest run, which the first caller starts. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await startLocalPostgres(testHome(), undefined, { durable: false });
  const name = `test_${randomBytes(8).toString('hex')}`;
  await runStatement(server.url, `CREATE DATABASE ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return { url: url.toString(), drop: () => runStatement(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function runStatement(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
