/**
 * The Postgres of one PATTER_HOME: started detached by whoever needs it first, found by all later processes, left running when its starter dies.
 * What stands on disk (the data folder's own postmaster.pid, the password file) decides; run/postgres.json is only the quick way to it.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { sleep, systemClock } from '../contracts/clock';
import { PatterError } from '../contracts/errors';
import { withFileLock } from './file-lock';
import { freePort } from './free-port';
import { homePaths, readJsonFile, writePrivateFile } from './home';
import type { Logger } from './log';
import { canEnter, type PostgresUser, postgresBinaries, postgresUser } from './postgres-binaries';
import { identify } from './process-identity';
import { runProgram } from './run-program';

export interface LocalPostgres {
  /** With the password in it: do not log. */
  url: string;
  /** False when it was running already. */
  started: boolean;
}

export interface LocalPostgresOptions {
  /**
   * False trades safety against a power failure for speed: for tests only.
   * @default true
   */
  durable?: boolean;
}

/** What run/postgres.json holds. Mode 0600: the URL has the password. */
interface Running {
  url: string;
  pid: number;
  folder: string;
}

const USER = 'patter';
const DATABASE = 'patter';
const START_DEADLINE_MS = 60_000;
const LOCK_DEADLINE_MS = 120_000;
const STOP_DEADLINE_S = 20;
const CONNECT_DEADLINE_MS = 5_000;
const START_TRIES = 5;

/**
 * The address of the home's running Postgres, when it answers.
 * @param home absolute path of PATTER_HOME
 */
export async function findLocalPostgres(home: string): Promise<string | undefined> {
  const running = readJsonFile<Running>(homePaths(home).postgresJson);
  if (running && (await answers(running.url))) return running.url;
  // The starter died between start and note: the server's own pid file tells its port.
  const folder = existingFolder(home);
  const port = folder && portOf(join(folder, 'data'));
  const password = folder && readPassword(home);
  if (!folder || !port || !password) return undefined;
  const url = urlOf(port, password);
  return (await answers(url)) ? url : undefined;
}

/**
 * Finds or starts it, creating the data on first use.
 * @param home absolute path of PATTER_HOME
 * @throws PatterError PATTER_POSTGRES_UNAVAILABLE with the server's own last words
 */
export async function startLocalPostgres(home: string, log?: Logger, options: LocalPostgresOptions = {}): Promise<LocalPostgres> {
  const quick = readJsonFile<Running>(homePaths(home).postgresJson);
  if (quick && (await answers(quick.url))) return { url: quick.url, started: false };
  const lock = { timeoutMs: LOCK_DEADLINE_MS, onWait: (pid: number) => log?.info({ holder: pid }, 'another process is starting Postgres') };
  return withFileLock(homePaths(home).lock('postgres'), lock, async () => {
    const found = await findLocalPostgres(home);
    if (found) {
      note(home, found);
      return { url: found, started: false };
    }
    const user = postgresUser();
    const folder = prepareFolder(home, user);
    const bin = postgresBinaries(join(folder, 'programs'), user);
    const password = readPassword(home) ?? makePassword(home);
    await initialise({ bin, folder, password, user, durable: options.durable !== false });
    // Clients of a server that died go on asking at its old address.
    const lastPort = quick && Number(new URL(quick.url).port);
    const url = await start({ bin, folder, password, user, durable: options.durable !== false }, lastPort);
    await createDatabase(url);
    note(home, url);
    log?.info({ port: Number(new URL(url).port) }, 'Postgres started');
    return { url, started: true };
  });
}

/** Whether its process lives: cheap, for watching. */
export function localPostgresIsAlive(home: string): boolean {
  const folder = existingFolder(home);
  return folder !== undefined && serverIsAlive(join(folder, 'data'));
}

