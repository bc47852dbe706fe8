/** What the options of local mode make of the product's configuration. */
import { type Config, isLoopbackUrl, loadConfig, remoteCarriers } from '../../runtime/config';
import { PatterConnectionError, PatterValidationError } from '../errors';
import type { LocalConfigFields } from '../options/constructor';

/** An embedding program's terminal is its own; PATTER_LOG_LEVEL says otherwise. */
const QUIET = 'warn';
/** As the documentation of `serve()` has it. */
const DEFAULT_PORT = '8000';

/**
 * The options over the environment over `.env`.
 *
 * An embedded worker has a task queue of its own, by app: it has the keys of this program, and a worker of `patter dev` in the same home has others.
 * @throws PatterError PATTER_CONFIG_INVALID that names every wrong variable
 */
export function processConfig(fields: LocalConfigFields, env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): Config {
  const given: Partial<Record<keyof Config, string>> = {
    TWILIO_ACCOUNT_SID: fields.twilioSid,
    TWILIO_AUTH_TOKEN: fields.twilioToken,
    TELNYX_API_KEY: fields.telnyxKey,
    TELNYX_CONNECTION_ID: fields.telnyxConnectionId,
    TELNYX_PUBLIC_KEY: fields.telnyxPublicKey,
    OPENAI_API_KEY: fields.openaiKey,
    ELEVENLABS_API_KEY: fields.elevenlabsKey,
    DEEPGRAM_API_KEY: fields.deepgramKey,
    PATTER_PHONE_NUMBER: fields.phoneNumber,
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  const config = loadConfig({ ...env, ...set }, cwd, {
    PATTER_LOG_LEVEL: QUIET,
    PATTER_GATEWAY_PORT: DEFAULT_PORT,
    PATTER_TASK_QUEUE: localTaskQueue(fields.appId),
    // Its queue has workers of one program only, and its calls go on with whichever build that is.
    PATTER_WORKER_VERSIONING: 'off',
  });
  // `webhookUrl` has taken in what the environment says, or a tunnel stands in its place. One process is one gateway.
  const publicUrl = fields.webhookUrl === '' ? undefined : [publicUrlOf(fields.webhookUrl)];
  return { ...config, PATTER_PUBLIC_URL: publicUrl, PATTER_GATEWAY_INDEX: 1 };
}

/** Where a server listens that nobody has given a port: what is named on this machine leads to it. */
export function defaultPort(config: Config): number {
  const named = config.PATTER_PUBLIC_URL?.[0];
  const port = named && isLoopbackUrl(named) ? Number(new URL(named).port) : 0;
  return port || config.PATTER_GATEWAY_PORT;
}

/** Where the embedded worker of an app takes its work from. */
export function localTaskQueue(app: string): string {
  return `patter-local-${app}`;
}

/** That of `patter worker`, for what needs no process of this app. */
export function sharedTaskQueue(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): string {
  return loadConfig(env, cwd).PATTER_TASK_QUEUE;
}

/**
 * `xxx.ngrok-free.dev` → `https://xxx.ngrok-free.dev`; a host of this machine becomes http.
 * @throws PatterValidationError
 */
export function publicUrlOf(host: string): string {
  const text = host.trim().replace(/\/+$/, '');
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return text;
  const url = `https://${text}`;
  if (text === '' || !URL.canParse(url) || new URL(url).pathname !== '/') {
    throw new PatterValidationError('webhookUrl', `"${host}" is no host name. Write it without a path, as in your-name.ngrok-free.dev.`);
  }
  return isLoopbackUrl(url) ? `http://${text}` : url;
}

/** `https://xxx.ngrok-free.dev` → `xxx.ngrok-free.dev`; a port stays. */
export function hostOf(publicUrl: string): string {
  return new URL(publicUrl).host;
}

/**
 * A carrier that is not on this machine must be told an address that is not either.
 * @throws PatterConnectionError
 */
export function requirePublicUrl(config: Config): void {
  if (config.PATTER_PUBLIC_URL || remoteCarriers(config).length === 0) return;
  throw new PatterConnectionError(
    'The carrier has no way to reach this server: give new Patter() a webhookUrl (the public host name that leads here), or tunnel: true.',
  );
}
