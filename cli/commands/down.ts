/** `patter down`: stops what runs in this PATTER_HOME, whoever started it. */
import { rmSync } from 'node:fs';
import type { Command } from 'commander';
import { loadConfig } from '../../runtime/config';
import { stopGraceMs } from '../../runtime/drain-limits';
import { homePaths, readJsonFile } from '../../runtime/home';
import { findLocalPostgres, stopLocalPostgres } from '../../runtime/local-postgres';
import { forgetLocalServers } from '../../runtime/local-servers';
import { findLocalTemporal, stopLocalTemporal } from '../../runtime/local-temporal';
import { listProcessStates, removeProcessState } from '../../runtime/process-files';
import { endProcess, isAlive, type ProcessIdentity } from '../../runtime/process-identity';
import { printJson } from '../output';

/** Of processes with the default limits. */
const GRACE_MS = 60_000;
/** Of what a supervisor waits for: control, gateways, worker and lab, one after the other. */
const STEPS = 4;

export function register(program: Command): void {
  program
    .command('down')
    .description('stop every process of PATTER_HOME, also those that a killed `patter dev` left behind')
    .option('--json', 'print what was stopped as JSON')
    .action(async (options: { json?: boolean }) => {
      const config = loadConfig();
      const stopped = await stopHome(config.PATTER_HOME, stopGraceMs(config));
      if (options.json) printJson({ stopped });
      else process.stdout.write(stopped.length ? `Stopped: ${stopped.join(', ')}.\n` : 'Nothing was running.\n');
    });
}

/**
 * @param graceMs from SIGTERM to SIGKILL, for each process
 * @returns the names of what was running
 */
export async function stopHome(home: string, graceMs = GRACE_MS): Promise<string[]> {
  const stopped: string[] = [];
  const alive = listProcessStates(home).filter((state) => isAlive(state));
  if (findLocalTemporal(home)) stopped.push('temporal');
  if (await findLocalPostgres(home)) stopped.push('postgres');
  stopped.push(...alive.map((state) => state.role));

  // A supervisor first, or it starts again what we stop. It stops its own things in order.
  const note = readJsonFile<{ supervisor: ProcessIdentity }>(homePaths(home).stackJson);
  if (note && note.supervisor.pid !== process.pid) await endProcess(note.supervisor, STEPS * graceMs);
  for (const kind of ['control', 'gateway', 'worker', 'lab', '']) {
    const left = listProcessStates(home).filter((state) => kind === '' || state.role.split('-')[0] === kind);
    await Promise.all(left.map((state) => endProcess(state, graceMs)));
    for (const state of left) removeProcessState(home, state.role);
  }
  await stopLocalTemporal(home);
  await stopLocalPostgres(home);
  forgetLocalServers(home);
  rmSync(homePaths(home).stackJson, { force: true });
  return stopped;
}
