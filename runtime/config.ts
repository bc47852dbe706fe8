/** All configuration: one schema, from the environment and `.env`. docs/configuration.md explains every variable; a test holds the two together. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { z } from 'zod';
import { parseDurationMs } from '../contracts/duration';
import { PatterError } from '../contracts/errors';
import { isKeyRing } from './key-ring';

const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** True for http and ws URLs of this machine: where plain text is accepted and no real phone can ring. */
export function isLoopbackUrl(url: string): boolean {
  return LOOPBACK.test(new URL(url).hostname);
}

const publicUrl = z
  .url()
  .refine(
    (url) => URL.canParse(url) && (url.startsWith('https://') || isLoopbackUrl(url)),
    'carriers call it: https, but for a loopback host',
  )
  .transform((url) => url.replace(/\/+$/, ''));

const port = z.coerce.number().int().min(0).max(65_535);
const baseUrl = z.url().transform((url) => url.replace(/\/+$/, ''));

/** One field per variable; `secret` in its meta masks it in `patter config`. */
export const configSchema = z.object({
  TEMPORAL_ADDRESS: z.string().optional().describe('host:port of Temporal. Unset: the local one of PATTER_HOME.'),
  TEMPORAL_NAMESPACE: z.string().default('patter').describe('Temporal namespace.'),
  TEMPORAL_API_KEY: z
    .string()
    .optional()
    .describe('API key of Temporal Cloud, or of who guards the frontend. Turns TLS on.')
    .meta({ secret: true }),
  TEMPORAL_TLS: z.stringbool().optional().describe('TLS to Temporal. Unset: on where an API key or one of the TLS variables is set.'),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z
    .string()
    .optional()
    .describe("File (PEM) of the authority that signed the frontend's certificate. Unset: the system's."),
  TEMPORAL_TLS_SERVER_NAME: z
    .string()
    .optional()
    .describe('Name to expect in the certificate of the frontend. Unset: the host of TEMPORAL_ADDRESS.'),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().optional().describe('File (PEM) of the client certificate, for mTLS.'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional().describe('File (PEM) of its private key.'),
  DATABASE_URL: z.string().optional().describe('Postgres connection string. Unset: the local one of PATTER_HOME.').meta({ secret: true }),
  PATTER_DATABASE_URL: z.string().optional().describe('Wins over DATABASE_URL.').meta({ secret: true }),
  PATTER_HOME: z.string().default('.patter').describe('Folder of the local Temporal and Postgres, pid files, logs, spool and reports.'),
  PATTER_TASK_QUEUE: z.string().default('patter').describe('Temporal task queue of the worker.'),
  PATTER_PUBLIC_URL: z
    .string()
    .optional()
    .transform((text) =>
      text
        ?.split(',')
        .map((url) => url.trim())
        .filter(Boolean),
    )
    .pipe(z.array(publicUrl).min(1).optional())
    .describe(
      'What carriers call: https, or http for a loopback host. A comma-separated list for several gateways, in the order of PATTER_GATEWAY_INDEX.',
    ),
  PATTER_GATEWAY_INDEX: z.coerce.number().int().min(1).default(1).describe('Which of the public URLs is this gateway, from 1.'),
  PATTER_GATEWAY_HOST: z.string().default('127.0.0.1').describe('Address the gateway listens on.'),
  PATTER_GATEWAY_PORT: port.default(8080).describe('Port of the (first) gateway; 0 takes a free one.'),
  PATTER_GATEWAY_MAX_CALLS: z.coerce.number().int().positive().default(200).describe('Calls one gateway accepts at once.'),
  PATTER_GATEWAY_INTERNAL_URL: baseUrl.optional().describe('Where workers reach this gateway. Unset: its listening address.'),
  PATTER_CONTROL_HOST: z.string().default('127.0.0.1').describe('Address the control API listens on.'),
  PATTER_CONTROL_PORT: port.default(8090).describe('Port of the control API; 0 takes a free one.'),
  PATTER_CONTROL_INTERNAL_URL: baseUrl
    .optional()
    .describe('Where other control processes reach this one. Unset: the address it listens on, or that of its machine.'),
  PATTER_CONTROL_TOKEN: z
    .string()
    .min(16)
    .optional()
    .describe('Bearer token of the control API. Unset: requests are answered from this machine only.')
    .meta({ secret: true }),
  PATTER_HEALTH_HOST: z.string().default('127.0.0.1').describe('Address of /healthz, /readyz and /metrics of a worker.'),
  PATTER_HEALTH_PORT: port.default(0).describe('Port of /healthz, /readyz and /metrics of a worker; 0 takes a free one.'),
  PATTER_MCP_ALLOWED_NUMBERS: z
    .string()
    .default('')
    .describe(
      'Numbers that `patter mcp` may call without a confirmation, and then no others: `+12125550100,+1415*`. Empty: each is confirmed.',
    ),
  PATTER_MCP_TOKEN: z
    .string()
    .min(16)
    .optional()
    .describe('Bearer token of `patter mcp --http`. Unset: programs of this machine only.')
    .meta({ secret: true }),
  PATTER_PHONE_NUMBER: z.string().optional().describe('Default caller id, E.164.'),
  PATTER_SECRET_KEY: z
    .string()
    .min(16)
    .optional()
    .describe('Signs call tokens and commands between processes. Unset: made once and kept in PATTER_HOME.')
    .meta({ secret: true }),
  PATTER_ENCRYPTION_KEY: z
    .string()
    .optional()
    .refine((keys) => keys === undefined || isKeyRing(keys), {
      message: 'base64 of 32 bytes, or id:base64 with an id of its own; make one with: openssl rand -base64 32',
    })
    .describe('Encrypts Temporal payloads (32 bytes, base64, or id:base64). Several, comma-separated: the first encrypts, all decrypt.')
    .meta({ secret: true }),
  ENCRYPTION_KEY: z
    .string()
    .optional()
    .describe('Encrypts the credentials of tenants where PATTER_ENCRYPTION_KEY is unset; in the same form.')
    .meta({ secret: true }),
  PATTER_CONTROL_URL: z
    .string()
    .optional()
    .transform((text) => text?.split(',').map((url) => url.trim().replace(/\/+$/, '')))
    .pipe(z.array(z.url()).optional())
    .transform((urls) => urls?.join(','))
    .describe(
      'Where gateways reach the control API, for agents behind `connect()`; a comma-separated list is tried in turn. Unset: http://PATTER_CONTROL_HOST:PATTER_CONTROL_PORT.',
    ),
  PATTER_ALLOW_PRIVATE_WEBHOOKS: z
    .stringbool()
    .optional()
    .describe(
      'Whether tools and webhooks may be on this machine or in a private network. Unset: only when every carrier base URL is a loopback host.',
    ),
  PATTER_RETENTION_DAYS: z.coerce
    .number()
    .positive()
    .max(36_500)
    .optional()
    .describe('Days after which what is known of a contact that has its outcome is erased. Unset: it is kept.'),
  PATTER_PRICE_WAIT: z
    .string()
    .refine((text) => parseDurationMs(text) !== undefined, 'a number and ms, s, m, h or d, as in 72h or 0s')
    .default('72h')
    .describe('How long after a call its carrier is asked what it cost. Then the estimate stays. 0s: it is never asked.'),
  PATTER_CALLBACK_RETRY: z
    .string()
    .refine((text) => parseDurationMs(text) !== undefined, 'a number and ms, s, m, h or d, as in 24h')
    .default('24h')
    .describe('For how long a program that is there is asked again to take the callbacks of an ended call. Its absence does not count.'),
  PATTER_CALLBACK_KEEP: z
    .string()
    .refine((text) => (parseDurationMs(text) ?? 0) > 0, 'a number and ms, s, m, h or d, as in 30d')
    .default('30d')
    .describe('After how long the callbacks of an ended call are given up, whether its program was there or not.'),
  PATTER_DEAF_AFTER: z
    .string()
    .refine((text) => parseDurationMs(text) !== undefined, 'a number and ms, s, m, h or d, as in 4s or 0s')
    .default('4s')
    .describe('An AI provider that has told nothing for so long after the caller spoke is left for another socket. 0s: it is not.'),
  PATTER_CODEC_ORIGINS: z
    .string()
    .optional()
    .transform((text) =>
      text
        ?.split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    )
    .pipe(z.array(z.url().transform((url) => new URL(url).origin)).optional())
    .describe(
      'Origins of Temporal UIs that may ask the control API to decrypt payloads, comma-separated. Those on a loopback host always may.',
    ),
  PATTER_DRAIN_MODE: z
    .enum(['move', 'wait'])
    .default('move')
    .describe(
      'What a gateway does with its calls on SIGTERM: move them to another gateway in the next pause, or wait for their end first.',
    ),
  PATTER_DRAIN_TIMEOUT: z
    .string()
    .refine((text) => parseDurationMs(text) !== undefined, 'a number and ms, s, m or h, as in 20s or 10m')
    .default('20s')
    .describe('How long a gateway that drains is patient with its calls. What kills processes must wait 30 s longer.'),
  PATTER_WORKER_VERSIONING: z
    .enum(['auto', 'on', 'off'])
    .default('auto')
    .describe(
      'Worker Deployment Versioning. auto: where Temporal has it, and a new build makes itself the current one; on: `patter deploy promote` does.',
    ),
  PATTER_BUILD_ID: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'letters, digits, ".", "_" and "-"')
    .optional()
    .describe("Build id of the worker's deployment version. Unset: the package's version and a hash of the workflows."),
  PATTER_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severe log line that is written.'),
  PATTER_REHEARSE_AT: z.iso
    .datetime({ offset: true })
    .optional()
    .describe(
      'Evaluates calling windows as if the campaign began at this instant. Refused unless every carrier base URL is a loopback host.',
    ),
  TWILIO_ACCOUNT_SID: z.string().optional().describe('Twilio account.'),
  TWILIO_AUTH_TOKEN: z.string().optional().describe('Twilio auth token: signs requests and verifies webhooks.').meta({ secret: true }),
  TWILIO_BASE_URL: baseUrl.default('https://api.twilio.com').describe('Where Twilio REST requests go.'),
  TELNYX_API_KEY: z.string().optional().describe('Telnyx API key (v2).').meta({ secret: true }),
  TELNYX_PUBLIC_KEY: z
    .string()
    .optional()
    .describe('Verifies Telnyx webhooks: base64 of the raw 32 bytes, as the portal shows it, or of the DER form.'),
  TELNYX_CONNECTION_ID: z.string().optional().describe('Telnyx Call Control application that calls are made with.'),
  TELNYX_BASE_URL: baseUrl.default('https://api.telnyx.com/v2').describe('Where Telnyx REST requests go.'),
  DEEPGRAM_API_KEY: z.string().optional().describe('Deepgram key.').meta({ secret: true }),
  DEEPGRAM_BASE_URL: baseUrl.default('https://api.deepgram.com').describe('Where Deepgram sockets go (http or https; the socket follows).'),
  ELEVENLABS_API_KEY: z.string().optional().describe('ElevenLabs key.').meta({ secret: true }),
  ELEVENLABS_BASE_URL: baseUrl
    .default('https://api.elevenlabs.io')
    .describe('Where ElevenLabs requests and sockets go (http or https; the sockets follow).'),
  PATTER_RECORDINGS: z
    .string()
    .optional()
    .describe('Where fetched recordings are kept: a folder, or s3://bucket/prefix. Unset: recordings in PATTER_HOME.'),
  PATTER_RECORDING_DAYS: z.coerce
    .number()
    .positive()
    .max(36_500)
    .optional()
    .describe('Days after which recordings are deleted. Unset: PATTER_RETENTION_DAYS.'),
  OPENAI_API_KEY: z.string().optional().describe('OpenAI key.').meta({ secret: true }),
  OPENAI_BASE_URL: baseUrl.default('https://api.openai.com/v1').describe('Where OpenAI requests and the Realtime socket go.'),
});

