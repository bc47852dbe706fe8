/** Keys that were not given come from the environment, else from `.env` of the working folder; so do placeholders of the documentation. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { PatterValidationError } from '../errors';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment over `.env`, as the processes of the product read it. */
export function environment(env: Environment = process.env, cwd: string = process.cwd()): Environment {
  const file = join(cwd, '.env');
  return existsSync(file) ? { ...parse(readFileSync(file)), ...env } : env;
}

export function firstOf(env: Environment, names: readonly string[]): string | undefined {
  for (const name of names) if (env[name]) return env[name];
  return undefined;
}

/** What the documentation writes where the reader's own value belongs: `AC...`, `pt_xxx`, `+1...`, `your-domain.ngrok-free.dev`. */
const PLACEHOLDER = /\.\.\.$|^([a-zA-Z]{2,3}[_-]?)?x{3,}$|^(xxx|your[_-])/i;

export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value);
}

/**
 * The given value, else the environment's, else ''.
 * @throws PatterValidationError for a placeholder that the environment has nothing for
 */
export function givenOr(option: string, given: string | undefined, names: readonly string[], env: Environment): string {
  if (given !== undefined && typeof given !== 'string') {
    throw new PatterValidationError(option, `${option} must be a string (got ${typeof given}).`);
  }
  if (given && !isPlaceholder(given)) return given;
  const found = firstOf(env, names);
  if (given && found === undefined) {
    throw new PatterValidationError(
      option,
      `${option} is still the documentation's placeholder ("${given}"). Put your own value there, or leave it out and set ${names[0]}.`,
    );
  }
  return found ?? '';
}

/** Each vendor's key, by the names it goes by; the first is the one to write. */
export const VARIABLES = {
  twilioSid: ['TWILIO_ACCOUNT_SID', 'TWILIO_SID'],
  twilioToken: ['TWILIO_AUTH_TOKEN', 'TWILIO_TOKEN'],
  telnyxKey: ['TELNYX_API_KEY', 'TELNYX_KEY'],
  telnyxConnectionId: ['TELNYX_CONNECTION_ID'],
  telnyxPublicKey: ['TELNYX_PUBLIC_KEY'],
  openaiKey: ['OPENAI_API_KEY', 'OPENAI_KEY'],
  elevenlabsKey: ['ELEVENLABS_API_KEY', 'ELEVENLABS_KEY'],
  deepgramKey: ['DEEPGRAM_API_KEY', 'DEEPGRAM_KEY'],
  elevenlabsAgentId: ['ELEVENLABS_AGENT_ID'],
  phoneNumber: ['PATTER_PHONE_NUMBER', 'PHONE_NUMBER'],
  webhookUrl: ['PATTER_PUBLIC_URL', 'WEBHOOK_URL'],
  apiKey: ['PATTER_API_KEY'],
  backendUrl: ['PATTER_BACKEND_URL'],
  restUrl: ['PATTER_REST_URL'],
  persist: ['PATTER_LOG_DIR'],
  webhookSecret: ['PATTER_WEBHOOK_SECRET'],
} as const satisfies Record<string, readonly string[]>;
