import type { Client } from '@temporalio/client';
import { type Clock, systemClock } from '../contracts/clock';
import type { Config } from '../runtime/config';
import { resolveEndpoints } from '../runtime/endpoints';
import type { Logger } from '../runtime/log';
import { connectClient } from '../runtime/temporal';
import { openStore } from '../store/open';
import type { Store } from '../store/store';

/** What the services of `control/` work with; the CLI, the REST API and the SDK make one each. */
export interface ControlContext {
  readonly config: Config;
  readonly store: Store;
  readonly temporal: Client;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface OpenControlContext extends ControlContext {
  close(): Promise<void>;
}

/**
 * Connects to the stack that runs. Migrates the database where it is behind.
 * @throws PatterError PATTER_STACK_NOT_RUNNING, PATTER_TEMPORAL_UNAVAILABLE, PATTER_POSTGRES_UNAVAILABLE
 */
export async function openControlContext(config: Config, log: Logger): Promise<OpenControlContext> {
  const { databaseUrl } = await resolveEndpoints(config);
  const store = openStore(databaseUrl);
  try {
    await store.migrate();
    const temporal = await connectClient(config);
    return {
      config,
      store,
      temporal,
      clock: systemClock,
      log,
      close: async () => {
        await Promise.allSettled([store.close(), temporal.connection.close()]);
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
