/** Kills, freezes and takes away processes of a running world, and waits until all of them are back. */
import { systemClock } from '../../contracts/clock';
import { withFileLock } from '../../runtime/file-lock';
import { homePaths, readJsonFile } from '../../runtime/home';
import { findLocalPostgres } from '../../runtime/local-postgres';
import { findLocalTemporal } from '../../runtime/local-temporal';
import { listProcessStates, type ProcessState, readProcessState } from '../../runtime/process-files';
import { isAlive } from '../../runtime/process-identity';
import type { World } from '../e2e/world';
import { until } from './until';

/** What can be hit. `worker` and `gateway` are one of several: the one that serves the call where that is known. */
export const VICTIMS = ['worker', 'workers', 'gateway', 'gateways', 'control', 'temporal', 'postgres', 'everything'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface Strike {
  /** Milliseconds since the world's start. */
  atMs: number;
  what: string;
}

const BACK_WITHIN_MS = 120_000;

export class Chaos {
  /** What was done, for the story of a run that failed. */
  readonly strikes: Strike[] = [];
  private readonly startedAt = systemClock.monotonic();
  private readonly pending = new Set<Promise<void>>();

  constructor(private readonly world: World) {}

  /** SIGKILL to a process by its role; a server stays away for `downMs`. */
  async kill(role: string, downMs = 0): Promise<void> {
    if (role === 'temporal' || role === 'postgres') return this.takeAway(role, downMs);
    const state = this.stateOf(role);
    this.note(`SIGKILL ${role} (${state?.pid ?? 'not there'})`);
    if (state && isAlive(state)) signal(state.pid, 'SIGKILL');
  }

  async strike(victim: Victim, options: { phone?: string; downMs?: number } = {}): Promise<void> {
    const { downMs = 5_000 } = options;
    for (const role of await this.rolesOf(victim, options.phone)) await this.kill(role, downMs);
  }

  /** SIGSTOP, and SIGCONT after `ms`. Resolves when it is frozen. */
  async freeze(role: string, ms: number): Promise<void> {
    const pid = role === 'temporal' || role === 'postgres' ? this.serverPid(role) : this.stateOf(role)?.pid;
    this.note(`SIGSTOP ${role} (${pid ?? 'not there'}) for ${ms} ms`);
    if (pid === undefined) return;
    signal(pid, 'SIGSTOP');
    this.later(ms, () => {
      this.note(`SIGCONT ${role}`);
      signal(pid, 'SIGCONT');
    });
  }

  async rolesOf(victim: Victim, phone?: string): Promise<string[]> {
    const all = (kind: string) => this.roles().filter((role) => role.split('-')[0] === kind);
    switch (victim) {
      case 'worker':
        return all('worker').slice(0, 1);
      case 'workers':
        return all('worker');
      case 'gateway':
        return [(phone && (await this.gatewayOf(phone))) || (all('gateway')[0] as string)];
      case 'gateways':
        return all('gateway');
      case 'control':
      case 'temporal':
      case 'postgres':
        return [victim];
      case 'everything':
        return [...all('worker'), ...all('gateway'), 'control', 'temporal', 'postgres'];
    }
  }

  /** The gateway that has, or had last, the media stream of a number's newest call. */
  async gatewayOf(phone: string): Promise<string | undefined> {
    const url = (await this.world.calls(phone)).at(-1)?.streams.at(-1)?.url;
    const host = url && new URL(url).host;
    return listProcessStates(this.world.home).find((state) => state.urls.listening && new URL(state.urls.listening).host === host)?.role;
  }

  /** Waits until every process is ready and both servers answer. */
  async recovered(): Promise<void> {
    await Promise.all(this.pending);
    await until(
      async () => {
        const states = this.roles().map((role) => this.stateOf(role));
        if (!states.every((state) => state?.ready && isAlive(state))) return false;
        return findLocalTemporal(this.world.home) !== undefined && (await findLocalPostgres(this.world.home)) !== undefined;
      },
      { withinMs: BACK_WITHIN_MS, what: `all processes are back (${this.story()})` },
    );
  }

  /** One line for each strike. */
  story(): string {
    return this.strikes.map(({ atMs, what }) => `${(atMs / 1_000).toFixed(2)}s ${what}`).join('; ');
  }

  roles(): string[] {
    return Object.keys(this.world.stack.urls()).filter((role) => role !== 'lab');
  }

  stateOf(role: string): ProcessState | undefined {
    return readProcessState(this.world.home, role);
  }

  /** Kills a server and holds the lock under which it would be started again. */
  private async takeAway(server: 'temporal' | 'postgres', downMs: number): Promise<void> {
    const pid = this.serverPid(server);
    let held = () => {};
    const locked = new Promise<void>((resolve) => {
      held = resolve;
    });
    this.track(
      withFileLock(homePaths(this.world.home).lock(server), { timeoutMs: BACK_WITHIN_MS }, async () => {
        held();
        await new Promise<void>((resolve) => systemClock.after(downMs, resolve));
      }),
    );
    await locked;
    this.note(`SIGKILL ${server} (${pid ?? 'not there'}), down for ${downMs} ms`);
    if (pid !== undefined) signal(pid, 'SIGKILL');
  }

  private serverPid(server: 'temporal' | 'postgres'): number | undefined {
    const paths = homePaths(this.world.home);
    const noted = readJsonFile<{ pid: number }>(server === 'temporal' ? paths.temporalJson : paths.postgresJson);
    return noted?.pid;
  }

  private later(ms: number, fn: () => void): void {
    this.track(
      new Promise<void>((resolve) =>
        systemClock.after(ms, () => {
          fn();
          resolve();
        }),
      ),
    );
  }

  private track(promise: Promise<void>): void {
    this.pending.add(promise);
    void promise.finally(() => this.pending.delete(promise));
  }

  private note(what: string): void {
    this.strikes.push({ atMs: Math.round(systemClock.monotonic() - this.startedAt), what });
  }
}

function signal(pid: number, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
