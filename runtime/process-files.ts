/**
 * What a running process tells on disk, in `<home>/run`: `<role>.pid` holds its pid and nothing else, `<role>.json` the rest. Files of processes that
 * died stay until somebody takes the role again or `patter down` tidies up.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homePaths, readJsonFile, writePrivateFile } from './home';
import { currentProcess, identify, isAlive, type ProcessIdentity } from './process-identity';

export interface ProcessState extends ProcessIdentity {
  role: string;
  ready: boolean;
  /** As in `Running.urls`. */
  urls: Readonly<Record<string, string>>;
  /** Set by a supervisor: what it was started with. Equal ones may be adopted. */
  fingerprint?: string;
}

/** Roles of the servers, which keep notes of their own in the same folder. */
const NOT_ROLES = new Set(['postgres.json', 'temporal.json', 'stack.json', 'servers.json']);

/**
 * Takes the role's pid file. When another live process holds it, the next free one: `worker`, `worker-2`, … (many workers may share a home).
 * @returns the name that was taken
 */
export function claimRole(home: string, role: string): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? role : `${role}-${number}`;
    const holder = readProcessState(home, name);
    if (!holder || !isAlive(holder) || holder.pid === process.pid) {
      writeProcessState(home, { ...currentProcess(), role: name, ready: false, urls: {} });
      return name;
    }
  }
}

export function writeProcessState(home: string, state: ProcessState): void {
  writePrivateFile(stateFile(home, state.role), `${JSON.stringify(state)}\n`);
  writePrivateFile(homePaths(home).pid(state.role), `${state.pid}\n`);
}

/** Also when the process is dead: what it was. */
export function readProcessState(home: string, role: string): ProcessState | undefined {
  const pidFile = homePaths(home).pid(role);
  const state = readJsonFile<ProcessState>(stateFile(home, role));
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8').trim()) : undefined;
  if (state && (pid === undefined || state.pid === pid)) return state;
  // Only the pid is known (somebody else wrote it): then only whether it lives.
  const identity = pid ? identify(pid) : undefined;
  return identity && { ...identity, role, ready: false, urls: {} };
}

export function removeProcessState(home: string, role: string): void {
  rmSync(homePaths(home).pid(role), { force: true });
  rmSync(stateFile(home, role), { force: true });
}

/** Of all roles that ever ran in this home, dead ones included. */
export function listProcessStates(home: string): ProcessState[] {
  const { run } = homePaths(home);
  if (!existsSync(run)) return [];
  const names = readdirSync(run)
    .filter((name) => /\.(pid|json)$/.test(name) && !NOT_ROLES.has(name))
    .map((name) => name.replace(/\.(pid|json)$/, ''));
  return [...new Set(names)].sort().flatMap((name) => readProcessState(home, name) ?? []);
}

function stateFile(home: string, role: string): string {
  return homePaths(home)
    .pid(role)
    .replace(/\.pid$/, '.json');
}
