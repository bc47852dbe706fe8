/** CPU time and memory of other processes, from /proc: what they really took, not what they think. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A tick of the kernel's counters, in milliseconds. */
const TICK_MS = 1_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

interface Stat {
  parent: number;
  cpuMs: number;
}

/** User and system time with that of children that have ended. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = (fields[11] ?? 0) + (fields[12] ?? 0) + (fields[13] ?? 0) + (fields[14] ?? 0);
    return { parent: fields[1] ?? 0, cpuMs: ticks * TICK_MS };
  } catch {
    return undefined;
  }
}

/** Milliseconds of CPU that a process and its children (Postgres has one for each connection) have taken since their start; of this one, only its own. */
export function cpuMs(pid: number): number {
  if (pid === process.pid) {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }
  let sum = statOf(pid)?.cpuMs ?? 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (stat?.parent === pid) sum += stat.cpuMs;
  }
  return sum;
}

/** Resident kilobytes. */
export function residentKb(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** What several processes take from its creation on. */
export class ProcessMeter {
  readonly #before: Record<string, number>;

  constructor(private readonly pids: Readonly<Record<string, number>>) {
    this.#before = this.#now();
  }

  /** Milliseconds of CPU by name. */
  read(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.#now()).map(([name, now]) => [name, now - (this.#before[name] ?? 0)]));
  }

  #now(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.pids).map(([name, pid]) => [name, cpuMs(pid)]));
  }
}
