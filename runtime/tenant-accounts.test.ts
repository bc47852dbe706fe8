import { PatterError } from '../contracts/errors';
import type { TenantCredentials } from '../contracts/provider-credentials';
import { ManualClock } from '../test/support/manual-clock';
import { loadConfig } from './config';
import { createLogger } from './log';
import { TenantAccounts } from './tenant-accounts';

const OWN = { TWILIO_ACCOUNT_SID: 'ACprocess', TWILIO_AUTH_TOKEN: 'process-token', OPENAI_API_KEY: 'process-key' };
const ACME: TenantCredentials = { TWILIO_ACCOUNT_SID: 'ACacme', TWILIO_AUTH_TOKEN: 'acme-token' };

function setUp(known: Record<string, TenantCredentials>) {
  const clock = new ManualClock();
  const config = loadConfig(OWN, '/nowhere');
  const state = { known, reads: 0, away: false };
  const read = <T>(value: T): Promise<T> => {
    state.reads++;
    return state.away ? Promise.reject(new PatterError('PATTER_POSTGRES_UNAVAILABLE', 'away')) : Promise.resolve(value);
  };
  const accounts = new TenantAccounts({
    ...{ config, clock, log: createLogger('test', 'silent') },
    vault: { of: (tenantId) => read(state.known[tenantId] ?? {}), any: () => read(Object.keys(state.known).length > 0) },
    owners: {
      ofNumber: (number) => read(number === '+15005550009' ? 'acme' : undefined),
      ofCall: (callId) => read(callId === 'call_acme' ? 'acme' : undefined),
    },
  });
  return { accounts, clock, config, state };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a tenant’s calls have its own accounts, and those of the process where it has none', async () => {
  const { accounts, config } = setUp({ acme: ACME });
  expect(await accounts.configOf('acme')).toMatchObject({ ...ACME, OPENAI_API_KEY: 'process-key' });
  expect(await accounts.configOf('other')).toBe(config);
});

test('a webhook is verified with the credentials of the owner of its call or number, whoever has signed it', async () => {
  const { accounts, config } = setUp({ acme: ACME });
  expect((await accounts.configFor({ callId: 'call_acme' })).TWILIO_AUTH_TOKEN).toBe('acme-token');
  expect((await accounts.configFor({ number: '+15005550009' })).TWILIO_AUTH_TOKEN).toBe('acme-token');
  // A call of acme that names a number of somebody else stays acme's.
  expect((await accounts.configFor({ callId: 'call_acme', number: '+15005550001' })).TWILIO_AUTH_TOKEN).toBe('acme-token');
  expect(await accounts.configFor({ callId: 'call_other', number: '+15005550001' })).toBe(config);
});

test('without tenants’ accounts nothing is asked for each webhook, and nothing depends on Postgres', async () => {
  const { accounts, config, state } = setUp({});
  for (let n = 0; n < 50; n++) expect(await accounts.configFor({ callId: `call_${n}` })).toBe(config);
  expect(state.reads).toBe(1);
  const { accounts: cold, config: own, state: away } = setUp({});
  away.away = true;
  expect(await cold.configFor({ callId: 'call_1' })).toBe(own);
  expect(await cold.configOf('default')).toBe(own);
});

test('what is known is used while Postgres is away; of what was never known nobody else’s account is used', async () => {
  const { accounts, clock, state } = setUp({ acme: ACME });
  await accounts.configOf('acme');
  state.away = true;
  clock.pass(60_000);
  expect(await accounts.configOf('acme')).toMatchObject(ACME);
  await expect(accounts.configOf('beta')).rejects.toMatchObject({ code: 'PATTER_POSTGRES_UNAVAILABLE' });
  expect(await accounts.configOrNone('beta')).toMatchObject({ OPENAI_API_KEY: undefined });
});

test('new credentials are in use within seconds, at once for a webhook that they have signed; forged ones do not make us ask each time', async () => {
  const { accounts, clock, state } = setUp({ acme: ACME });
  await accounts.configFor({ number: '+15005550009' });
  state.known = { acme: { ...ACME, TWILIO_AUTH_TOKEN: 'renewed' } };
  expect((await accounts.configFor({ number: '+15005550009' })).TWILIO_AUTH_TOKEN).toBe('acme-token');
  expect((await accounts.configFor({ number: '+15005550009' }, true)).TWILIO_AUTH_TOKEN).toBe('renewed');
  const { reads } = state;
  for (let n = 0; n < 50; n++) await accounts.configFor({ number: '+15005550009' }, true);
  expect(state.reads).toBe(reads);
  state.known = { acme: { ...ACME, TWILIO_AUTH_TOKEN: 'again' } };
  clock.pass(5_000);
  await accounts.configOf('acme');
  await settle();
  expect((await accounts.configOf('acme')).TWILIO_AUTH_TOKEN).toBe('again');
});
