/** The name under which an embedded server is known in its home: of its pid file and of its spool. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { withFileLock } from '../../runtime/file-lock';
import { homePaths } from '../../runtime/home';
import { readProcessState, writeProcessState } from '../../runtime/process-files';
import { currentProcess, isAlive } from '../../runtime/process-identity';

const LOCK_DEADLINE_MS = 10_000;
const MOST = 1_000;

/**
 * `sdk-<app>`, or where that is taken (by another process, or another `Patter` in this one) `sdk-<app>-2`, … A free one that has something left to hand
 * over goes first: nobody else would.
 */
export async function claimEmbeddedRole(home: string, app: string): Promise<string> {
  return withFileLock(homePaths(home).lock('sdk'), { timeoutMs: LOCK_DEADLINE_MS }, async () => {
    let first: string | undefined;
    for (let number = 1; number <= MOST; number += 1) {
      const name = number === 1 ? `sdk-${app}` : `sdk-${app}-${number}`;
      const spool = join(home, 'spool', name);
      const holder = readProcessState(home, name);
      if (holder && isAlive(holder)) continue;
      if (first === undefined) first = name;
      if (existsSync(spool) && readdirSync(spool).length > 0) {
        first = name;
        break;
      }
      // Beyond the last one that ever was there is nothing.
      if (!existsSync(spool)) break;
    }
    const role = first ?? `sdk-${app}-${process.pid}`;
    writeProcessState(home, { ...currentProcess(), role, ready: false, urls: {} });
    return role;
  });
}
