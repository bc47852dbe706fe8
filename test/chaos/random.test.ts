/**
 * Kills by a seed: one of a minute here, any other by `npm run chaos -- --seed N --seconds S`. A seed that fails is printed with what was done, and does the
 * same again.
 */
import { planOf, randomRun } from './random-run';

const seed = Number(process.env.PATTER_CHAOS_SEED ?? 2);
const seconds = Number(process.env.PATTER_CHAOS_SECONDS ?? 60);

test(
  `seed ${seed}, ${seconds} seconds: every promise is kept`,
  async () => {
    const { problems, story } = await randomRun({ seed, seconds, tell: (line) => process.stderr.write(`[chaos] ${line}\n`) });
    expect({ seed, problems, story: problems.length > 0 ? story : '' }).toEqual({ seed, problems: [], story: '' });
  },
  (seconds + 300) * 1_000,
);

test('a seed makes the same plan every time, and another seed another one', () => {
  expect(planOf(7, 60)).toEqual(planOf(7, 60));
  expect(planOf(8, 60)).not.toEqual(planOf(7, 60));
  expect(planOf(7, 60).length).toBeGreaterThan(5);
});
