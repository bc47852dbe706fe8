import { DateTime } from 'luxon';
import type { CallingWindow } from '../contracts/campaign';
import fc from '../test/support/property';
import { windowState } from './calling-window';

const ALL_DAYS = [1, 2, 3, 4, 5, 6, 7];
const window = (start: string, end: string, days = ALL_DAYS): CallingWindow => ({ start, end, days });
const at = (iso: string, zone: string) => DateTime.fromISO(iso, { zone }).toMillis();
const NEW_YORK = 'America/New_York';
/** Summer time, none, a half hour of it (Lord Howe), odd offsets, and both sides of the date line. */
const ZONES = [
  NEW_YORK,
  'Europe/Berlin',
  'Asia/Tokyo',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'America/Phoenix',
  'Pacific/Apia',
  'America/St_Johns',
];

const anyTime = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map(([h, m]) => `${pad(h)}:${pad(m)}`);
const anyWindow = fc.record<CallingWindow>({
  start: anyTime,
  end: fc.oneof(anyTime, fc.constant('24:00')),
  days: fc.uniqueArray(fc.constantFrom(...ALL_DAYS), { minLength: 1 }),
});
const anyZones = fc.uniqueArray(fc.constantFrom(...ZONES), { minLength: 1, maxLength: 3 });
/** Dense around the days on which clocks are changed in 2026. */
const anyNow = fc
  .tuple(
    fc.constantFrom('2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01', '2026-07-15', '2024-12-31'),
    fc.integer({ min: -30 * 60, max: 30 * 60 }),
    fc.nat(59_999),
  )
  .map(([day, minutes, rest]) => Date.parse(`${day}T12:00:00Z`) + minutes * 60_000 + rest);

function pad(n: number): string {
  return String(n).padStart(2, '0');
}

/** The same question asked of luxon's calendar: what the clock on the wall shows, as a text. */
function openByCalendar({ start, end, days }: CallingWindow, zone: string, now: number): boolean {
  const local = DateTime.fromMillis(now, { zone });
  const clock = local.toFormat('HH:mm');
  const yesterday = ((local.weekday + 5) % 7) + 1;
  if (start < end) return days.includes(local.weekday) && clock >= start && clock < end;
  return (clock >= start && days.includes(local.weekday)) || (clock < end && days.includes(yesterday));
}

test('it is open exactly when the clocks of all zones say so', () => {
  fc.assert(
    fc.property(anyWindow, anyZones, anyNow, (hours, zones, now) => {
      expect(windowState(hours, zones, now).open).toBe(zones.every((zone) => openByCalendar(hours, zone, now)));
    }),
    { numRuns: 500 },
  );
});

test('it changes at the named moment, to the millisecond, and not a minute before', () => {
  fc.assert(
    fc.property(anyWindow, anyZones, anyNow, fc.double({ min: 0, max: 1, noNaN: true }), (hours, zones, now, part) => {
      const state = windowState(hours, zones, now);
      const change = state.open ? state.closesAt : state.opensAt;
      fc.pre(Number.isFinite(change));
      expect(change).toBeGreaterThan(now);
      expect(windowState(hours, zones, change).open).toBe(!state.open);
      expect(windowState(hours, zones, change - 1).open).toBe(state.open);
      expect(windowState(hours, zones, Math.floor(now + (change - 1 - now) * part)).open).toBe(state.open);
    }),
    { numRuns: 400 },
  );
});

test('a zone more never opens what was closed', () => {
  fc.assert(
    fc.property(anyWindow, anyZones, fc.constantFrom(...ZONES), anyNow, (hours, zones, more, now) => {
      if (!windowState(hours, zones, now).open) expect(windowState(hours, [...zones, more], now).open).toBe(false);
    }),
  );
});

test('the start is within the window and the end is not', () => {
  const hours = window('08:00', '21:00');
  expect(windowState(hours, [NEW_YORK], at('2026-07-15T08:00:00', NEW_YORK))).toEqual({
    open: true,
    closesAt: at('2026-07-15T21:00', NEW_YORK),
  });
  expect(windowState(hours, [NEW_YORK], at('2026-07-15T21:00:00', NEW_YORK))).toMatchObject({
    open: false,
    opensAt: at('2026-07-16T08:00', NEW_YORK),
  });
});

test('on the day of 23 hours the window opens by the new clock', () => {
  const state = windowState(window('08:00', '21:00'), [NEW_YORK], at('2026-03-08T00:30:00', NEW_YORK));
  expect(state).toMatchObject({ open: false, opensAt: Date.parse('2026-03-08T12:00:00Z') });
});

test('a start that the clocks skip is reached when they jump over it', () => {
  const state = windowState(window('02:30', '05:00'), [NEW_YORK], at('2026-03-08T01:00:00', NEW_YORK));
  expect(state).toMatchObject({ open: false, opensAt: Date.parse('2026-03-08T07:00:00Z') });
});

test('an hour that comes twice counts twice', () => {
  const state = windowState(window('01:00', '02:00'), [NEW_YORK], Date.parse('2026-11-01T05:00:00Z'));
  expect(state).toEqual({ open: true, closesAt: Date.parse('2026-11-01T07:00:00Z') });
});

test('a window over midnight belongs to the day on which it starts', () => {
  const fridayNight = window('22:00', '02:00', [5]);
  expect(windowState(fridayNight, ['UTC'], Date.parse('2026-07-18T01:00:00Z')).open).toBe(true); // Saturday
  expect(windowState(fridayNight, ['UTC'], Date.parse('2026-07-17T01:00:00Z')).open).toBe(false); // Friday
});

test('00:00 to 24:00 on all days never closes', () => {
  expect(windowState(window('00:00', '24:00'), ['UTC', NEW_YORK], 0)).toEqual({ open: true, closesAt: Number.POSITIVE_INFINITY });
});

test('weekdays are those of the contact, not of the server', () => {
  const weekdays = window('08:00', '21:00', [1, 2, 3, 4, 5]);
  const now = Date.parse('2026-07-19T23:30:00Z'); // Sunday in London, Monday in Tokyo
  expect(windowState(weekdays, ['Asia/Tokyo'], now).open).toBe(true);
  expect(windowState(weekdays, ['Europe/London'], now).open).toBe(false);
});

test('a number between Honolulu and New York is called when both are awake', () => {
  const state = windowState(window('08:00', '21:00'), ['Pacific/Honolulu', NEW_YORK], at('2026-01-15T09:00', NEW_YORK));
  expect(state).toMatchObject({ open: false, opensAt: at('2026-01-15T08:00', 'Pacific/Honolulu') });
});

test.each([
  ['no zone is known', []],
  ['a zone does not exist', ['Mars/Olympus']],
  ['the zones never meet', ['Pacific/Honolulu', 'Europe/Berlin', 'Asia/Tokyo']],
])('nobody is called when %s', (_why, zones) => {
  expect(windowState(window('09:00', '12:00'), zones, Date.parse('2026-07-15T10:00:00Z'))).toMatchObject({
    open: false,
    opensAt: Number.POSITIVE_INFINITY,
  });
});
