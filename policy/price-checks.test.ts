import type { CarrierName } from '../contracts/carrier';
import { firstPriceCheck, isPriceGivenUp, nextPriceCheck } from './price-checks';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WAIT_MS = 72 * HOUR_MS;

/** When a call that ended at 0 is asked for, where nobody ever answers: the last question is the one after which it is given up. */
function questions(carrier: CarrierName, waitMs = WAIT_MS): number[] {
  const at: number[] = [];
  for (
    let now = firstPriceCheck({ carrier, endedAt: 0, waitMs }, 0);
    now !== undefined;
    now = nextPriceCheck({ carrier, endedAt: 0 }, now)
  ) {
    at.push(now);
    if (isPriceGivenUp({ carrier, endedAt: 0, waitMs }, now)) break;
  }
  return at;
}

test('Twilio is asked soon, then ever less often, and no more after three days', () => {
  const at = questions('twilio');
  expect(at.slice(0, 5).map((ms) => ms / MINUTE_MS)).toEqual([2, 4, 8, 16, 32]);
  const waits = at.slice(1).map((ms, index) => ms - (at[index] as number));
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
  expect(Math.max(...waits)).toBe(6 * HOUR_MS);
  expect(at.at(-1)).toBeGreaterThanOrEqual(WAIT_MS);
  expect(at.at(-2)).toBeLessThan(WAIT_MS);
  expect(at.length).toBeLessThan(25);
});

test('Telnyx tells by itself: it is asked later, and only while it finds a call by its number', () => {
  const at = questions('telnyx');
  expect(at[0]).toBe(15 * MINUTE_MS);
  expect(at.at(-2)).toBeLessThan(23 * HOUR_MS);
  expect(at.length).toBeLessThan(12);
  expect(questions('telnyx', HOUR_MS).at(-1)).toBe(HOUR_MS);
});

test('a call that is settled long after its end is asked for from now on, and none where nobody is to be asked', () => {
  expect(firstPriceCheck({ carrier: 'twilio', endedAt: 0, waitMs: WAIT_MS }, HOUR_MS)).toBe(HOUR_MS + 2 * MINUTE_MS);
  expect(firstPriceCheck({ carrier: 'twilio', endedAt: 0, waitMs: 0 }, HOUR_MS)).toBeUndefined();
});