/** Stops it; stopping a stopped one is success. */
export async function stopLocalPostgres(home: string): Promise<void> {
  const folder = existingFolder(home);
  if (!folder) return;
  await withFileLock(homePaths(home).lock('postgres'), { timeoutMs: LOCK_DEADLINE_MS }, async () => {
    const data = join(folder, 'data');
    if (portOf(data) && serverIsAlive(data)) {
      const user = postgresUser();
      const pgCtl = join(postgresBinaries(join(folder, 'programs'), user), 'pg_ctl');
      for (const mode of ['fast', 'immediate']) {
        const args = ['stop', '-D', data, '-m', mode, '-w', '-t', String(STOP_DEADLINE_S)];
        await runProgram(pgCtl, args, { timeoutMs: (STOP_DEADLINE_S + 10) * 1_000, cwd: folder, as: user });
        if (!serverIsAlive(data)) break;
      }
      if (serverIsAlive(data)) {
        throw new PatterError(
          'PATTER_POSTGRES_UNAVAILABLE',
          `Postgres in ${folder} does not stop. Its log is ${join(folder, 'server.log')}.`,
        );
      }
    }
    rmSync(homePaths(home).postgresJson, { force: true });
  });
}

/** Tells it to stop (its clients are cut off) and does not wait: for a process that is about to end. */
export function signalLocalPostgres(home: string): void {
  const folder = existingFolder(home);
  const data = folder && join(folder, 'data');
  if (data && serverIsAlive(data)) process.kill(Number(pidFileLines(data)[0]), 'SIGINT');
}

/** Stops it and removes its data for good, wherever that lies. */
export async function removeLocalPostgres(home: string): Promise<void> {
  await stopLocalPostgres(home);
  const folder = existingFolder(home);
  if (folder) rmSync(folder, { recursive: true, force: true });
  rmSync(homePaths(home).postgres, { recursive: true, force: true });
  rmSync(passwordFile(home), { force: true });
}

interface Cluster {
  bin: string;
  folder: string;
  password: string;
  user: PostgresUser | undefined;
  durable: boolean;
}

/**
 * `<home>/postgres`, or, where root runs it as a user who cannot enter that, a folder of its own below /var/tmp whose name is kept in
 * `<home>/postgres/elsewhere`. The name is random: a guessable one in a shared folder could be made by somebody else first.
 */
function prepareFolder(home: string, user: PostgresUser | undefined): string {
  const known = existingFolder(home);
  if (known) return known;
  const own = homePaths(home).postgres;
  mkdirSync(own, { recursive: true });
  if (canEnter(own, user)) {
    if (user) {
      chmodSync(own, 0o755);
      chownSync(own, user.uid, user.gid);
    }
    return own;
  }
  const elsewhere = mkdtempSync('/var/tmp/patter-postgres-');
  chownSync(elsewhere, user!.uid, user!.gid);
  writePrivateFile(join(own, 'elsewhere'), elsewhere);
  return elsewhere;
}

function existingFolder(home: string): string | undefined {
  const own = homePaths(home).postgres;
  if (!existsSync(own)) return undefined;
  const pointer = join(own, 'elsewhere');
  if (existsSync(pointer)) {
    const elsewhere = readFileSync(pointer, 'utf8').trim();
    // Somebody cleaned /var/tmp: the data is gone, and a new cluster is made.
    return existsSync(elsewhere) ? elsewhere : undefined;
  }
  return existsSync(join(own, 'data')) ? own : undefined;
}

function passwordFile(home: string): string {
  // Not in `postgres/`: under root that folder may belong to the database's user.
  return join(home, 'postgres-password');
}

function readPassword(home: string): string | undefined {
  return existsSync(passwordFile(home)) ? readFileSync(passwordFile(home), 'utf8').trim() : undefined;
}

function makePassword(home: string): string {
  const password = randomBytes(24).toString('base64url');
  writePrivateFile(passwordFile(home), password);
  return password;
}

/** initdb into a neighbour that gets its name when it is complete, so that a kill in the middle leaves nothing half-made. */
async function initialise(cluster: Cluster): Promise<void> {
  const { bin, folder, user } = cluster;
  if (existsSync(join(folder, 'data', 'PG_VERSION'))) return;
  const fresh = join(folder, 'data.new');
  const passwordCopy = join(folder, 'password.new');
  for (const left of [fresh, passwordCopy, join(folder, 'data')]) rmSync(left, { recursive: true, force: true });
  writeFileSync(passwordCopy, cluster.password, { mode: 0o600 });
  if (user) chownSync(passwordCopy, user.uid, user.gid);
  const args = [
    '-D',
    fresh,
    '-U',
    USER,
    '--auth=scram-sha-256',
    `--pwfile=${passwordCopy}`,
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ];
  if (!cluster.durable) args.push('--no-sync');
  const result = await runProgram(join(bin, 'initdb'), args, { timeoutMs: START_DEADLINE_MS, cwd: folder, as: user });
  rmSync(passwordCopy, { force: true });
  if (result.code !== 0) throw unavailable(`initdb failed: ${(result.stderr || result.stdout).trim().slice(-2_000)}`);
  renameSync(fresh, join(folder, 'data'));
}

