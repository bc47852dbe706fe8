import { IANAZone } from 'luxon';
import type { CallingWindow } from '../contracts/campaign';

export type WindowState =
  /** `closesAt` in epoch milliseconds; Infinity for a window that does not close. */
  | { open: true; closesAt: number }
  /** `opensAt` in epoch milliseconds; Infinity for a window that never opens (no known zone; zones too far apart for it). */
  | { open: false; opensAt: number; reason: string };

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A weekly pattern shows itself within a week; two more days for zones on both sides of the date line and a shift of the clock. */
const HORIZON_DAYS = 9;

/** True for a name that the time zone database knows, as in `Europe/Berlin`. */
export function isTimezone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

/**
 * Whether a number may be called now: only when the window is open in every zone in which its owner may be.
 *
 * A zone is judged by what its clocks show, so days of 23 and 25 hours need no rule of their own: a start that the clocks skip is reached when
 * they jump over it, and an hour that comes twice counts twice. A window whose end is not after its start runs over midnight and belongs to the
 * day on which it starts. Nothing is called where no zone is known.
 */
export function windowState(window: CallingWindow, timezones: readonly string[], now: number): WindowState {
  const zones = [...new Set(timezones)];
  const unknown = zones.find((zone) => !isTimezone(zone));
  if (zones.length === 0) return { open: false, opensAt: Number.POSITIVE_INFINITY, reason: 'the time zone is not known' };
  if (unknown !== undefined) return { open: false, opensAt: Number.POSITIVE_INFINITY, reason: `"${unknown}" is not a time zone` };

  const hours = toMinutes(window);
  const openIn = (zone: string, at: number) => isOpenAt(hours, wallClock(zone, at));
  const openAt = (at: number) => zones.every((zone) => openIn(zone, at));
  const open = openAt(now);
  let changesAt = Number.POSITIVE_INFINITY;
  for (let day = 0; day < HORIZON_DAYS && changesAt === Number.POSITIVE_INFINITY; day++) {
    const from = now + day * DAY;
    const candidates = zones.flatMap((zone) => boundaries(hours, zone, from, from + DAY));
    candidates.sort((a, b) => a - b);
    changesAt = candidates.find((at) => openAt(at) !== open) ?? Number.POSITIVE_INFINITY;
  }
  if (open) return { open, closesAt: changesAt };
  const closedIn = zones.filter((zone) => !openIn(zone, now));
  const span = `${window.start}-${window.end}`;
  if (changesAt === Number.POSITIVE_INFINITY) {
    return { open, opensAt: changesAt, reason: `the window ${span} is never open in all of ${zones.join(', ')} at once` };
  }
  return { open, opensAt: changesAt, reason: `outside the window ${span} in ${closedIn.join(', ')}` };
}

interface Hours {
  start: number;
  end: number;
  days: readonly number[];
}

function toMinutes(window: CallingWindow): Hours {
  const parse = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
  return { start: parse(window.start), end: parse(window.end), days: window.days };
}

/** What the clocks of a zone show, as if it were UTC. */
function wallClock(zone: string, at: number): number {
  return at + offsetAt(zone, at);
}

function offsetAt(zone: string, at: number): number {
  return IANAZone.create(zone).offset(at) * MINUTE;
}

function isOpenAt(hours: Hours, wall: number): boolean {
  const day = Math.floor(wall / DAY);
  const minute = (wall - day * DAY) / MINUTE;
  // 1970-01-01 was a Thursday, ISO weekday 4.
  const allowed = (dayNumber: number) => hours.days.includes(((((dayNumber + 3) % 7) + 7) % 7) + 1);
  if (hours.start < hours.end) return allowed(day) && minute >= hours.start && minute < hours.end;
  return (minute >= hours.start && allowed(day)) || (minute < hours.end && allowed(day - 1));
}

/** Every moment in (from, to] at which the answer for one zone can change: its midnights, starts, ends, and shifts of its clocks. */
function boundaries(hours: Hours, zone: string, from: number, to: number): number[] {
  const offsets = new Set([offsetAt(zone, from), offsetAt(zone, to)]);
  const found: number[] = [];
  for (const offset of offsets) {
    const firstDay = Math.floor((from + offset) / DAY) * DAY;
    for (const day of [firstDay, firstDay + DAY, firstDay + 2 * DAY]) {
      for (const minute of [0, hours.start, hours.end]) found.push(day + minute * MINUTE - offset);
    }
  }
  if (offsets.size > 1) found.push(clockShift(zone, from, to));
  return found.filter((at) => at > from && at <= to);
}

/** The first moment of the new offset, which is a whole minute. */
function clockShift(zone: string, from: number, to: number): number {
  const before = offsetAt(zone, from);
  let low = Math.floor(from / MINUTE);
  let high = Math.ceil(to / MINUTE);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle * MINUTE) === before) low = middle;
    else high = middle;
  }
  return high * MINUTE;
}
