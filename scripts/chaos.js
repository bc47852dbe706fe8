// Random kills against a whole stack with the lab. Usage: npm run chaos -- [--seed N] [--seconds S] [--times T]; T seeds from N on, until one fails.
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { values } = parseArgs({
  options: { seed: { type: 'string' }, seconds: { type: 'string', default: '60' }, times: { type: 'string', default: '1' } },
});
const first = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const seconds = Number(values.seconds);
const times = Number(values.times);
if (![first, seconds, times].every((n) => Number.isInteger(n) && n >= 0) || seconds === 0) {
  console.error('--seed, --seconds and --times are whole numbers');
  process.exit(2);
}
const jest = path.join(path.dirname(require.resolve('jest/package.json')), 'bin', 'jest.js');
for (let seed = first; seed < first + times; seed += 1) {
  console.log(`npm run chaos -- --seed ${seed} --seconds ${seconds}`);
  const { status } = spawnSync(process.execPath, [jest, 'test/chaos/random', '--maxWorkers=1', '--testNamePattern', 'every promise'], {
    cwd: path.join(__dirname, '..'),
    stdio: 'inherit',
    env: { ...process.env, PATTER_CHAOS_SEED: String(seed), PATTER_CHAOS_SECONDS: String(seconds) },
  });
  if (status !== 0) process.exit(status ?? 1);
}
