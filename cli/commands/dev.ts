/** `patter dev`: everything on this machine, in the foreground. */
import type { Command } from 'commander';
import { loadConfig } from '../../runtime/config';
import { homePaths } from '../../runtime/home';
import { createLogger } from '../../runtime/log';
import { EXIT_CODES, printJson } from '../output';
import { type Stack, type StackOptions, startStack } from '../stack';
import { readCount, readPort } from './role';

interface DevOptions {
  lab?: boolean;
  scenario?: string;
  seed?: number;
  baud?: number;
  cps?: number;
  gateways?: number;
  workers?: number;
  port?: number;
  headless?: boolean;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command('dev')
    .description('run Temporal, Postgres, worker, gateways and control on this machine, until Ctrl-C')
    .option('--lab', 'with the simulated phone network and AI vendor: no keys, no real phone rings')
    .option('--scenario <file or name>', "the lab's scenario")
    .option('--seed <n>', "the lab's seed", Number)
    .option('--baud <n>', "speed of the lab's voices", readCount)
    .option('--cps <n>', "calls a second that the lab's carrier dials", Number)
    .option('--gateways <n>', 'how many gateways (default: 2 with --lab, else one for each public URL)', readCount)
    .option('--workers <n>', 'how many workers (default: 1)', readCount)
    .option('--port <port>', 'port of the first gateway (PATTER_GATEWAY_PORT)', readPort)
    .option('--headless', "without Temporal's web UI")
    .option('--json', 'print the addresses as one JSON object when all is ready')
    .addHelpText(
      'after',
      `
What runs is kept in PATTER_HOME (.patter): pid files in run/, logs in logs/. A process that dies is started again. If this command itself is
killed, the rest goes on: start it again and it takes over, or stop everything with \`patter down\`.`,
    )
    .action(async (options: DevOptions) => {
      const env = { ...process.env };
      if (options.port !== undefined) env.PATTER_GATEWAY_PORT = String(options.port);
      const config = loadConfig(env);
      const interrupted = interrupt();
      let ready = false;
      void interrupted.then(() =>
        process.stderr.write(ready ? '' : 'Stopping as soon as the start is over; Ctrl-C again to leave at once.\n'),
      );
      const log = createLogger('dev', options.json ? 'warn' : config.PATTER_LOG_LEVEL === 'info' ? 'warn' : config.PATTER_LOG_LEVEL);
      const { scenario, seed, baud, cps, gateways, workers, headless } = options;
      const stackOptions: StackOptions = { config, gateways, workers, headless, log, onEvent: (event) => tell(event) };
      if (options.lab) stackOptions.lab = { scenario, seed, baud, cps };
      const stack = await startStack(stackOptions);
      ready = true;
      if (options.json) printJson(describe(stack));
      else process.stdout.write(summary(stack, homePaths(config.PATTER_HOME).logs));
      await interrupted;
      process.stderr.write('Stopping. Calls in progress may finish …\n');
      await stack.stop();
      process.exit(0);
    });
}

/** Resolves on the first signal; a second one leaves at once, and what still runs to `patter down`. */
function interrupt(): Promise<void> {
  let count = 0;
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => {
        count += 1;
        if (count > 1) process.exit(EXIT_CODES.error);
        resolve();
      });
    }
  });
}

function tell(event: Parameters<NonNullable<StackOptions['onEvent']>>[0]): void {
  switch (event.kind) {
    case 'ready':
      process.stderr.write(`  ${event.role.padEnd(11)} ${event.adopted ? 'goes on' : 'ready'} (pid ${event.pid})\n`);
      return;
    case 'died':
      process.stderr.write(`  ${event.role.padEnd(11)} died; starting again in ${event.restartInMs} ms\n`);
      return;
    case 'stopped':
      process.stderr.write(`  ${event.role.padEnd(11)} stopped\n`);
      return;
    case 'server':
      process.stderr.write(`  ${event.name.padEnd(11)} died; it was started again\n`);
      return;
  }
}

function describe(stack: Stack): Record<string, unknown> {
  return { temporalAddress: stack.temporalAddress, temporalUi: stack.uiUrl ?? null, lab: stack.labUrl ?? null, processes: stack.urls() };
}

function summary(stack: Stack, logs: string): string {
  const rows: [string, string][] = [['Temporal', stack.temporalAddress]];
  if (stack.uiUrl) rows.push(['Temporal UI', stack.uiUrl]);
  for (const [role, urls] of Object.entries(stack.urls())) rows.push([role, Object.values(urls)[0] ?? '']);
  const control = stack.urls().control?.api;
  if (control) rows.push(['dashboard', `${control}/dashboard`]);
  rows.push(['logs', logs]);
  return `\n${rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}`).join('\n')}\n\nReady. Ctrl-C stops everything.\n`;
}
