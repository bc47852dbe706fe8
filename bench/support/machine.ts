/** Where a benchmark ran: a figure without it says nothing. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';

export interface Machine {
  cores: number;
  model: string;
  memoryGib: number;
  node: string;
  commit: string;
  at: string;
  /** One-minute load before the run. */
  loadBefore: number;
}

export function machine(): Machine {
  return {
    cores: cpus().length,
    model: cpus()[0]?.model ?? '',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: commit(),
    at: new Date().toISOString(),
    loadBefore: Number(loadavg()[0]?.toFixed(2)),
  };
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      cwd: __dirname,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}
