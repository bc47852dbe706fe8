/** Where the pace stands: before this moment (epoch milliseconds) the next call does not start. */
export interface Pace {
  nextAt: number;
}

export interface PaceInput {
  pace: Pace;
  /** Starts per second; may be less than 1. */
  cps: number;
  maxConcurrent: number;
  /** Slots in use: calls claimed or in progress. */
  active: number;
  /** Free places on all live gateways. */
  gatewayRoom: number;
  /** Epoch milliseconds. */
  now: number;
}

export interface PaceResult {
  /** Calls that may start now. */
  starts: number;
  /** When to ask again; undefined: when a call has ended. */
  askAt?: number;
}

/**
 * How many calls may start now. A token bucket in its virtual-schedule form: starts are `1/cps` apart; a late caller may catch up, but with
 * no more than `ceil(cps)` at once, and what was not used within a second is lost: an idle hour does not become a burst.
 * A carrier queues what comes too fast, out of reach of pauses and calling windows.
 */
export function dialStarts(input: PaceInput): PaceResult {
  const interval = 1_000 / input.cps;
  const slots = Math.max(0, Math.min(input.maxConcurrent - input.active, input.gatewayRoom));
  if (slots === 0) return { starts: 0 };
  const nextAt = Math.max(input.pace.nextAt, catchUpFrom(input.cps, input.now));
  if (input.now < nextAt) return { starts: 0, askAt: nextAt };
  const paced = Math.floor((input.now - nextAt) / interval) + 1;
  const starts = Math.min(slots, paced, Math.ceil(input.cps));
  return starts === slots ? { starts } : { starts, askAt: nextAt + starts * interval };
}

/** The pace after `started` calls were started at `now`. */
export function spendPace(pace: Pace, cps: number, started: number, now: number): Pace {
  if (started === 0) return pace;
  return { nextAt: Math.max(pace.nextAt, catchUpFrom(cps, now)) + started * (1_000 / cps) };
}

/** Starts that were due before this moment are forgotten: `ceil(cps)` are left. */
function catchUpFrom(cps: number, now: number): number {
  return now - (Math.ceil(cps) - 1) * (1_000 / cps);
}
