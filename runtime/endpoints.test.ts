import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from './config';
import { resolveEndpoints } from './endpoints';

const home = join(tmpdir(), 'patter-no-such-home');

test('what the environment names wins, PATTER_DATABASE_URL over DATABASE_URL', async () => {
  const env = {
    PATTER_HOME: home,
    TEMPORAL_ADDRESS: 'temporal:7233',
    DATABASE_URL: 'postgres://a/b',
    PATTER_DATABASE_URL: 'postgres://c/d',
  };
  expect(await resolveEndpoints(loadConfig(env, home))).toEqual({ temporalAddress: 'temporal:7233', databaseUrl: 'postgres://c/d' });
});

test.each([
  ['temporal', { DATABASE_URL: 'postgres://a/b' }],
  ['postgres', { TEMPORAL_ADDRESS: 'temporal:7233' }],
])('without a %s it says how to get one', async (part, env) => {
  await expect(resolveEndpoints(loadConfig({ PATTER_HOME: home, ...env }, home))).rejects.toMatchObject({
    code: 'PATTER_STACK_NOT_RUNNING',
    message: expect.stringContaining('patter dev'),
    details: { part },
  });
});
