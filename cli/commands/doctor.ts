/** `patter doctor`: what is there, what works, and the remedy. */
import type { Command } from 'commander';
import { loadConfig } from '../../runtime/config';
import { type CheckResult, runChecks } from '../doctor-checks';
import { EXIT_CODES, printJson } from '../output';
import { configOfRunningStack } from '../stack';

const MARKS = { ok: '\u2713', warn: '!', fail: '\u2717' } as const;
const COLOURS = { ok: 32, warn: 33, fail: 31 } as const;

export function register(program: Command): void {
  program
    .command('doctor')
    .description('say of each part whether it is there and works, with the remedy; exits 1 when one fails')
    .option('--json', 'print the results as JSON')
    .action(async (options: { json?: boolean }) => {
      const config = configOfRunningStack(loadConfig());
      const results = await runChecks(config, (result) => {
        if (!options.json) process.stdout.write(line(result, process.stdout.isTTY === true));
      });
      const failed = results.filter((result) => result.status === 'fail').length;
      if (options.json) printJson({ ok: failed === 0, checks: results });
      else process.stdout.write(failed === 0 ? '\nReady.\n' : `\n${failed} of ${results.length} checks failed.\n`);
      process.exitCode = failed === 0 ? EXIT_CODES.ok : EXIT_CODES.error;
    });
}

function line(result: CheckResult, colour: boolean): string {
  const mark = colour ? `\u001b[${COLOURS[result.status]}m${MARKS[result.status]}\u001b[0m` : MARKS[result.status];
  const remedy = result.remedy ? `    \u2192 ${result.remedy}\n` : '';
  return `${mark} ${result.name.padEnd(15)} ${result.message}\n${remedy}`;
}
