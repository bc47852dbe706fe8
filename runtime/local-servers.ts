/**
 * Temporal and Postgres of one PATTER_HOME, shared by all processes that use it: whoever comes first starts them, who comes later adopts them, and the
 * last one to go stops those that any of them has started. Servers that were named in the configuration, or ran before, are nobody's to stop.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type Clock, sleep, systemClock } from '../contracts/clock';
import { type Config, databaseUrl } from './config';
import { withFileLock } from './file-lock';
import { homePaths, readJsonFile, writePrivateFile } from './home';
import { findLocalPostgres, localPostgresIsAlive, signalLocalPostgres, startLocalPostgres, stopLocalPostgres } from './local-postgres';
import { findLocalTemporal, signalLocalTemporal, startLocalTemporal, stopLocalTemporal } from './local-temporal';
import type { Logger } from './log';
import { listProcessStates } from './process-files';
import { currentProcess, isAlive, type ProcessIdentity } from './process-identity';

export type LocalServerName = 'temporal' | 'postgres';

export interface LocalServersOptions {
  config: Config;
  log: Logger;
  /** Without Temporal's web UI. @default false */
  headless?: boolean;
  /** Told what takes long. @default lines on stderr */
  tell?: (line: string) => void;
}

export interface LocalServers {
  /** host:port */
  readonly temporalAddress: string;
  /** With the password in it: do not log. */
  readonly databaseUrl: string;
  /** Temporal's web UI, of a local server. */
  readonly uiUrl: string | undefined;
  /** From now on one that dies is started again, at its old address. @param onRestarted awaited before the next look */
  watch(onRestarted: (name: LocalServerName) => Promise<void>): void;
  /** Goes, and stops what nobody else uses. Safe to call twice. */
  close(): Promise<void>;
  /** Goes and leaves all running; the next user takes over. */
  leave(): Promise<void>;
  /** As `close`, for a process that is about to end and cannot wait: the servers are only told to stop. */
  abandon(): void;
}

/** What run/servers.json holds: who uses the servers of this home, and which of them may be stopped when nobody does. */
interface Note {
  owned: LocalServerName[];
  users: User[];
}

interface User extends ProcessIdentity {
  /** One process may use them several times. */
  id: string;
}

const WATCH_MS = 1_000;
/** The one before may be stopping them. */
const LOCK_DEADLINE_MS = 120_000;

/** @throws PatterError PATTER_TEMPORAL_UNAVAILABLE, PATTER_POSTGRES_UNAVAILABLE; what was started has been stopped again */
export async function openLocalServers(options: LocalServersOptions): Promise<LocalServers> {
  const { config, headless, log, tell } = options;
  const home = config.PATTER_HOME;
  const user: User = { ...currentProcess(), id: randomUUID() };
  await changeNote(home, (note) => void note.users.push(user));
  const watching = new AbortController();
  let watched: Promise<void> = Promise.resolve();
  let gone: Promise<void> | undefined;
  const go = (then?: (home: string, note: Note) => Promise<void>) => {
    watching.abort();
    // One that is being started again must not come up after all have been stopped.
    gone ??= watched.then(() => changeNote(home, (note) => remove(note, user), then));
    return gone;
  };

  /** Noted before it is started: a process that is killed in between leaves a server that somebody may stop. */
  const owning = async <T extends { started: boolean }>(name: LocalServerName, runs: boolean, start: () => Promise<T>): Promise<T> => {
    let claimed = false;
    if (!runs) {
      await changeNote(home, (note) => {
        claimed = !note.owned.includes(name);
        own(note, name);
      });
    }
    const server = await start();
    if (claimed && !server.started) await changeNote(home, (note) => disown(note, name));
    return server;
  };
  const temporal = async () => {
    if (config.TEMPORAL_ADDRESS) return { address: config.TEMPORAL_ADDRESS, uiUrl: undefined };
    return owning('temporal', findLocalTemporal(home) !== undefined, () =>
      startLocalTemporal(home, { log, headless, tell, namespace: config.TEMPORAL_NAMESPACE }),
    );
  };
  const postgres = async () => {
    const named = databaseUrl(config);
    if (named) return { url: named };
    return owning('postgres', (await findLocalPostgres(home)) !== undefined, () => startLocalPostgres(home, log));
  };
  const [first, second] = await Promise.allSettled([temporal(), postgres()]);
  if (first.status === 'rejected' || second.status === 'rejected') {
    await go(stopUnused);
    throw first.status === 'rejected' ? first.reason : (second as PromiseRejectedResult).reason;
  }
  return {
    temporalAddress: first.value.address,
    uiUrl: first.value.uiUrl,
    databaseUrl: second.value.url,
    watch: (onRestarted) => {
      watched = watchServers(options, onRestarted, watching.signal);
    },
    close: () => go(stopUnused),
    leave: () => go(),
    abandon: () => {
      watching.abort();
      if (gone) return;
      gone = Promise.resolve();
      const note = readNote(home);
      remove(note, user);
      if (isUsed(home, note)) return writeNote(home, note);
      if (note.owned.includes('temporal')) signalLocalTemporal(home);
      if (note.owned.includes('postgres')) signalLocalPostgres(home);
      // What takes its time to stop is still owned by whoever comes next.
      writeNote(home, note);
    },
  };
}

