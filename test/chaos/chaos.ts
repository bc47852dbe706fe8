/** Kills, freezes and takes away processes of a running world, and waits until all of them are back. */
import { sleep, systemClock } from '../../contracts/clock';
import { DEFAULT_TENANT } from '../../contracts/ids';
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
  /** Who was hit; of a return nobody. */
  role?: string;
  /** Epoch milliseconds. */
  at: number;
}

const BACK_WITHIN_MS = 120_000;

export class Chaos {
  /** What was done, for the story of a run that failed. */
  readonly strikes: Strike[] = [];
  private readonly startedAt = systemClock.monotonic();
  private readonly pending = new Set<Promise<void>>();

  constructor(private readonly world: World) {}

  /** SIGKILL to a process by its role; a server stays away for `down`: so many milliseconds, or until something has happened. */
  async kill(role: string, down: number | Promise<unknown> = 0): Promise<void> {
    if (role === 'temporal' || role === 'postgres') return this.takeAway(role, down);
    const state = this.stateOf(role);
    this.note(`SIGKILL ${role} (${state?.pid ?? 'not there'})`, role);
    if (state && isAlive(state)) signal(state.pid, 'SIGKILL');
  }

  async strike(victim: Victim, options: { phone?: string; down?: number | Promise<unknown> } = {}): Promise<void> {
    const { down = 5_000 } = options;
    for (const role of await this.rolesOf(victim, options.phone)) await this.kill(role, down);
  }

  /** SIGSTOP, and SIGCONT after so many milliseconds, or when something has happened. Resolves when it is frozen. */
  async freeze(role: string, until: number | Promise<unknown>): Promise<void> {
    const pid = role === 'temporal' || role === 'postgres' ? this.serverPid(role) : this.stateOf(role)?.pid;
    this.note(`SIGSTOP ${role} (${pid ?? 'not there'}) ${spanOf(until)}`, role);
    if (pid === undefined) return;
    signal(pid, 'SIGSTOP');
    const thaw = () => {
      this.note(`SIGCONT ${role}`);
      signal(pid, 'SIGCONT');
    };
    this.track(settled(until).finally(thaw));
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

  /** The gateway that has, or had last, the media stream of a number's newest call; of one that rings, the one that is reserved for it. */
  async gatewayOf(phone: string): Promise<string | undefined> {
    const url = (await this.world.calls(phone)).at(-1)?.streams.at(-1)?.url ?? (await this.reservedFor(phone));
    return url === undefined ? undefined : this.gatewayAt(url);
  }

  /** Whose address this is; a gateway that was restarted has its old one. */
  gatewayAt(url: string): string | undefined {
    const { host } = new URL(url);
    return listProcessStates(this.world.home).find((state) => state.urls.listening && new URL(state.urls.listening).host === host)?.role;
  }

  private async reservedFor(phone: string): Promise<string | undefined> {
    const { store } = this.world.ctx;
    const newest = await store.attempts.recent({ tenantId: DEFAULT_TENANT, limit: 100 });
    const gatewayId = newest.find(({ attempt }) => attempt.toNumber === phone)?.attempt.gatewayId;
    return gatewayId ? (await store.gateways.get(gatewayId))?.internalUrl : undefined;
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
  private async takeAway(server: 'temporal' | 'postgres', down: number | Promise<unknown>): Promise<void> {
    const pid = this.serverPid(server);
    let held = () => {};
    const locked = new Promise<void>((resolve) => {
      held = resolve;
    });
    this.track(
      withFileLock(homePaths(this.world.home).lock(server), { timeoutMs: BACK_WITHIN_MS }, async () => {
        held();
        await settled(down);
      }),
    );
    await locked;
    this.note(
      `SIGKILL ${server} (${pid ?? 'not there'}), down ${typeof down === 'number' ? `for ${down} ms` : 'until it is called back'}`,
      server,
    );
    if (pid !== undefined) signal(pid, 'SIGKILL');
  }

  private serverPid(server: 'temporal' | 'postgres'): number | undefined {
    const paths = homePaths(this.world.home);
    const noted = readJsonFile<{ pid: number }>(server === 'temporal' ? paths.temporalJson : paths.postgresJson);
    return noted?.pid;
  }

  private track(promise: Promise<void>): void {
    this.pending.add(promise);
    const done = () => this.pending.delete(promise);
    // Whoever waits for all of them hears of it.
    promise.then(done, done);
  }

  private note(what: string, role?: string): void {
    this.strikes.push({ atMs: Math.round(systemClock.monotonic() - this.startedAt), what, role, at: systemClock.now() });
  }
}

const settled = async (until: number | Promise<unknown>) => void (await (typeof until === 'number' ? sleep(systemClock, until) : until));
const spanOf = (until: number | Promise<unknown>) => (typeof until === 'number' ? `for ${until} ms` : 'until it is called back');

function signal(pid: number, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Gone by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
