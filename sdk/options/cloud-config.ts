/** Options of cloud mode, checked and with the environment's values filled in. */
import { PatterValidationError } from '../errors';
import type { CloudConfig, CloudOptions } from './constructor';
import { type Environment, givenOr, VARIABLES } from './environment';

export const DEFAULT_BACKEND_URL = 'wss://api.getpatter.com';

/** @throws PatterValidationError */
export function resolveCloudConfig(options: CloudOptions, env: Environment): CloudConfig {
  const apiKey = givenOr('apiKey', options.apiKey, VARIABLES.apiKey, env);
  if (!apiKey) {
    throw new PatterValidationError('apiKey', 'Cloud mode needs an API key: give apiKey, or set PATTER_API_KEY.', {
      code: 'PATTER_CREDENTIAL_MISSING',
    });
  }
  const backendUrl = url('backendUrl', options.backendUrl || env.PATTER_BACKEND_URL || DEFAULT_BACKEND_URL, /^wss?:/i);
  const restUrl = url(
    'restUrl',
    options.restUrl || (options.backendUrl ? '' : env.PATTER_REST_URL) || backendUrl.replace(/^ws/i, 'http'),
    /^https?:/i,
  );
  return Object.freeze({ apiKey, backendUrl, restUrl });
}

function url(option: string, value: string, schemes: RegExp): string {
  if (URL.canParse(value) && schemes.test(value)) return value.replace(/\/+$/, '');
  const example = option === 'backendUrl' ? 'wss://patter.example.com' : 'https://patter.example.com';
  throw new PatterValidationError(option, `${option} must be a URL such as ${example} (got "${value}").`);
}