/** Forgets who uses them: for `patter down`, which has stopped all. */
export function forgetLocalServers(home: string): void {
  rmSync(homePaths(home).serversJson, { force: true });
}

/** Holding the lock while it stops them: a newcomer starts them again afterwards, and adopts none that is about to go. */
async function stopUnused(home: string, note: Note): Promise<void> {
  if (isUsed(home, note)) return;
  if (note.owned.includes('temporal')) await stopLocalTemporal(home);
  if (note.owned.includes('postgres')) await stopLocalPostgres(home);
  note.owned = [];
}

/** A worker or gateway of its own needs the servers too, although its supervisor was killed. */
function isUsed(home: string, note: Note): boolean {
  // A lab needs neither of them, and is often left open beside the programs that call it.
  const others = listProcessStates(home).filter((state) => state.pid !== process.pid && !state.role.startsWith('lab'));
  return note.users.length > 0 || others.some((state) => isAlive(state));
}

async function changeNote(home: string, change: (note: Note) => void, then?: (home: string, note: Note) => Promise<void>): Promise<void> {
  await withFileLock(homePaths(home).lock('servers'), { timeoutMs: LOCK_DEADLINE_MS }, async () => {
    const note = readNote(home);
    change(note);
    await then?.(home, note);
    writeNote(home, note);
  });
}

function readNote(home: string): Note {
  const note = readJsonFile<Note>(homePaths(home).serversJson) ?? { owned: [], users: [] };
  return { owned: note.owned, users: note.users.filter((user) => isAlive(user)) };
}

function writeNote(home: string, note: Note): void {
  if (note.users.length === 0 && note.owned.length === 0) forgetLocalServers(home);
  else writePrivateFile(homePaths(home).serversJson, `${JSON.stringify(note)}\n`);
}

function remove(note: Note, user: User): void {
  note.users = note.users.filter(({ id }) => id !== user.id);
}

function own(note: Note, name: LocalServerName): void {
  if (!note.owned.includes(name)) note.owned.push(name);
}

function disown(note: Note, name: LocalServerName): void {
  note.owned = note.owned.filter((owned) => owned !== name);
}

/** The servers are not our children (others may have started them), so they are looked at. They come back at their old addresses. */
async function watchServers(
  options: LocalServersOptions,
  onRestarted: (name: LocalServerName) => Promise<void>,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<void> {
  const { config, headless, log, tell } = options;
  const home = config.PATTER_HOME;
  const again = async (name: LocalServerName, start: () => Promise<{ started: boolean }>) => {
    if (signal.aborted) return;
    log.warn(`${name} died; it is started again`);
    if ((await start()).started) await changeNote(home, (note) => own(note, name));
    await onRestarted(name);
  };
  while (!signal.aborted) {
    try {
      await sleep(clock, WATCH_MS, signal);
      if (!config.TEMPORAL_ADDRESS && !findLocalTemporal(home)) {
        await again('temporal', () => startLocalTemporal(home, { log, headless, tell, namespace: config.TEMPORAL_NAMESPACE }));
      }
      if (!databaseUrl(config) && !localPostgresIsAlive(home)) await again('postgres', () => startLocalPostgres(home, log));
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'a server could not be started again');
    }
  }
}
