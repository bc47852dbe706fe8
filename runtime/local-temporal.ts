/**
 * The Temporal dev server of one PATTER_HOME: started detached by whoever needs it first, found by all later processes, left running when its starter dies.
 * run/temporal.json is the quick way to it; when that was never written, the server is recognised by the database file on its command line.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../contracts/campaign-workflow';
import { sleep, systemClock } from '../contracts/clock';
import { isPatterError, PatterError } from '../contracts/errors';
import { withFileLock } from './file-lock';
import { freePort } from './free-port';
import { homePaths, readJsonFile, writePrivateFile } from './home';
import type { Logger } from './log';
import { endProcess, identify, isAlive, listProcesses, type ProcessIdentity } from './process-identity';
import { temporalBinary } from './temporal-binary';
import { connectTo, ensureNamespaceAndSearchAttributes } from './temporal-connection';

export interface LocalTemporalOptions {
  log?: Logger;
  /** No web UI. @default false */
  headless?: boolean;
  namespace: string;
  /** Keeps nothing on disk: for tests. @default false */
  inMemory?: boolean;
  /** Told what takes long (the first fetch). @default lines on stderr */
  tell?: (line: string) => void;
}

export interface LocalTemporal {
  /** host:port */
  address: string;
  uiUrl?: string;
  /** False when it was running already. */
  started: boolean;
}

/** What run/temporal.json holds. */
interface Running extends ProcessIdentity {
  address: string;
  uiUrl?: string;
}

const LOCK_DEADLINE_MS = 20 * 60_000;
const READY_DEADLINE_MS = 60_000;
const STOP_GRACE_MS = 10_000;
const START_TRIES = 3;

/** Measured on 2 cores: 12.7 calls/s without these, 40 to 45 with them. */
const SERVER_FLAGS = [
  ...['journal_mode=WAL', 'synchronous=NORMAL'].flatMap((pragma) => ['--sqlite-pragma', pragma]),
  ...['history.shardIOConcurrency=8', 'matching.numTaskqueueReadPartitions=1', 'matching.numTaskqueueWritePartitions=1'].flatMap(
    (value) => ['--dynamic-config-value', value],
  ),
];

/** The home's Temporal, when its process lives. Does not ask whether it answers. */
export function findLocalTemporal(home: string): { address: string; uiUrl?: string } | undefined {
  const noted = readJsonFile<Running>(homePaths(home).temporalJson);
  if (noted && isAlive(noted)) return { address: noted.address, uiUrl: noted.uiUrl };
  const left = findByDatabase(home);
  return left && { address: left.address, uiUrl: left.uiUrl };
}

/**
 * Finds or starts it, with the namespace and the search attributes.
 * @param home absolute path of PATTER_HOME
 * @throws PatterError PATTER_TEMPORAL_UNAVAILABLE
 */
export async function startLocalTemporal(home: string, options: LocalTemporalOptions): Promise<LocalTemporal> {
  const lock = {
    timeoutMs: LOCK_DEADLINE_MS,
    onWait: (pid: number) => options.log?.info({ holder: pid }, 'another process is starting Temporal'),
  };
  return withFileLock(homePaths(home).lock('temporal'), lock, async () => {
    const running = await findAnswering(home);
    const server = running ?? (await start(home, options));
    const connection = await connectTo(server.address);
    try {
      await ensureNamespaceAndSearchAttributes(connection, options.namespace, options.log);
    } finally {
      await connection.close();
    }
    return { address: server.address, uiUrl: server.uiUrl, started: running === undefined };
  });
}

/** Stops it; stopping a stopped one is success. */
export async function stopLocalTemporal(home: string): Promise<void> {
  const paths = homePaths(home);
  if (!existsSync(paths.run)) return;
  await withFileLock(paths.lock('temporal'), { timeoutMs: LOCK_DEADLINE_MS }, async () => {
    const noted = readJsonFile<Running>(paths.temporalJson);
    const running = noted && isAlive(noted) ? noted : findByDatabase(home);
    if (running) await endProcess(running, STOP_GRACE_MS);
    rmSync(paths.temporalJson, { force: true });
  });
}

/** Tells it to stop and does not wait: for a process that is about to end. */
export function signalLocalTemporal(home: string): void {
  const noted = readJsonFile<Running>(homePaths(home).temporalJson);
  if (noted && isAlive(noted)) process.kill(noted.pid, 'SIGTERM');
}

