import fc from '../test/support/property';
import { dialStarts, type Pace, spendPace } from './pacing';

const free = { maxConcurrent: 1_000, active: 0, gatewayRoom: 1_000 };
/** Polls at the given gaps, starts all that may start, and returns the moments of the starts. */
function simulate(cps: number, gaps: readonly number[]): number[] {
  let now = 1_000_000;
  let pace: Pace = { nextAt: now };
  const starts: number[] = [];
  for (const gap of gaps) {
    const { starts: n } = dialStarts({ ...free, cps, pace, now });
    pace = spendPace(pace, cps, n, now);
    for (let i = 0; i < n; i++) starts.push(now);
    now += gap;
  }
  return starts;
}
const anyCps = fc.double({ min: 0.1, max: 50, noNaN: true });
const anyGaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 20_000 })), { maxLength: 200 });

test('never more than ceil(cps) start at one moment, after however long a pause', () => {
  fc.assert(
    fc.property(anyCps, anyGaps, (cps, gaps) => {
      const counts = new Map<number, number>();
      for (const at of simulate(cps, gaps)) counts.set(at, (counts.get(at) ?? 0) + 1);
      for (const n of counts.values()) expect(n).toBeLessThanOrEqual(Math.ceil(cps));
    }),
  );
});

test('over any stretch of time the rate holds, but for one burst', () => {
  fc.assert(
    fc.property(anyCps, anyGaps, (cps, gaps) => {
      const starts = simulate(cps, gaps);
      for (const [first, from] of starts.entries()) {
        for (let last = first; last < starts.length; last++) {
          const seconds = ((starts[last] as number) - from) / 1_000;
          expect(last - first + 1).toBeLessThanOrEqual(Math.ceil(cps) + seconds * cps + 1e-6);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('asked at the moments that it names, it reaches the rate and does not bunch', () => {
  const cps = 4;
  let now = 0;
  let pace: Pace = { nextAt: 0 };
  const starts: number[] = [];
  while (starts.length < 20) {
    const result = dialStarts({ ...free, cps, pace, now });
    expect(result.starts).toBeLessThanOrEqual(1);
    if (result.starts > 0) starts.push(now);
    pace = spendPace(pace, cps, result.starts, now);
    now = result.askAt as number;
  }
  expect(starts).toEqual(Array.from({ length: 20 }, (_, index) => index * 250));
});

test('no more start than there are free slots and free places on gateways', () => {
  fc.assert(
    fc.property(anyCps, fc.nat(20), fc.nat(20), fc.nat(20), (cps, maxConcurrent, active, gatewayRoom) => {
      const { starts } = dialStarts({ cps, pace: { nextAt: 0 }, maxConcurrent, active, gatewayRoom, now: 1e6 });
      expect(starts).toBeLessThanOrEqual(Math.max(0, Math.min(maxConcurrent - active, gatewayRoom)));
    }),
  );
});

test('a full house names no moment: it waits for a call to end', () => {
  expect(dialStarts({ ...free, active: 1_000, cps: 5, pace: { nextAt: 0 }, now: 10 })).toEqual({ starts: 0 });
});

test('a start that did not happen costs no pace', () => {
  expect(spendPace({ nextAt: 5 }, 1, 0, 10)).toEqual({ nextAt: 5 });
});
