import { isPatterError } from '../contracts/errors';
import { type OpenControlContext, openControlContext } from '../control/context';
import { type Config, loadConfig } from '../runtime/config';
import { createLogger } from '../runtime/log';
import { configOfRunningStack, type Stack, startStack } from './stack';
import type { Terminal } from './terminal';

export interface OpenedControl {
  ctx: OpenControlContext;
  /** Set when no stack was up and one was started for this command. */
  stack?: Stack;
}

/** Commands speak for themselves: of the log only what went wrong is shown. */
function commandLogger(config: Config) {
  return createLogger('cli', config.PATTER_LOG_LEVEL === 'info' ? 'warn' : config.PATTER_LOG_LEVEL);
}

/** @throws PatterError PATTER_STACK_NOT_RUNNING */
export async function openControl(config: Config = loadConfig()): Promise<OpenControlContext> {
  const effective = configOfRunningStack(config);
  return openControlContext(effective, commandLogger(effective));
}

/** As `openControl`, but starts a stack where none is up, and says so. */
export async function openOrStartControl(terminal: Terminal, config: Config = loadConfig()): Promise<OpenedControl> {
  try {
    return { ctx: await openControl(config) };
  } catch (error) {
    if (!isPatterError(error, 'PATTER_STACK_NOT_RUNNING')) throw error;
  }
  terminal.err('No stack is up: starting Temporal, Postgres, a worker, a gateway and the control API for this run …\n');
  const log = commandLogger(config);
  const stack = await startStack({ config, log, tell: (line) => terminal.err(`${line}\n`) });
  try {
    return { ctx: await openControlContext(stack.config, log), stack };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Opens, works, closes, whatever happens. */
export async function withControl<T>(work: (ctx: OpenControlContext) => Promise<T>): Promise<T> {
  const ctx = await openControl();
  try {
    return await work(ctx);
  } finally {
    await ctx.close();
  }
}
