/** `patter control`: the REST API. */
import type { AddressInfo } from 'node:net';
import type { Config } from '../runtime/config';
import { createLogger } from '../runtime/log';
import type { Running } from '../runtime/running';
import { keepCampaigns } from './campaigns/keep-campaigns';
import { openControlContext } from './context';
import { type ControlServerOptions, createControlServer } from './server';

const PROBE_DEADLINE_MS = 3_000;

/** @throws PatterError PATTER_STACK_NOT_RUNNING, PATTER_TEMPORAL_UNAVAILABLE, PATTER_POSTGRES_UNAVAILABLE */
export async function runControl(config: Config, options: ControlServerOptions = {}): Promise<Running> {
  const log = createLogger('control', config.PATTER_LOG_LEVEL);
  const ctx = await openControlContext(config, log);
  const problems = async () => {
    const probe = async (what: string, ask: () => Promise<unknown>) => {
      try {
        await ask();
        return [];
      } catch (error) {
        return [`${what}: ${(error as Error).message}`];
      }
    };
    const found = await Promise.all([
      probe('Postgres', () => ctx.store.ping()),
      probe('Temporal', () =>
        ctx.temporal.withDeadline(ctx.clock.now() + PROBE_DEADLINE_MS, () => ctx.temporal.connection.workflowService.getSystemInfo({})),
      ),
    ]);
    return found.flat();
  };
  const app = createControlServer(ctx, problems, options);
  const keeper = keepCampaigns(ctx);
  try {
    await app.listen({ host: config.PATTER_CONTROL_HOST, port: config.PATTER_CONTROL_PORT });
  } catch (error) {
    await keeper.stop();
    await ctx.close();
    throw error;
  }
  const { port } = app.server.address() as AddressInfo;
  const host = config.PATTER_CONTROL_HOST.includes(':') ? `[${config.PATTER_CONTROL_HOST}]` : config.PATTER_CONTROL_HOST;
  let stopped: Promise<void> | undefined;
  let markClosed = () => {};
  const closed = new Promise<void>((resolve) => {
    markClosed = resolve;
  });
  return {
    role: 'control',
    urls: { api: `http://${host}:${port}` },
    problems,
    closed,
    stop: () => {
      stopped ??= keeper
        .stop()
        .then(() => app.close())
        .finally(() => ctx.close())
        .finally(markClosed);
      return stopped;
    },
  };
}
