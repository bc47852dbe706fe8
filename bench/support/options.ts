/** Arguments that every benchmark takes. */
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Small sizes and short runs: whether it works, not how fast. */
  quick: boolean;
  /** The result as JSON on stdout; the table goes to stderr. */
  json: boolean;
  /** In place of the benchmark's own. */
  sizes: number[] | undefined;
  /** Seconds of one measurement, in place of the benchmark's own. */
  seconds: number | undefined;
  /** Folder for CPU profiles of what is measured. */
  profile: string | undefined;
  only: string | undefined;
}

export function benchOptions(args = process.argv.slice(2)): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      sizes: { type: 'string' },
      seconds: { type: 'string' },
      profile: { type: 'string' },
      only: { type: 'string' },
    },
  });
  return {
    quick: values.quick,
    json: values.json,
    sizes: values.sizes?.split(',').map(Number),
    seconds: values.seconds === undefined ? undefined : Number(values.seconds),
    profile: values.profile,
    only: values.only,
  };
}
