/** How a connection to Temporal proves who it is: TLS, a client certificate, an API key. Variables named as Temporal's own programs name them. */
import { readFileSync } from 'node:fs';
import { PatterError } from '../contracts/errors';
import type { Config } from './config';

export type TemporalSecurityConfig = Pick<
  Config,
  | 'TEMPORAL_API_KEY'
  | 'TEMPORAL_TLS'
  | 'TEMPORAL_TLS_SERVER_CA_CERT_PATH'
  | 'TEMPORAL_TLS_SERVER_NAME'
  | 'TEMPORAL_TLS_CLIENT_CERT_PATH'
  | 'TEMPORAL_TLS_CLIENT_KEY_PATH'
>;

/** What both kinds of connection of the SDK take; empty for a plain one. */
export interface TemporalSecurity {
  tls?: { serverRootCACertificate?: Buffer; serverNameOverride?: string; clientCertPair?: { crt: Buffer; key: Buffer } } | boolean;
  apiKey?: string;
}

/**
 * TLS is on where anything needs it; `TEMPORAL_TLS=false` wins, for an API key behind a proxy of one's own.
 * @throws PatterError PATTER_CONFIG_INVALID a file that cannot be read, or half a key pair
 */
export function temporalSecurity(config: TemporalSecurityConfig): TemporalSecurity {
  const crt = file(config, 'TEMPORAL_TLS_CLIENT_CERT_PATH');
  const key = file(config, 'TEMPORAL_TLS_CLIENT_KEY_PATH');
  if ((crt === undefined) !== (key === undefined))
    throw new PatterError('PATTER_CONFIG_INVALID', 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH go together: set both.');
  const serverRootCACertificate = file(config, 'TEMPORAL_TLS_SERVER_CA_CERT_PATH');
  const serverNameOverride = config.TEMPORAL_TLS_SERVER_NAME;
  const apiKey = config.TEMPORAL_API_KEY;
  const details = {
    ...(serverRootCACertificate && { serverRootCACertificate }),
    ...(serverNameOverride && { serverNameOverride }),
    ...(crt && key && { clientCertPair: { crt, key } }),
  };
  const isOn = config.TEMPORAL_TLS ?? (Object.keys(details).length > 0 || apiKey !== undefined);
  // False must be said: the SDK turns TLS on by itself where there is an API key.
  const tls = isOn ? { tls: Object.keys(details).length > 0 ? details : true } : apiKey ? { tls: false } : {};
  return { ...tls, ...(apiKey && { apiKey }) };
}

function file(config: TemporalSecurityConfig, name: keyof TemporalSecurityConfig & `${string}_PATH`): Buffer | undefined {
  const path = config[name];
  if (!path) return undefined;
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new PatterError('PATTER_CONFIG_INVALID', `${name}: ${path} cannot be read.`, { cause, details: { variable: name, path } });
  }
}
