/** The life of one process of the product: pid files, health, signals, and an end with a deadline. */
import { systemClock } from '../contracts/clock';
import { type HealthServer, startHealthServer } from './health-server';
import type { Logger } from './log';
import { claimRole, removeProcessState, writeProcessState } from './process-files';
import { currentProcess } from './process-identity';
import type { Running } from './running';

/** Set by a supervisor in the environment of what it starts. Not configuration. */
export const FINGERPRINT_VARIABLE = 'PATTER_SUPERVISOR_FINGERPRINT';

/** What a child tells its supervisor over the IPC channel. */
export interface ReadyMessage {
  type: 'patter-ready';
  urls: Readonly<Record<string, string>>;
}

export interface RunProcessOptions {
  home: string;
  /** Name of the pid file. */
  role: string;
  log: Logger;
  /** How long draining may take before the process ends regardless. */
  stopDeadlineMs?: number;
  /** For parts without an HTTP server of their own. */
  health?: { host: string; port: number };
}

const STOP_DEADLINE_MS = 30_000;

/**
 * Starts the part, runs until SIGTERM, SIGINT or its own end, and resolves with the exit code: 0 after a stop that was asked for, 1 after a crash or a
 * drain past its deadline. A second signal ends the wait for draining.
 * @throws what `start` threw
 */
export async function runProcess(options: RunProcessOptions, start: () => Promise<Running>): Promise<number> {
  const { home, log } = options;
  const asked = waitForSignals();
  const role = claimRole(home, options.role);
  const crash = waitForCrash();
  let running: Running | undefined;
  let health: HealthServer | undefined;
  try {
    running = await Promise.race([start(), crash, asked.second]);
    if (!running) return 1;
    const part = running;
    if (options.health) health = await startHealthServer({ ...options.health, problems: () => part.problems() });
    const urls = { ...part.urls, ...(health ? { health: health.url } : {}) };
    writeProcessState(home, { ...currentProcess(), role, ready: true, urls, fingerprint: process.env[FINGERPRINT_VARIABLE] });
    const ready: ReadyMessage = { type: 'patter-ready', urls };
    // A supervisor that died has closed the channel; that must not end us.
    if (process.connected) process.send?.(ready, () => {});
    log.info({ urls }, `${role} is ready`);

    const ended = await Promise.race([asked.first.then(() => 'asked' as const), part.closed.then(() => 'closed' as const), crash]);
    if (ended === 'asked') log.info(`${role} is stopping`);
    return (await stopWithin(part, options.stopDeadlineMs ?? STOP_DEADLINE_MS, asked.second)) ? 0 : 1;
  } catch (error) {
    if (!running) throw error;
    log.fatal({ err: error }, `${role} ends: ${error instanceof Error ? error.message : String(error)}`);
    await stopWithin(running, 5_000, asked.second);
    return 1;
  } finally {
    await health?.close();
    removeProcessState(home, role);
  }
}

async function stopWithin(running: Running, deadlineMs: number, hurry: Promise<unknown>): Promise<boolean> {
  let cancel = () => {};
  const late = new Promise<false>((resolve) => {
    cancel = systemClock.after(deadlineMs, () => resolve(false));
  });
  try {
    return await Promise.race([running.stop().then(() => true), late, hurry.then(() => false)]);
  } catch {
    return false;
  } finally {
    cancel();
  }
}

/** `first` resolves on the first SIGTERM or SIGINT, `second` on the next one. */
function waitForSignals(): { first: Promise<void>; second: Promise<undefined> } {
  let onFirst = () => {};
  let onSecond = () => {};
  const first = new Promise<void>((resolve) => {
    onFirst = resolve;
  });
  const second = new Promise<undefined>((resolve) => {
    onSecond = () => resolve(undefined);
  });
  let count = 0;
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      count += 1;
      if (count === 1) onFirst();
      else onSecond();
    });
  }
  return { first, second };
}

function waitForCrash(): Promise<never> {
  const crash = new Promise<never>((_, reject) => {
    process.on('uncaughtException', reject);
    process.on('unhandledRejection', reject);
  });
  crash.catch(() => {});
  return crash;
}
