/** Where Temporal and Postgres are: named by the environment, else the ones that run in PATTER_HOME. Nothing is started here. */
import { PatterError } from '../contracts/errors';
import { type Config, databaseUrl } from './config';
import { findLocalPostgres } from './local-postgres';
import { findLocalTemporal } from './local-temporal';

export interface Endpoints {
  /** host:port */
  temporalAddress: string;
  /** With the password in it: do not log. */
  databaseUrl: string;
}

/** @throws PatterError PATTER_STACK_NOT_RUNNING */
export async function resolveEndpoints(config: Config): Promise<Endpoints> {
  return { temporalAddress: await resolveTemporalAddress(config), databaseUrl: await resolveDatabaseUrl(config) };
}

/** @throws PatterError PATTER_STACK_NOT_RUNNING */
export async function resolveTemporalAddress(config: Config): Promise<string> {
  const address = config.TEMPORAL_ADDRESS ?? findLocalTemporal(config.PATTER_HOME)?.address;
  if (address) return address;
  throw notRunning('Temporal', 'TEMPORAL_ADDRESS', config.PATTER_HOME);
}

/** @throws PatterError PATTER_STACK_NOT_RUNNING */
export async function resolveDatabaseUrl(config: Config): Promise<string> {
  const url = databaseUrl(config) ?? (await findLocalPostgres(config.PATTER_HOME));
  if (url) return url;
  throw notRunning('Postgres', 'DATABASE_URL', config.PATTER_HOME);
}

function notRunning(what: string, variable: string, home: string): PatterError {
  return new PatterError(
    'PATTER_STACK_NOT_RUNNING',
    `No ${what} runs in ${home}. Start the stack with \`patter dev\`, or set ${variable}.`,
    {
      details: { part: what.toLowerCase(), home },
    },
  );
}
