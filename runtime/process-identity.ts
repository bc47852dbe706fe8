/** Whether a process is the one that wrote a file: pid numbers are reused, so the moment it started belongs to its name. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { sleep, systemClock } from '../contracts/clock';

export interface ProcessIdentity {
  pid: number;
  /** Opaque; equal only for the same process. Empty where the system does not tell. */
  startedAt: string;
}

export function currentProcess(): ProcessIdentity {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? '' };
}

/** @returns undefined when no such process is alive; a zombie counts as dead */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = startOf(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isAlive(identity: ProcessIdentity): boolean {
  const startedAt = startOf(identity.pid);
  return startedAt !== undefined && (identity.startedAt === '' || startedAt === '' || startedAt === identity.startedAt);
}

function startOf(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // The second field is the program's name in brackets and may hold anything, so count from the last bracket: state, …, start time.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  if (process.platform === 'win32') return '';
  const ps = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 });
  return ps.status === 0 ? ps.stdout.trim() : undefined;
}

/** Every process this user can see, with its command line in one string. For finding what a killed starter left behind. */
export function listProcesses(): { pid: number; commandLine: string }[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => ({ pid: Number(name), commandLine: commandLineOf(Number(name)) }))
      .filter((one) => one.commandLine !== '' && startOf(one.pid) !== undefined);
  }
  if (process.platform === 'win32') return [];
  const ps = spawnSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8', timeout: 5_000, maxBuffer: 16 * 1024 * 1024 });
  return (ps.stdout ?? '').split('\n').flatMap((line) => {
    const found = /^\s*(\d+)\s+(.*)$/.exec(line);
    return found ? [{ pid: Number(found[1]), commandLine: found[2]! }] : [];
  });
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  } catch {
    return '';
  }
}

/**
 * Asks a process to end, then makes it.
 * @returns false when it was gone already
 */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  if (!isAlive(identity)) return false;
  signal(identity.pid, 'SIGTERM');
  if (!(await goneWithin(identity, graceMs))) {
    signal(identity.pid, 'SIGKILL');
    await goneWithin(identity, 5_000);
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended between the look and the signal.
  }
}

async function goneWithin(identity: ProcessIdentity, ms: number): Promise<boolean> {
  const giveUpAt = systemClock.monotonic() + ms;
  while (isAlive(identity)) {
    if (systemClock.monotonic() > giveUpAt) return false;
    // A process that is not our child tells nobody when it ends.
    await sleep(systemClock, 25);
  }
  return true;
}
