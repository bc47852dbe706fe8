/** `patter doctor`: what is there, what works, and the remedy; with `--live`, how the carrier really behaves. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { PatterError } from '../../contracts/errors';
import { type Config, loadConfig } from '../../runtime/config';
import { type CheckResult, runChecks } from '../doctor-checks';
import { planLiveCall, runLiveCall } from '../doctor-live';
import type { FactResult } from '../doctor-live/fact';
import { EXIT_CODES, printJson } from '../output';
import { configOfRunningStack } from '../stack';

const MARKS = { ok: '\u2713', warn: '!', fail: '\u2717' } as const;
const COLOURS = { ok: 32, warn: 33, fail: 31 } as const;
const LEVELS = { 'as expected': 'ok', 'not observed': 'warn', different: 'fail' } as const satisfies Record<FactResult['verdict'], string>;

interface DoctorOptions {
  json?: boolean;
  live?: string;
  yes?: boolean;
}

export function register(program: Command): void {
  program
    .command('doctor')
    .description('say of each part whether it is there and works, with the remedy; exits 1 when one fails')
    .option('--live <number>', 'place one real call to this number instead, and compare how Twilio behaves with what Patter relies on')
    .option('--yes', 'with --live: do not ask before calling')
    .option('--json', 'print the results as JSON')
    .action((options: DoctorOptions) => (options.live === undefined ? examine(options) : callLive(loadConfig(), options.live, options)));
}

async function examine(options: DoctorOptions): Promise<void> {
  const config = configOfRunningStack(loadConfig());
  const results = await runChecks(config, (result) => {
    if (!options.json) process.stdout.write(line(result));
  });
  const failed = results.filter((result) => result.status === 'fail').length;
  if (options.json) printJson({ ok: failed === 0, checks: results });
  else process.stdout.write(failed === 0 ? '\nReady.\n' : `\n${failed} of ${results.length} checks failed.\n`);
  process.exitCode = failed === 0 ? EXIT_CODES.ok : EXIT_CODES.error;
}

/** Ctrl-C hangs up. */
async function callLive(config: Config, to: string, options: DoctorOptions): Promise<void> {
  const plan = planLiveCall(config, to);
  if (!options.yes && !(await isConfirmed(`Call ${plan.to} from ${plan.from} now? It costs what a call of a minute costs. [y/N] `))) {
    process.stderr.write('Nobody was called.\n');
    process.exitCode = EXIT_CODES.error;
    return;
  }
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort(new PatterError('PATTER_CALL_ENDED', 'Interrupted: the call was hung up.'));
  process.once('SIGINT', onInterrupt);
  try {
    const tell = (text: string) => void process.stderr.write(`${text}\n`);
    const report = await runLiveCall(config, plan, { tell, signal: interrupt.signal });
    const differences = report.facts.filter(({ verdict }) => verdict === 'different').length;
    if (options.json) printJson({ ok: differences === 0, ...report });
    else {
      for (const fact of report.facts) process.stdout.write(factLine(fact));
      process.stdout.write(`\n${summary(report.facts)}\nRecorded in ${report.recording}\n`);
    }
    process.exitCode = differences === 0 ? EXIT_CODES.ok : EXIT_CODES.error;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}

async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new PatterError('PATTER_CONFIG_INVALID', 'A live call rings a real phone: add --yes where nobody can be asked.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

function line(result: CheckResult): string {
  const remedy = result.remedy ? `    \u2192 ${result.remedy}\n` : '';
  return `${markOf(result.status)} ${result.name.padEnd(15)} ${result.message}\n${remedy}`;
}

function factLine({ expected, verdict, seen }: FactResult): string {
  return `${markOf(LEVELS[verdict])} ${verdict.padEnd(12)}  ${expected}: ${seen}\n`;
}

function summary(facts: readonly FactResult[]): string {
  return Object.keys(LEVELS)
    .map((verdict) => `${facts.filter((fact) => fact.verdict === verdict).length} ${verdict}`)
    .join(', ');
}

function markOf(level: keyof typeof MARKS): string {
  return process.stdout.isTTY === true ? `\u001b[${COLOURS[level]}m${MARKS[level]}\u001b[0m` : MARKS[level];
}
