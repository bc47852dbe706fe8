import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLocalTemporal, startLocalTemporal, stopLocalTemporal } from '../runtime/local-temporal';
import { connectTo, ensureNamespaceAndSearchAttributes, missingSearchAttributes } from '../runtime/temporal';
import { startTestTemporal } from './support/temporal';

const OPTIONS = { namespace: 'patter', headless: true };
const homes: string[] = [];

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'patter-temporal-test-'));
  homes.push(home);
  return home;
}

afterEach(async () => {
  for (const home of homes.splice(0)) {
    await stopLocalTemporal(home);
    rmSync(home, { recursive: true, force: true });
  }
});

test('starts once and is found by later callers, also by several at the same time', async () => {
  const home = newHome();
  const all = await Promise.all([startLocalTemporal(home, OPTIONS), startLocalTemporal(home, OPTIONS)]);
  expect(all.filter((one) => one.started)).toHaveLength(1);
  expect(findLocalTemporal(home)?.address).toBe(all[0]!.address);
  expect(all[1]!.address).toBe(all[0]!.address);
  await stopLocalTemporal(home);
  expect(findLocalTemporal(home)).toBeUndefined();
});

test('a server whose starter died before writing its note is found by its database', async () => {
  const home = newHome();
  const first = await startLocalTemporal(home, OPTIONS);
  rmSync(join(home, 'run', 'temporal.json'));
  expect(await startLocalTemporal(home, OPTIONS)).toEqual({ ...first, started: false });
});

test('after a SIGKILL a new server goes on with the same database', async () => {
  const home = newHome();
  const first = await startLocalTemporal(home, OPTIONS);
  const connection = await connectTo(first.address);
  await ensureNamespaceAndSearchAttributes(connection, 'kept');
  await connection.close();
  const { pid } = JSON.parse(readFileSync(join(home, 'run', 'temporal.json'), 'utf8'));
  process.kill(pid, 'SIGKILL');
  while (findLocalTemporal(home)) await new Promise((resolve) => setImmediate(resolve));
  const second = await startLocalTemporal(home, OPTIONS);
  expect(second.started).toBe(true);
  const again = await connectTo(second.address);
  await expect(again.workflowService.describeNamespace({ namespace: 'kept' })).resolves.toMatchObject({ namespaceInfo: { name: 'kept' } });
  await again.close();
});

test('a namespace that is not there gets registered with every search attribute, by many processes at once', async () => {
  const { address } = await startTestTemporal();
  const connection = await connectTo(address);
  const namespace = `made-${process.pid}`;
  const all = await Promise.all([1, 2, 3].map(() => ensureNamespaceAndSearchAttributes(connection, namespace)));
  expect(all).toEqual([{ missing: [] }, { missing: [] }, { missing: [] }]);
  expect(await missingSearchAttributes(connection, namespace)).toEqual([]);
  await connection.close();
});

test('nobody at the address: the error says which address', async () => {
  await expect(connectTo('127.0.0.1:1', 500)).rejects.toMatchObject({
    code: 'PATTER_TEMPORAL_UNAVAILABLE',
    details: { address: '127.0.0.1:1' },
  });
});
