import { makeTelemetryFilterString, Runtime, type Logger as TemporalLogger } from '@temporalio/worker';
import type { Logger } from '../runtime/log';

/**
 * The SDK's process-wide core: its log goes into ours, and signals are left to whoever runs the process (it would take SIGUSR2 as a shutdown too).
 * Where the embedding program has set one up already, that one stays. Before any native connection.
 */
export function installTemporalRuntime(log: Logger): void {
  try {
    Runtime.install({
      logger: loggerOf(log),
      shutdownSignals: [],
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} } },
    });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'IllegalStateError') throw error;
  }
}

/** A worker for activities alone is meant so. */
const NO_WORKFLOWS = 'No workflows registered';

function loggerOf(log: Logger): TemporalLogger {
  const write = (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: object) =>
    log[level](meta ?? {}, message);
  const [trace, debug, warn, error] = [write('trace'), write('debug'), write('warn'), write('error')];
  return {
    trace,
    debug,
    // A worker's states and connections: of interest when something is wrong.
    info: debug,
    warn: (message, meta) => (message.startsWith(NO_WORKFLOWS) ? debug : warn)(message, meta),
    error,
    log(level, message, meta) {
      switch (level) {
        case 'TRACE':
          return trace(message, meta);
        case 'DEBUG':
        case 'INFO':
          return debug(message, meta);
        case 'WARN':
          return (message.startsWith(NO_WORKFLOWS) ? debug : warn)(message, meta);
        case 'ERROR':
          return error(message, meta);
      }
    },
  };
}
