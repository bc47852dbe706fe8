/** A lock between processes of one machine: a file that names its holder. A holder that died does not hold. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { sleep, systemClock } from '../contracts/clock';
import { PatterError } from '../contracts/errors';
import { currentProcess, isAlive, type ProcessIdentity } from './process-identity';

interface Holder extends ProcessIdentity {
  /** One per acquisition: only one process may ever break a given one. */
  nonce: string;
}

export interface FileLockOptions {
  /** How long to wait for another live holder. */
  timeoutMs: number;
  /** Called once when it has to wait. */
  onWait?: (holderPid: number) => void;
}

const POLL_MS = 50;

/**
 * Runs `fn` while no other process (and no other caller in this one) holds the file.
 * @throws PatterError PATTER_PROCESS_FAILED when a live holder keeps it past `timeoutMs`
 */
export async function withFileLock<T>(file: string, options: FileLockOptions, fn: () => Promise<T>): Promise<T> {
  const own: Holder = { ...currentProcess(), nonce: randomUUID() };
  mkdirSync(dirname(file), { recursive: true });
  const giveUpAt = systemClock.monotonic() + options.timeoutMs;
  let told = false;
  while (!create(file, own)) {
    const holder = read(file);
    if (holder && !isAlive(holder)) {
      breakLock(file, holder, own);
      continue;
    }
    if (holder && !told) {
      told = true;
      options.onWait?.(holder.pid);
    }
    if (systemClock.monotonic() > giveUpAt) {
      throw new PatterError(
        'PATTER_PROCESS_FAILED',
        `Process ${holder?.pid ?? 'unknown'} has held ${file} for too long. If no such process runs, delete the file.`,
        { details: { file, pid: holder?.pid } },
      );
    }
    await sleep(systemClock, POLL_MS);
  }
  try {
    return await fn();
  } finally {
    if (read(file)?.nonce === own.nonce) rmSync(file, { force: true });
  }
}

function create(file: string, holder: Holder): boolean {
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(file: string): Holder | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    // Empty: its creator is between open and write, or died there. Treated as held; the time-out names the file.
    return text === '' ? undefined : (JSON.parse(text) as Holder);
  } catch {
    return undefined;
  }
}

/**
 * Two waiters that both saw a dead holder must not both remove the file: the second would remove the first's new lock. So the right to break one
 * acquisition is itself a file that can be created once.
 */
function breakLock(file: string, dead: Holder, own: Holder): void {
  const marker = `${file}.${dead.nonce}`;
  if (create(marker, own)) {
    if (read(file)?.nonce === dead.nonce) rmSync(file, { force: true });
    rmSync(marker, { force: true });
    return;
  }
  const breaker = read(marker);
  if (breaker && !isAlive(breaker)) rmSync(marker, { force: true });
}