async function findAnswering(home: string): Promise<Running | undefined> {
  const noted = readJsonFile<Running>(homePaths(home).temporalJson);
  const running = noted && isAlive(noted) ? noted : findByDatabase(home);
  if (!running) return undefined;
  if (await ready(running, READY_DEADLINE_MS)) {
    if (running !== noted) writePrivateFile(homePaths(home).temporalJson, `${JSON.stringify(running)}\n`);
    return running;
  }
  // It lives and does not answer: it must go before another may open its database.
  await endProcess(running, STOP_GRACE_MS);
  return undefined;
}

/** A starter that was killed before it wrote its note leaves a server that is recognised by its database. */
function findByDatabase(home: string): Running | undefined {
  const needle = ` --db-filename ${homePaths(home).temporalDb} `;
  const found = listProcesses().find((one) => one.commandLine.includes(' start-dev ') && `${one.commandLine} `.includes(needle));
  const identity = found && identify(found.pid);
  const port = found && / --port (\d+)/.exec(found.commandLine)?.[1];
  if (!identity || !port) return undefined;
  const uiPort = / --ui-port (\d+)/.exec(found.commandLine)?.[1];
  return { ...identity, address: `127.0.0.1:${port}`, uiUrl: uiPort && `http://127.0.0.1:${uiPort}` };
}

async function start(home: string, options: LocalTemporalOptions): Promise<Running> {
  const paths = homePaths(home);
  const binary = await temporalBinary({ tell: options.tell });
  mkdirSync(dirname(paths.temporalDb), { recursive: true });
  mkdirSync(paths.logs, { recursive: true });
  // Workers and gateways of a server that died go on asking at its old address.
  const last = readJsonFile<Running>(paths.temporalJson);
  const portOf = (address: string | undefined) => (address ? Number(address.slice(address.lastIndexOf(':') + 1)) : undefined);
  let lastWords = '';
  for (let attempt = 1; attempt <= START_TRIES; attempt += 1) {
    const port = await freePort(attempt === 1 ? portOf(last?.address) : undefined);
    const uiPort = await freePort(attempt === 1 ? portOf(last?.uiUrl) : undefined);
    const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--namespace', options.namespace, ...SERVER_FLAGS];
    args.push('--log-level', 'warn');
    if (!options.inMemory) args.push('--db-filename', paths.temporalDb);
    for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
      args.push('--search-attribute', `${name}=${type.charAt(0)}${type.slice(1).toLowerCase()}`);
    }
    if (options.headless) args.push('--headless');
    else args.push('--ui-ip', '127.0.0.1', '--ui-port', String(uiPort));
    const output = openSync(paths.log('temporal'), 'a');
    const child = spawn(binary, args, { detached: true, stdio: ['ignore', output, output], cwd: dirname(paths.temporalDb) });
    closeSync(output);
    const exited = new AbortController();
    child.once('error', () => exited.abort());
    child.once('exit', () => exited.abort());
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity) {
      const running: Running = {
        ...identity,
        address: `127.0.0.1:${port}`,
        uiUrl: options.headless ? undefined : `http://127.0.0.1:${uiPort}`,
      };
      writePrivateFile(paths.temporalJson, `${JSON.stringify(running)}\n`);
      if (await ready(running, READY_DEADLINE_MS, exited.signal)) {
        options.log?.info({ address: running.address }, 'Temporal started');
        return running;
      }
      await endProcess(identity, STOP_GRACE_MS);
    }
    rmSync(paths.temporalJson, { force: true });
    lastWords = existsSync(paths.log('temporal')) ? readFileSync(paths.log('temporal'), 'utf8').slice(-1_000) : '';
  }
  throw new PatterError('PATTER_TEMPORAL_UNAVAILABLE', `Temporal did not start. The end of ${paths.log('temporal')}:\n${lastWords.trim()}`);
}

async function ready(running: Running, deadlineMs: number, exited?: AbortSignal): Promise<boolean> {
  const giveUpAt = systemClock.monotonic() + deadlineMs;
  while (systemClock.monotonic() < giveUpAt && !exited?.aborted && isAlive(running)) {
    try {
      const connection = await connectTo(running.address, 1_000);
      try {
        // The port opens before the namespaces are there.
        await connection.withDeadline(Date.now() + 1_000, () => connection.workflowService.describeNamespace({ namespace: 'default' }));
        return true;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (!isPatterError(error) && !(error instanceof Error && 'code' in error)) throw error;
      await sleep(systemClock, 50);
    }
  }
  return false;
}
