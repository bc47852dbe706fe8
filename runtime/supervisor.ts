/**
 * Starts processes, waits until they are ready, restarts what dies, stops all. The children live in process groups of their own and survive the
 * supervisor's SIGKILL; the next supervisor adopts those that were started with the same settings and replaces the others.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { type Clock, sleep, systemClock } from '../contracts/clock';
import { PatterError } from '../contracts/errors';
import { homePaths } from './home';
import type { Logger } from './log';
import { FINGERPRINT_VARIABLE, type ReadyMessage } from './process';
import { readProcessState, removeProcessState } from './process-files';
import { endProcess, identify, isAlive, type ProcessIdentity } from './process-identity';

export interface ChildSpec {
  /** Name of its pid file and log. */
  role: string;
  /** Program and arguments. */
  command: readonly [string, ...string[]];
  /** On top of this process's environment. */
  env: Readonly<Record<string, string>>;
  /** Equal for settings under which a running one may be adopted. */
  fingerprint: string;
}

export type ChildEvent =
  | { kind: 'ready'; role: string; pid: number; urls: Readonly<Record<string, string>>; adopted: boolean }
  | { kind: 'died'; role: string; restartInMs: number }
  | { kind: 'stopped'; role: string };

export interface SupervisorOptions {
  home: string;
  log: Logger;
  onEvent?: (event: ChildEvent) => void;
  clock?: Clock;
  readyDeadlineMs?: number;
  stopGraceMs?: number;
}

export interface SupervisedChild {
  readonly role: string;
  /** Of the process that runs now; undefined between death and restart. */
  readonly pid: number | undefined;
  readonly urls: Readonly<Record<string, string>>;
  /** Ends it and restarts it no more. */
  stop(): Promise<void>;
  /** Leaves it running and looks after it no more: for a starter that is about to end. */
  release(): void;
}

const READY_DEADLINE_MS = 60_000;
/** More than a process's own drain deadline, so that SIGKILL is for those who hang. */
const STOP_GRACE_MS = 40_000;
const FIRST_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 10_000;
/** Who ran so long starts again without waiting. */
const STEADY_MS = 30_000;
const ADOPTED_POLL_MS = 500;

/**
 * Resolves when the child is ready.
 * @throws PatterError PATTER_PROCESS_FAILED with the end of its log when it ends or stays silent before it is ready
 */
export async function superviseChild(spec: ChildSpec, options: SupervisorOptions): Promise<SupervisedChild> {
  const clock = options.clock ?? systemClock;
  const halt = new AbortController();
  let current: Incarnation = (await adopt(spec, options)) ?? (await launch(spec, options));
  let alive = true;
  const tellReady = () => {
    const { adopted, urls, identity } = current;
    options.onEvent?.({ kind: 'ready', role: spec.role, pid: identity.pid, urls, adopted });
  };
  tellReady();

  const keepUp = (async () => {
    let backoffMs = FIRST_BACKOFF_MS;
    while (!halt.signal.aborted) {
      const since = clock.monotonic();
      await current.ended;
      alive = false;
      if (halt.signal.aborted) return;
      if (clock.monotonic() - since > STEADY_MS) backoffMs = FIRST_BACKOFF_MS;
      options.log.warn({ role: spec.role, restartInMs: backoffMs }, `${spec.role} died; it is started again`);
      options.onEvent?.({ kind: 'died', role: spec.role, restartInMs: backoffMs });
      for (;;) {
        await sleep(clock, backoffMs, halt.signal).catch(() => {});
        backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
        if (halt.signal.aborted) return;
        try {
          current = await launch(spec, options, halt.signal);
          alive = true;
          tellReady();
          break;
        } catch (error) {
          options.log.error({ role: spec.role, err: error }, `${spec.role} does not start`);
        }
      }
    }
  })();

  let stopping: Promise<void> | undefined;
  return {
    release() {
      halt.abort();
      current.release();
    },
    role: spec.role,
    get pid() {
      return alive ? current.identity.pid : undefined;
    },
    get urls() {
      return current.urls;
    },
    stop() {
      stopping ??= (async () => {
        halt.abort();
        await endProcess(current.identity, options.stopGraceMs ?? STOP_GRACE_MS);
        await keepUp;
        // A restart may have been under way.
        await endProcess(current.identity, options.stopGraceMs ?? STOP_GRACE_MS);
        removeProcessState(options.home, spec.role);
        options.onEvent?.({ kind: 'stopped', role: spec.role });
      })();
      return stopping;
    },
  };
}

