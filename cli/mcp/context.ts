/** What the tools work with, and where it comes from: a backend by its address and key, else the stack of this machine. */
import type { Clock } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import type { Config } from '../../runtime/config';
import type { Logger } from '../../runtime/log';
import { listProcessStates } from '../../runtime/process-files';
import { isAlive } from '../../runtime/process-identity';
import { RestClient } from '../../sdk/cloud/rest';
import { resolveCloudConfig } from '../../sdk/options/cloud-config';
import type { Environment } from '../../sdk/options/environment';
import { AllowedNumbers } from './allowed-numbers';
import { Previews } from './previews';

export interface McpContext {
  readonly rest: Pick<RestClient, 'request' | 'stream'>;
  /** Undefined: every call is shown first, and confirmed. */
  readonly allowed: AllowedNumbers | undefined;
  readonly previews: Previews;
  /** Caller id where a call names none. */
  readonly from: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export type McpSettings = Omit<McpContext, 'previews'>;

/** One for each client: nobody confirms what another one was shown. */
export function contextOf(settings: McpSettings): McpContext {
  return { ...settings, previews: new Previews(settings.clock) };
}

/** @throws PatterError PATTER_STACK_NOT_RUNNING, PATTER_CONFIG_INVALID; PatterValidationError */
export function mcpSettings(config: Config, env: Environment, clock: Clock, log: Logger): McpSettings {
  const allowed = AllowedNumbers.parse(config.PATTER_MCP_ALLOWED_NUMBERS);
  return { rest: restOf(config, env), allowed, from: config.PATTER_PHONE_NUMBER, clock, log };
}

function restOf(config: Config, env: Environment): RestClient {
  if (env.PATTER_API_KEY) return new RestClient(resolveCloudConfig({}, env));
  const control = listProcessStates(config.PATTER_HOME).find((state) => state.role === 'control' && state.ready && isAlive(state));
  const restUrl = env.PATTER_REST_URL ?? control?.urls.api;
  if (restUrl === undefined) {
    throw new PatterError(
      'PATTER_STACK_NOT_RUNNING',
      `No control API runs for ${config.PATTER_HOME}: start one (patter dev, or patter control), or set PATTER_API_KEY and PATTER_REST_URL.`,
    );
  }
  // This machine needs no credential, and one that is wrong would be refused.
  return new RestClient({ apiKey: config.PATTER_CONTROL_TOKEN ?? '', restUrl: restUrl.replace(/\/+$/, '') });
}
