/** What everything in local mode stands on: Temporal and Postgres, started here where nobody has, and the services of control/ over them. */
import { type OpenControlContext, openControlContext } from '../../control/context';
import type { Config } from '../../runtime/config';
import { openLocalServers } from '../../runtime/local-servers';
import type { Logger } from '../../runtime/log';

export interface OpenHome {
  /** With the addresses of what runs. */
  readonly config: Config;
  readonly ctx: OpenControlContext;
  /** Stops what nobody else uses and was not there before. Safe to call twice. */
  close(): Promise<void>;
  /** For the end of the process, which waits for nothing. */
  abandon(): void;
}

/** @throws PatterError PATTER_TEMPORAL_UNAVAILABLE, PATTER_POSTGRES_UNAVAILABLE */
export async function openHome(config: Config, log: Logger): Promise<OpenHome> {
  const servers = await openLocalServers({ config, log, headless: true });
  try {
    const found: Config = { ...config, TEMPORAL_ADDRESS: servers.temporalAddress, PATTER_DATABASE_URL: servers.databaseUrl };
    const ctx = await openControlContext(found, log);
    servers.watch(async (name) => {
      // Its data may have been deleted.
      if (name === 'postgres') await ctx.store.migrate();
    });
    let closed: Promise<void> | undefined;
    return {
      config: found,
      ctx,
      close: () => {
        closed ??= ctx.close().then(() => servers.close());
        return closed;
      },
      abandon: () => servers.abandon(),
    };
  } catch (error) {
    await servers.close();
    throw error;
  }
}
