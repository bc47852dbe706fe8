import { Client } from 'pg';
import { openStore } from '../../store/open';
import type { Store } from '../../store/store';
import { createTestDatabase, type TestDatabase } from '../support/postgres';

let database: TestDatabase;
let here: Store;
let there: Store;

beforeAll(async () => {
  database = await createTestDatabase();
  here = openStore(database.url);
  there = openStore(database.url);
});
afterAll(async () => {
  await Promise.all([here.close(), there.close()]);
  await database.drop();
});

test('a name is held as long as somebody holds it', async () => {
  expect(await there.presence.isHeld('build a')).toBe(false);
  const first = await here.presence.hold('build a');
  const second = await there.presence.hold('build a');
  expect([await there.presence.isHeld('build a'), await there.presence.isHeld('build b')]).toEqual([true, false]);
  await first.release();
  expect(await here.presence.isHeld('build a')).toBe(true);
  await second.release();
  await gone('build a');
});

test('it goes with the connection of a process that died, and comes back with one that lives', async () => {
  const held = await here.presence.hold('build c');
  const admin = new Client({ connectionString: database.url });
  await admin.connect();
  await admin.query("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()");
  await admin.end();
  await gone('build c');
  await until(() => there.presence.isHeld('build c'));
  await held.release();
  await gone('build c');
}, 30_000);

/** The server notices the end of a connection a moment later. */
function gone(name: string): Promise<void> {
  return until(async () => !(await there.presence.isHeld(name)));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const giveUpAt = Date.now() + 20_000; !(await holds()); ) {
    if (Date.now() > giveUpAt) throw new Error(`never: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
