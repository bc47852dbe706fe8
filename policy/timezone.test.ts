import { IANAZone } from 'luxon';
import { isTimezone } from './calling-window';
import { NANP_ZONES } from './nanp-zones';
import { PhoneTimezones, timezoneName } from './timezone';

const zones = new PhoneTimezones(2026);

test.each([
  ['+12125550101', ['America/New_York']],
  ['+13125550104', ['America/Chicago']],
  ['+16025550119', ['America/Phoenix']],
  ['+18085550123', ['Pacific/Honolulu']],
  ['+14165550100', ['America/Toronto']],
  ['+442079460018', ['Europe/London']],
  ['+81312345678', ['Asia/Tokyo']],
])('%s lives in %j', (phone, expected) => {
  expect(zones.candidates(phone)).toEqual(expected);
});

test('an area code that a border of zones runs through has both', () => {
  expect(zones.candidates('+18505550100').sort()).toEqual(['America/Chicago', 'America/New_York']);
});

test('a number without a place may be anywhere in its country', () => {
  const tollFree = zones.candidates('+18005550199');
  const clocks = (zone: string) => [0, 6].map((month) => IANAZone.create(zone).offset(Date.UTC(2026, month, 15)));
  const found = tollFree.map(clocks);
  for (const zone of ['Pacific/Honolulu', 'America/New_York', 'America/Los_Angeles', 'America/Phoenix'])
    expect(found).toContainEqual(clocks(zone));
});

test('zones of a country that never differ are asked once', () => {
  expect(zones.candidates('+4930123456')).toHaveLength(1);
  expect(zones.candidates('+61412345678').length).toBeLessThan(9);
});

test('the fallback speaks only where the number tells nothing', () => {
  expect(zones.candidates('+88212345678', 'Europe/Berlin')).toEqual(['Europe/Berlin']);
  expect(zones.candidates('+88212345678')).toEqual([]);
  expect(zones.candidates('+12125550101', 'Europe/Berlin')).toEqual(['America/New_York']);
});

test('every area code of the table is three digits in zones that exist', () => {
  for (const [code, names] of Object.entries(NANP_ZONES)) {
    expect(code).toMatch(/^[2-9]\d\d$/);
    for (const name of names) expect(isTimezone(name)).toBe(true);
  }
});

test.each([
  ['Europe/Berlin', 'Europe/Berlin'],
  [' america/new_york ', 'America/New_York'],
  ['UTC', 'UTC'],
  ['America/Argentina/Buenos_Aires', expect.stringContaining('Buenos_Aires')],
])('%s is a zone', (text, name) => {
  expect(timezoneName(text)).toEqual(name);
});

test.each(['Mars/Olympus', 'EST', '+02:00', 'PST8PDT', '', 'Berlin', 'Europe/Berlin; DROP TABLE'])('"%s" is none', (text) => {
  expect(timezoneName(text)).toBeUndefined();
});