/** One life of a child. */
interface Incarnation {
  adopted: boolean;
  identity: ProcessIdentity;
  urls: Readonly<Record<string, string>>;
  ended: Promise<void>;
  /** Lets this process end before it. */
  release(): void;
}

async function adopt(spec: ChildSpec, options: SupervisorOptions): Promise<Incarnation | undefined> {
  const state = readProcessState(options.home, spec.role);
  if (!state || !isAlive(state)) return undefined;
  if (!state.ready || state.fingerprint !== spec.fingerprint) {
    options.log.info({ role: spec.role, pid: state.pid }, `${spec.role} of an earlier run has other settings and is replaced`);
    await endProcess(state, options.stopGraceMs ?? STOP_GRACE_MS);
    return undefined;
  }
  options.log.info({ role: spec.role, pid: state.pid }, `${spec.role} of an earlier run goes on`);
  const released = new AbortController();
  const ended = watch(state, options.clock ?? systemClock, released.signal);
  return { adopted: true, identity: state, urls: state.urls, ended, release: () => released.abort() };
}

/** Nobody tells when a process ends that is not our child. */
async function watch(identity: ProcessIdentity, clock: Clock, released: AbortSignal): Promise<void> {
  while (isAlive(identity) && !released.aborted) await sleep(clock, ADOPTED_POLL_MS, released).catch(() => {});
}

async function launch(spec: ChildSpec, options: SupervisorOptions, signal?: AbortSignal): Promise<Incarnation> {
  const paths = homePaths(options.home);
  mkdirSync(paths.logs, { recursive: true });
  const output = openSync(paths.log(spec.role), 'a');
  const [program, ...args] = spec.command;
  const child = spawn(program, args, {
    env: { ...process.env, ...spec.env, [FINGERPRINT_VARIABLE]: spec.fingerprint },
    stdio: ['ignore', output, output, 'ipc'],
    // Ctrl-C in the terminal is for the supervisor, which stops its children in order.
    detached: true,
  });
  closeSync(output);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (!identity) throw failed(spec, options, 'it cannot be started');
  const urls = await ready(child, ended, options, signal);
  if (!urls) {
    await endProcess(identity, options.stopGraceMs ?? STOP_GRACE_MS);
    throw failed(spec, options, 'it did not become ready');
  }
  // The channel has served; the child itself keeps this process up until it is stopped or released.
  if (child.connected) child.disconnect();
  return { adopted: false, identity, urls, ended, release: () => child.unref() };
}

function ready(
  child: ChildProcess,
  ended: Promise<void>,
  options: SupervisorOptions,
  signal: AbortSignal | undefined,
): Promise<ReadyMessage['urls'] | undefined> {
  return new Promise((resolve) => {
    const clock = options.clock ?? systemClock;
    const cancel = clock.after(options.readyDeadlineMs ?? READY_DEADLINE_MS, () => done(undefined));
    const giveUp = () => done(undefined);
    const onMessage = (message: unknown) => {
      if ((message as ReadyMessage | undefined)?.type === 'patter-ready') done((message as ReadyMessage).urls);
    };
    function done(urls: ReadyMessage['urls'] | undefined): void {
      cancel();
      signal?.removeEventListener('abort', giveUp);
      child.off('message', onMessage);
      resolve(urls);
    }
    signal?.addEventListener('abort', giveUp, { once: true });
    child.on('message', onMessage);
    ended.then(giveUp);
  });
}

function failed(spec: ChildSpec, options: SupervisorOptions, reason: string): PatterError {
  const file = homePaths(options.home).log(spec.role);
  return new PatterError('PATTER_PROCESS_FAILED', `The process ${spec.role}: ${reason}. The end of ${file}:\n${tail(file)}`, {
    details: { role: spec.role, log: file },
  });
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n').slice(-3_000);
  } catch {
    return '';
  }
}
