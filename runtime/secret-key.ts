import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Config } from './config';
import { homePaths } from './home';

/**
 * The key that signs call tokens and commands: PATTER_SECRET_KEY, else one made once and kept in PATTER_HOME (mode 0600), the same for all
 * processes of that home. Processes on several machines must be given the same PATTER_SECRET_KEY.
 */
export async function secretKey(config: Pick<Config, 'PATTER_SECRET_KEY' | 'PATTER_HOME'>): Promise<string> {
  if (config.PATTER_SECRET_KEY) return config.PATTER_SECRET_KEY;
  const file = homePaths(config.PATTER_HOME).secretKey;
  if (!existsSync(file)) makeOnce(file, config.PATTER_HOME);
  return readFileSync(file, 'utf8').trim();
}

/** Linked into place: of two processes that make one at the same time, the first wins and both read its key, whole. */
function makeOnce(file: string, home: string): void {
  mkdirSync(home, { recursive: true });
  const own = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(own, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  try {
    linkSync(own, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
}