export type Config = Omit<z.output<typeof configSchema>, 'PATTER_HOME'> & {
  /** Absolute. */
  PATTER_HOME: string;
};

/**
 * Reads the environment over `.env` of the working directory. Empty values count as unset.
 * @param defaults hold where neither names the variable, instead of the schema's own
 * @throws PatterError PATTER_CONFIG_INVALID that names every wrong variable
 */
export function loadConfig(
  env: Record<string, string | undefined> = process.env,
  cwd: string = process.cwd(),
  defaults: Partial<Record<keyof Config, string>> = {},
): Config {
  const merged: Record<string, string> = {};
  const named = environmentOf(env, cwd);
  for (const [name, value] of [defaults, named].flatMap((source) => Object.entries(source))) {
    if (name in configSchema.shape && value !== undefined && value !== '') merged[name] = value;
  }
  const parsed = configSchema.safeParse(merged);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new PatterError('PATTER_CONFIG_INVALID', `Set these variables right (environment or .env):\n  ${problems.join('\n  ')}`, {
      details: { variables: parsed.error.issues.map((issue) => issue.path.join('.')) },
    });
  }
  return { ...parsed.data, PATTER_HOME: resolve(cwd, parsed.data.PATTER_HOME) };
}

/** The environment over `.env` of the working directory. */
export function environmentOf(env: Record<string, string | undefined> = process.env, cwd: string = process.cwd()): Record<string, string> {
  const file = join(cwd, '.env');
  return { ...(existsSync(file) ? parseDotenv(readFileSync(file)) : {}), ...definedOf(env) };
}

/** An empty variable is kept: it hides that of `.env`. */
function definedOf(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The part of a configuration that says whether a real phone could ring. */
export type CarrierUrls = Pick<Config, 'TWILIO_BASE_URL'> & Partial<Pick<Config, 'TELNYX_API_KEY' | 'TELNYX_BASE_URL'>>;

/** Base URLs of carriers that are not on this machine: none means that no real phone can ring. Telnyx counts where it can be used. */
export function remoteCarriers(config: CarrierUrls): string[] {
  const telnyx = config.TELNYX_API_KEY === undefined ? undefined : config.TELNYX_BASE_URL;
  return [
    ...(isLoopbackUrl(config.TWILIO_BASE_URL) ? [] : [`TWILIO_BASE_URL (${config.TWILIO_BASE_URL})`]),
    ...(telnyx === undefined || isLoopbackUrl(telnyx) ? [] : [`TELNYX_BASE_URL (${telnyx})`]),
  ];
}

/** The database to use, when one is named. */
export function databaseUrl(config: Config): string | undefined {
  return config.PATTER_DATABASE_URL ?? config.DATABASE_URL;
}
