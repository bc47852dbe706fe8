/** How long the end of a process may take: one sum, so that nobody is killed while it hands its calls over. */
import { parseDurationMs } from '../contracts/duration';
import type { Config } from './config';

type DrainConfig = Pick<Config, 'PATTER_DRAIN_TIMEOUT'>;

/** A gateway moves what is left after its limit, then reports, lingers and closes. */
const AFTER_THE_LIMIT_MS = 20_000;
/** What a worker, or the control API, takes at most. */
const OTHERS_MS = 30_000;
/** Whoever kills waits a little longer than the process itself. */
const MARGIN_MS = 10_000;

/** How long a gateway is patient with calls in progress. */
export function drainTimeoutMs(config: DrainConfig): number {
  return parseDurationMs(config.PATTER_DRAIN_TIMEOUT) ?? 0;
}

/** After this a gateway ends in any case. */
export function gatewayStopDeadlineMs(config: DrainConfig): number {
  return drainTimeoutMs(config) + AFTER_THE_LIMIT_MS;
}

/** From SIGTERM to SIGKILL, for every process: what a supervisor, Docker (`stop_grace_period`) or Kubernetes must grant. */
export function stopGraceMs(config: DrainConfig): number {
  return Math.max(gatewayStopDeadlineMs(config), OTHERS_MS) + MARGIN_MS;
}
