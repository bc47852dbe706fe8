/** The PATTER_HOME that all test files of one jest run share: servers in it start on first use and are stopped by global-teardown. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJsonFile } from '../../runtime/home';
import { removeLocalPostgres } from '../../runtime/local-postgres';
import { stopLocalTemporal } from '../../runtime/local-temporal';
import { currentProcess, isAlive, type ProcessIdentity } from '../../runtime/process-identity';

const PREFIX = 'patter-test-';
const VARIABLE = 'PATTER_TEST_HOME';

export function testHome(): string {
  const home = process.env[VARIABLE];
  if (!home) throw new Error(`${VARIABLE} is not set: run the tests with this repository's jest.config.js`);
  return home;
}

/** Called by global-setup, before any worker starts: they inherit the variable. */
export function createTestHome(): void {
  const home = join(tmpdir(), `${PREFIX}${process.pid}-${Date.now().toString(36)}`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'owner.json'), JSON.stringify(currentProcess()));
  process.env[VARIABLE] = home;
}

export async function removeTestHome(home: string): Promise<void> {
  await stopLocalTemporal(home);
  await removeLocalPostgres(home);
  rmSync(home, { recursive: true, force: true });
}

/** A run that was killed could not clean up after itself: the next one does. */
export async function removeAbandonedTestHomes(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const home = join(tmpdir(), name);
    const owner = readJsonFile<ProcessIdentity>(join(home, 'owner.json'));
    if (owner && !isAlive(owner)) await removeTestHome(home);
  }
}
