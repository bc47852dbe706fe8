/** Connections to the configured Temporal, all with the same namespace and codec. */
import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import type { Config } from './config';
import { resolveTemporalAddress } from './endpoints';
import { encryptionCodec } from './payload-codec';
import { CONNECT_DEADLINE_MS, connectTo, unreachable } from './temporal-connection';
import { type TemporalSecurity, temporalSecurity } from './temporal-security';

export { connectTo, ensureNamespaceAndSearchAttributes, missingSearchAttributes } from './temporal-connection';

/**
 * Client and worker must be given the same: what one encrypts the other decrypts. The workflow bundle must be made with the same
 * `failureConverterPath`. Without a key failures stay readable in the Temporal UI.
 */
export function dataConverterFor(config: Pick<Config, 'PATTER_ENCRYPTION_KEY'>): DataConverter {
  if (!config.PATTER_ENCRYPTION_KEY) return {};
  return { payloadCodecs: [encryptionCodec(config.PATTER_ENCRYPTION_KEY)], failureConverterPath: require.resolve('./failure-converter') };
}

/**
 * A client that the caller closes (`client.connection.close()`).
 * @throws PatterError PATTER_CONFIG_INVALID, PATTER_STACK_NOT_RUNNING, PATTER_TEMPORAL_UNAVAILABLE
 */
export async function connectClient(config: Config): Promise<Client> {
  const connection = await connectTo(await resolveTemporalAddress(config), CONNECT_DEADLINE_MS, securityOf(config));
  return new Client({ connection, namespace: config.TEMPORAL_NAMESPACE, dataConverter: dataConverterFor(config) });
}

/**
 * For workers; the caller closes it.
 * @throws PatterError PATTER_CONFIG_INVALID, PATTER_STACK_NOT_RUNNING, PATTER_TEMPORAL_UNAVAILABLE
 */
export async function connectNative(config: Config): Promise<NativeConnection> {
  const address = await resolveTemporalAddress(config);
  // What is wrong with a file is no failure of Temporal's.
  const security = securityOf(config);
  try {
    return await NativeConnection.connect({ address, ...security });
  } catch (cause) {
    throw unreachable(address, cause);
  }
}

/** The local server of PATTER_HOME speaks plain text on a loopback port: what is set is for the one that TEMPORAL_ADDRESS names. */
export function securityOf(config: Config): TemporalSecurity {
  return config.TEMPORAL_ADDRESS ? temporalSecurity(config) : {};
}
