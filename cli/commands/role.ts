/** `patter worker|gateway|control`: one process of the product in the foreground. */
import { type Command, InvalidArgumentError } from 'commander';
import { type Config, loadConfig } from '../../runtime/config';
import { gatewayStopDeadlineMs } from '../../runtime/drain-limits';
import { createLogger } from '../../runtime/log';
import { runProcess } from '../../runtime/process';
import type { Running } from '../../runtime/running';
import { EXIT_CODES, printError } from '../output';

export function register(program: Command): void {
  program
    .command('worker')
    .description('run workflows and activities until SIGTERM')
    .option('--index <n>', 'which of several workers of one PATTER_HOME this is, from 1: its pid file is worker-<n>.pid', readCount)
    .option(
      '--workflows <file>',
      "a TypeScript or JavaScript file of your own workflows, which run beside the product's (docs/workflows.md)",
    )
    .action(async ({ index = 1, workflows }: { index?: number; workflows?: string }) => {
      const config = loadConfig();
      const health = { host: config.PATTER_HEALTH_HOST, port: config.PATTER_HEALTH_PORT };
      // Loaded here: each process pays only for its own part.
      const role = index === 1 ? 'worker' : `worker-${index}`;
      const start = () =>
        lazily<typeof import('../../worker/main')>('../../worker/main').runWorker(config, {
          ...(workflows !== undefined && { workflowsFile: workflows }),
          activities: (ctx) =>
            lazily<typeof import('../../control/work/activities')>('../../control/work/activities').createWorkActivities(ctx),
        });
      await run(config, role, start, { health });
    });
  program
    .command('gateway')
    .description("take the carrier's webhooks and media streams until SIGTERM, which drains")
    .option('--port <port>', 'port to listen on (PATTER_GATEWAY_PORT)', readPort)
    .option('--index <n>', 'which of the public URLs is this one, from 1 (PATTER_GATEWAY_INDEX)', readCount)
    .action(async (options: { port?: number; index?: number }) => {
      const env = { ...process.env };
      if (options.index !== undefined) env.PATTER_GATEWAY_INDEX = String(options.index);
      const index = loadConfig(env).PATTER_GATEWAY_INDEX;
      // The gateway adds its index to the configured port; --port means this very one.
      if (options.port !== undefined) env.PATTER_GATEWAY_PORT = String(options.port === 0 ? 0 : options.port - index + 1);
      const config = loadConfig(env);
      const start = () => lazily<typeof import('../../media-gateway/main')>('../../media-gateway/main').runGateway(config);
      await run(config, `gateway-${index}`, start, { stopDeadlineMs: gatewayStopDeadlineMs(config) });
    });
  program
    .command('control')
    .description('serve the control API until SIGTERM')
    .action(async () => {
      const config = loadConfig();
      await run(config, 'control', () =>
        lazily<typeof import('../../control/main')>('../../control/main').runControl(config, {
          backend: { carriersOf: lazily<typeof import('../../carriers')>('../../carriers').createCarriers },
        }),
      );
    });
}

interface Life {
  health?: { host: string; port: number };
  stopDeadlineMs?: number;
}

async function run(config: Config, role: string, start: () => Promise<Running>, life: Life = {}): Promise<void> {
  const log = createLogger(role, config.PATTER_LOG_LEVEL);
  let code: number;
  try {
    code = await runProcess({ home: config.PATTER_HOME, role, log, ...life }, start);
  } catch (error) {
    printError(error, false);
    code = EXIT_CODES.error;
  }
  // Not `exitCode`: a vendor's library that keeps a timer must not keep the process.
  process.exit(code);
}

function lazily<T>(file: string): T {
  return require(file) as T;
}

export function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('a port is 0 to 65535');
  return port;
}

export function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('a whole number from 1');
  return count;
}
