/** `patter gateway`: webhooks and media streams of the carriers. */
import { createCarriers } from '../carriers';
import { systemClock } from '../contracts/clock';
import type { Config } from '../runtime/config';
import { resolveEndpoints } from '../runtime/endpoints';
import { createLogger } from '../runtime/log';
import type { Running } from '../runtime/running';
import { secretKey } from '../runtime/secret-key';
import { connectClient } from '../runtime/temporal';
import { openStore } from '../store/open';
import { type GatewayOptions, startGateway } from './gateway';
import { tenantAccounts } from './tenant-accounts';

/** @throws PatterError PATTER_STACK_NOT_RUNNING, PATTER_TEMPORAL_UNAVAILABLE, PATTER_PROCESS_FAILED, PATTER_CONFIG_INVALID */
export async function runGateway(config: Config, options: Partial<GatewayOptions> = {}): Promise<Running> {
  const log = createLogger(`gateway-${config.PATTER_GATEWAY_INDEX}`, config.PATTER_LOG_LEVEL);
  const { databaseUrl } = await resolveEndpoints(config);
  const client = await connectClient(config);
  const store = openStore(databaseUrl);
  const release = async () => {
    await store.close();
    await client.connection.close();
  };
  try {
    await store.migrate();
    const gateway = await startGateway({
      ...{ config, client, store, log, options },
      carriers: createCarriers(config),
      accounts: tenantAccounts(config, store, log),
      secretKey: await secretKey(config),
      clock: systemClock,
    });
    let stopped: Promise<void> | undefined;
    return {
      ...gateway,
      stop: () => {
        stopped ??= gateway.stop().finally(release);
        return stopped;
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}
