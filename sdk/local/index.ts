/** Local mode. `sdk/patter.ts` loads this when it is needed: importing the package starts and loads nothing. */
import type { CreateBackend } from '../backend';
import type { LocalConfigFields } from '../options/constructor';
import { LocalBackend, type LocalBackendOptions } from './local-backend';

export { EmbeddedServer, type EmbeddedServerOptions } from './embedded-server';
export { LocalBackend, type LocalBackendOptions } from './local-backend';

export const createLocalBackend = ((config: LocalConfigFields, options?: LocalBackendOptions) =>
  new LocalBackend(config, options)) satisfies CreateBackend<LocalConfigFields>;
