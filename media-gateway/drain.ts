/** The last part of a gateway's life: its calls end, or go on at another gateway. */
import type { Clock } from '../contracts/clock';
import type { CallHost } from './call-host';
import type { CallRegistry } from './call-registry';

export interface Drain {
  calls: CallRegistry;
  clock: Clock;
  /** `move`: calls go to another gateway, each in a pause of its talk. `wait`: they end by themselves, and only those that are left are moved. */
  mode: 'move' | 'wait';
  /** When the patience is over. */
  limitMs: number;
  /** Phones that ring and will be answered into this gateway. */
  ringing(): number;
  /** Somebody to go on with the calls: without, they stay until the limit. */
  hasNeighbour(): boolean;
}

/** Calls that were given time to end get so long to be moved in a pause. All of these together are part of `runtime/drain-limits.ts`. */
const MOVE_THE_REST_MS = 10_000;
/** Hosts report and close, and what cannot be moved (a voicemail, last words) is given up. */
const HAND_OVER_MS = 3_000;
/** The carrier asks here what comes next when a stream was closed, unless it knew another address. */
const LINGER_MS = 1_500;
const LOOK_EVERY_MS = 250;

/** Resolves when no call is left, or none that could be kept. */
export async function drainCalls(drain: Drain): Promise<void> {
  const { calls, clock, limitMs, mode } = drain;
  if (mode === 'wait') await patiently(drain, limitMs, () => {});
  const moved = !isOver(drain);
  await moveCalls(drain, mode === 'wait' ? MOVE_THE_REST_MS : limitMs);
  if (!moved) return;
  for (const host of calls.all()) host.drain(0);
  await calls.idleWithin(HAND_OVER_MS, clock);
  await after(LINGER_MS, clock);
}

/** Each host is told once; one that came while nobody else was there, when somebody is. */
async function moveCalls(drain: Drain, ms: number): Promise<void> {
  const told = new Set<CallHost>();
  await patiently(drain, ms, (leftMs) => {
    if (!drain.hasNeighbour()) return;
    for (const host of drain.calls.all()) {
      if (told.has(host)) continue;
      told.add(host);
      host.drain(leftMs);
    }
  });
}

async function patiently(drain: Drain, ms: number, look: (leftMs: number) => void): Promise<void> {
  const { calls, clock } = drain;
  const until = clock.monotonic() + ms;
  for (;;) {
    const leftMs = until - clock.monotonic();
    if (leftMs <= 0 || isOver(drain)) return;
    look(leftMs);
    const waitMs = Math.min(LOOK_EVERY_MS, leftMs);
    if (calls.size > 0) await calls.idleWithin(waitMs, clock);
    else await after(waitMs, clock);
  }
}

/** A phone that rings is somebody else's when there is somebody. */
function isOver({ calls, ringing, hasNeighbour }: Drain): boolean {
  return calls.size === 0 && (ringing() === 0 || hasNeighbour());
}

function after(ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}