async function start(cluster: Cluster, lastPort: number | undefined): Promise<string> {
  const { bin, folder, user } = cluster;
  const data = join(folder, 'data');
  const log = join(folder, 'server.log');
  let lastWords = '';
  for (let attempt = 1; attempt <= START_TRIES; attempt += 1) {
    removeStalePidFile(data);
    const port = await freePort(attempt === 1 ? lastPort : undefined);
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', "unix_socket_directories=''", 'max_connections=200'];
    // The detail of a violated constraint is the row itself: people's numbers. Who asked is told it all the same.
    settings.push('log_error_verbosity=terse');
    if (!cluster.durable) settings.push('fsync=off', 'full_page_writes=off', 'synchronous_commit=off');
    const args = ['start', '-D', data, '-l', log, '-w', '-t', '60', '-o', settings.map((setting) => `-c ${setting}`).join(' ')];
    const result = await runProgram(join(bin, 'pg_ctl'), args, { timeoutMs: START_DEADLINE_MS + 5_000, cwd: folder, as: user });
    const url = urlOf(port, cluster.password);
    if (result.code === 0 && (await answers(url))) return url;
    lastWords = existsSync(log) ? readFileSync(log, 'utf8').slice(-1_000) : result.stderr;
    // Another process took the port, or the children of a killed server still hold its shared memory for a moment.
    await sleep(systemClock, 300 * attempt);
  }
  throw unavailable(`it did not start. The end of ${log}:\n${lastWords.trim()}`);
}

/** Postgres itself trusts a pid file whose pid lives, even when that pid belongs to another program by now. */
function removeStalePidFile(data: string): void {
  const file = join(data, 'postmaster.pid');
  if (existsSync(file) && !serverIsAlive(data)) rmSync(file, { force: true });
}

function pidFileLines(data: string): string[] {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

function portOf(data: string): number | undefined {
  return Number(pidFileLines(data)[3]) || undefined;
}

function serverIsAlive(data: string): boolean {
  const pid = Number(pidFileLines(data)[0]);
  if (!identify(pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(data);
  } catch {
    return false;
  }
}

function urlOf(port: number, password: string): string {
  return `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

/** Also the proof that it is this home's server and not another that got the port: the password is ours. */
async function answers(url: string): Promise<boolean> {
  const deadline = systemClock.monotonic() + CONNECT_DEADLINE_MS;
  while (systemClock.monotonic() < deadline) {
    const client = new Client({
      connectionString: maintenanceUrl(url),
      connectionTimeoutMillis: CONNECT_DEADLINE_MS,
      query_timeout: CONNECT_DEADLINE_MS,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('SELECT 1');
      return true;
    } catch (error) {
      // 57P03: it is starting up, perhaps recovering after a kill.
      if ((error as { code?: string }).code !== '57P03') return false;
    } finally {
      await client.end().catch(() => {});
    }
    await sleep(systemClock, 100);
  }
  return false;
}

async function createDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: maintenanceUrl(url), connectionTimeoutMillis: CONNECT_DEADLINE_MS });
  await client.connect();
  try {
    const existing = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (existing.rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

function maintenanceUrl(url: string): string {
  const other = new URL(url);
  other.pathname = '/postgres';
  return other.toString();
}

function note(home: string, url: string): void {
  const folder = existingFolder(home) ?? homePaths(home).postgres;
  const running: Running = { url, pid: Number(pidFileLines(join(folder, 'data'))[0]), folder };
  writePrivateFile(homePaths(home).postgresJson, `${JSON.stringify(running)}\n`);
}

function unavailable(reason: string): PatterError {
  return new PatterError('PATTER_POSTGRES_UNAVAILABLE', `The local Postgres: ${reason}\nSet DATABASE_URL to use another one.`);
}
