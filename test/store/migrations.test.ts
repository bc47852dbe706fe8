import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { Client } from 'pg';
import { openStore } from '../../store/open';
import * as schema from '../../store/schema';
import { createTestDatabase, type TestDatabase } from '../support/postgres';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

const tables = Object.values(schema).filter((value) => is(value, PgTable)) as PgTable[];
const TYPES: Record<string, string> = { 'timestamp with time zone': 'timestamp with time zone' };

test('five processes that start at once migrate once, and none fails', async () => {
  const stores = Array.from({ length: 5 }, () => openStore(database.url));
  expect(await stores[0]!.pendingMigrations()).not.toEqual([]);
  await Promise.all(stores.map((store) => store.migrate()));
  const applied = await client.query('select name from patter_migrations order by name');
  expect(await stores[0]!.pendingMigrations()).toEqual([]);
  expect(new Set(applied.rows.map((row) => row.name)).size).toBe(applied.rows.length);
  await Promise.all(stores.map((store) => store.close()));
});

test.each(tables.map((table) => [getTableName(table), table] as const))('%s is in the database as the schema says', async (name, table) => {
  const columns = await client.query(
    'select column_name, data_type, is_nullable, column_default, is_identity from information_schema.columns where table_name = $1',
    [name],
  );
  const found = columns.rows.map((row) => ({
    name: row.column_name,
    type: row.data_type,
    nullable: row.is_nullable === 'YES',
    default: row.column_default !== null || row.is_identity === 'YES',
  }));
  const expected = Object.values(getTableColumns(table)).map((column) => ({
    name: column.name,
    type: TYPES[column.getSQLType()] ?? column.getSQLType(),
    nullable: !column.notNull,
    default: column.hasDefault || column.generatedIdentity !== undefined,
  }));
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  expect(found.sort(byName)).toEqual(expected.sort(byName));

  const indexes = await client.query('select indexname from pg_indexes where tablename = $1', [name]);
  const indexNames = indexes.rows.map((row) => row.indexname).filter((index) => !index.endsWith('_pkey'));
  expect(indexNames.sort()).toEqual(
    getTableConfig(table)
      .indexes.map((index) => index.config.name)
      .sort(),
  );
  const key = await client.query(
    `select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
     where i.indrelid = $1::regclass and i.indisprimary`,
    [name],
  );
  const { primaryKeys, columns: tableColumns } = getTableConfig(table);
  const expectedKey = primaryKeys[0]?.columns ?? tableColumns.filter((column) => column.primary);
  expect(key.rows.map((row) => row.attname).sort()).toEqual(expectedKey.map((column) => column.name).sort());
});

test('a database that another build made is refused by name', async () => {
  const store = openStore(database.url);
  await client.query(`update patter_migrations set checksum = 'other' where name = '0001_initial'`);
  await expect(store.migrate()).rejects.toMatchObject({
    code: 'PATTER_POSTGRES_UNAVAILABLE',
    details: { migration: '0001_initial' },
  });
  await store.close();
});
