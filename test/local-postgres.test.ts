import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { findLocalPostgres, removeLocalPostgres, startLocalPostgres, stopLocalPostgres } from '../runtime/local-postgres';
import { identify, isAlive } from '../runtime/process-identity';
import { createTestDatabase } from './support/postgres';

const homes: string[] = [];

function newHome(mode = 0o755): string {
  const parent = mkdtempSync(join(tmpdir(), 'patter-pg-test-'));
  const home = join(parent, '.patter');
  mkdirSync(home);
  chmodSync(parent, mode);
  homes.push(home);
  return home;
}

afterEach(async () => {
  for (const home of homes.splice(0)) {
    await removeLocalPostgres(home);
    rmSync(join(home, '..'), { recursive: true, force: true });
  }
});

async function query<T extends object>(url: string, text: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

function note(home: string): { pid: number; folder: string } {
  return JSON.parse(readFileSync(join(home, 'run', 'postgres.json'), 'utf8'));
}

async function gone(pid: number): Promise<void> {
  const identity = identify(pid);
  while (identity && isAlive(identity)) await new Promise((resolve) => setImmediate(resolve));
}

test('starts once and is found by later callers, also by several at the same time', async () => {
  const home = newHome();
  const all = await Promise.all([startLocalPostgres(home), startLocalPostgres(home), startLocalPostgres(home)]);
  expect(all.filter((one) => one.started)).toHaveLength(1);
  expect(new Set(all.map((one) => one.url)).size).toBe(1);
  expect(await findLocalPostgres(home)).toBe(all[0].url);
  expect(await query(all[0].url, 'SELECT current_database() AS name')).toEqual([{ name: 'patter' }]);
  await stopLocalPostgres(home);
  expect(await findLocalPostgres(home)).toBeUndefined();
});

test('works below a folder that only its owner may enter', async () => {
  const home = newHome(0o700);
  const { url } = await startLocalPostgres(home);
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(statSync(join(home, 'postgres-password')).mode & 0o077).toBe(0);
  expect(statSync(join(home, 'run', 'postgres.json')).mode & 0o077).toBe(0);
});

test('its log says what failed, and not whose number it was', async () => {
  const home = newHome();
  const { url } = await startLocalPostgres(home);
  await query(url, 'CREATE TABLE people (phone text PRIMARY KEY, name text NOT NULL)');
  const add = (name: string) => query(url, `INSERT INTO people VALUES ('+1' || '21255501' || '77', ${name})`);
  await add("'A' || 'da'");
  // The client is told all the same: the store asks which constraint it was.
  await expect(add("'A' || 'da'")).rejects.toMatchObject({ constraint: 'people_pkey', detail: expect.stringContaining('+12125550177') });
  await expect(add('NULL')).rejects.toMatchObject({ detail: expect.stringContaining('+12125550177') });
  const log = readFileSync(join(note(home).folder, 'server.log'), 'utf8');
  expect(log).toContain('people_pkey');
  expect(log).not.toContain('2125550177');
});

test('keeps data that was committed before a SIGKILL of the server and its note', async () => {
  const home = newHome();
  const first = await startLocalPostgres(home);
  await query(first.url, 'CREATE TABLE kept (n int)');
  await query(first.url, 'INSERT INTO kept VALUES (7)');
  const { pid } = note(home);
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  rmSync(join(home, 'run', 'postgres.json'));
  const second = await startLocalPostgres(home);
  expect(second.started).toBe(true);
  expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
});

test('a running server whose note was never written is found and not started twice', async () => {
  const home = newHome();
  const first = await startLocalPostgres(home);
  rmSync(join(home, 'run', 'postgres.json'));
  expect(await startLocalPostgres(home)).toEqual({ url: first.url, started: false });
});

test('a pid file whose pid belongs to another program by now does not stop the start', async () => {
  const home = newHome();
  await startLocalPostgres(home);
  const { pid, folder } = note(home);
  const pidFile = join(folder, 'data', 'postmaster.pid');
  const content = readFileSync(pidFile, 'utf8');
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  writeFileSync(pidFile, content.replace(String(pid), String(process.pid)));
  expect((await startLocalPostgres(home)).started).toBe(true);
});

test('an initdb that was killed half-way is begun again', async () => {
  const home = newHome();
  mkdirSync(join(home, 'postgres', 'data.new', 'base'), { recursive: true });
  const { url } = await startLocalPostgres(home);
  expect(await query(url, 'SHOW fsync')).toEqual([{ fsync: 'on' }]);
  expect(readdirSync(note(home).folder)).not.toContain('data.new');
});

test('each test file gets an empty database of its own', async () => {
  const [one, two] = [await createTestDatabase(), await createTestDatabase()];
  await query(one.url, 'CREATE TABLE only_here (n int)');
  expect(await query(two.url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
  await one.drop();
  await two.drop();
  await expect(query(one.url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
});
