import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretKey } from './secret-key';

test('is made once per home, readable by its owner only, and the configured one wins', async () => {
  const home = mkdtempSync(join(tmpdir(), 'patter-key-'));
  try {
    const all = await Promise.all(Array.from({ length: 5 }, () => secretKey({ PATTER_HOME: home })));
    expect(new Set(all).size).toBe(1);
    expect(all[0]!.length).toBeGreaterThanOrEqual(32);
    expect(statSync(join(home, 'secret-key')).mode & 0o077).toBe(0);
    expect(await secretKey({ PATTER_HOME: home, PATTER_SECRET_KEY: 'configured-secret' })).toBe('configured-secret');
  } finally {
    rmSync(home, { recursive: true });
  }
});
