import { randomBytes } from 'node:crypto';
import { systemClock } from '../contracts/clock';
import { type CredentialRows, CredentialVault, type SealedCredential } from './credential-vault';

const key = () => randomBytes(32).toString('base64');

/** The table, in memory. */
function table(): CredentialRows & { all: Map<string, SealedCredential> } {
  const all = new Map<string, SealedCredential>();
  const id = (tenantId: string, provider: string) => `${tenantId}/${provider}`;
  return {
    all,
    set: async (row) => void all.set(id(row.tenantId, row.provider), row),
    remove: async (tenantId, provider) => all.delete(id(tenantId, provider)),
    of: async (tenantId) => [...all.values()].filter((row) => row.tenantId === tenantId),
    any: async () => all.size > 0,
    notUnder: async (keyId, limit) => [...all.values()].filter((row) => row.encryptionKeyId !== keyId).slice(0, limit),
    replace: async (before, after) => {
      const row = all.get(id(before.tenantId, before.provider));
      if (row?.sealed !== before.sealed) return false;
      all.set(id(before.tenantId, before.provider), { ...row, ...after });
      return true;
    },
  };
}
const TWILIO = { TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 'the-secret-token' };

test('credentials come back as they were set, and stand nowhere in the table', async () => {
  const rows = table();
  const vault = new CredentialVault(rows, { PATTER_ENCRYPTION_KEY: key(), ENCRYPTION_KEY: undefined }, systemClock);
  await vault.set('acme', 'twilio', TWILIO);
  await vault.set('acme', 'deepgram', { DEEPGRAM_API_KEY: 'dg' });
  expect(await vault.of('acme')).toEqual({ ...TWILIO, DEEPGRAM_API_KEY: 'dg' });
  expect(await vault.of('other')).toEqual({});
  expect(JSON.stringify([...rows.all.values()])).not.toContain('the-secret-token');
});

test('a row that was copied to another tenant, or changed, opens nothing', async () => {
  const rows = table();
  const vault = new CredentialVault(rows, { PATTER_ENCRYPTION_KEY: undefined, ENCRYPTION_KEY: key() }, systemClock);
  await vault.set('acme', 'twilio', TWILIO);
  const [row] = [...rows.all.values()];
  await rows.set({ ...row!, tenantId: 'thief' });
  await expect(vault.of('thief')).rejects.toMatchObject({ code: 'PATTER_CONFIG_INVALID' });
  await rows.set({ ...row!, sealed: `${row!.sealed.slice(0, -4)}AAAA` });
  await expect(vault.of('acme')).rejects.toMatchObject({ code: 'PATTER_CONFIG_INVALID' });
});

test('a rotation encrypts anew with the first key; the old one may go then', async () => {
  const rows = table();
  const [old, next] = [key(), key()];
  const vault = (keys: string) => new CredentialVault(rows, { PATTER_ENCRYPTION_KEY: keys, ENCRYPTION_KEY: undefined }, systemClock);
  await vault(old).set('acme', 'twilio', TWILIO);
  await vault(old).set('beta', 'openai', { OPENAI_API_KEY: 'sk' });
  await expect(vault(next).of('acme')).rejects.toThrow('does not list');
  expect(await vault(`${next},${old}`).rotate()).toBe(2);
  expect(await vault(next).of('acme')).toEqual(TWILIO);
  expect(await vault(`${next},${old}`).rotate()).toBe(0);
});

test('without a key nothing is kept, and what lacks a field is refused without being shown', async () => {
  const rows = table();
  const none = new CredentialVault(rows, { PATTER_ENCRYPTION_KEY: undefined, ENCRYPTION_KEY: undefined }, systemClock);
  await expect(none.set('acme', 'twilio', TWILIO)).rejects.toThrow('set PATTER_ENCRYPTION_KEY');
  const vault = new CredentialVault(rows, { PATTER_ENCRYPTION_KEY: key(), ENCRYPTION_KEY: undefined }, systemClock);
  const half = vault.set('acme', 'twilio', { TWILIO_AUTH_TOKEN: 'the-secret-token' } as never);
  await expect(half).rejects.toThrow('TWILIO_ACCOUNT_SID');
  await expect(half).rejects.not.toThrow('the-secret-token');
  expect(rows.all.size).toBe(0);
});
