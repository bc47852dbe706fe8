/** Options of cloud mode, checked and with the environment's values filled in. */
import { configSchema, isLoopbackUrl } from '../../runtime/config';
import { PatterValidationError } from '../errors';
import { checkWebhookSecret } from './check';
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
  const webhookSecret = checkWebhookSecret('webhookSecret', givenOr('webhookSecret', options.webhookSecret, VARIABLES.webhookSecret, env));
  const allowPrivate = mayReachPrivate(env) ?? (isLoopbackUrl(backendUrl) && isLoopbackUrl(restUrl));
  return Object.freeze({ apiKey, backendUrl, restUrl, webhookSecret, allowPrivate });
}

/** The rule of all webhooks, also for a program whose carriers are its backend's: unset, only a backend on this machine means that no real phone rings. */
function mayReachPrivate(env: Environment): boolean | undefined {
  const name = 'PATTER_ALLOW_PRIVATE_WEBHOOKS';
  const parsed = configSchema.shape[name].safeParse(env[name] || undefined);
  if (parsed.success) return parsed.data;
  throw new PatterValidationError(name, `${name} must be true or false.`);
}

function url(option: string, value: string, schemes: RegExp): string {
  if (URL.canParse(value) && schemes.test(value)) return value.replace(/\/+$/, '');
  const example = option === 'backendUrl' ? 'wss://patter.example.com' : 'https://patter.example.com';
  throw new PatterValidationError(option, `${option} must be a URL such as ${example} (got "${value}").`);
}
