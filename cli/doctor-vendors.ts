/** Whether the keys of the vendors that not everybody uses are accepted. A vendor without a key is left out, and said to be. Nothing is bought and nobody is called. */
import { createCarriers } from '../carriers';
import type { Config } from '../runtime/config';
import type { CheckResult } from './doctor-checks';

type Found = Omit<CheckResult, 'name'>;

const DEADLINE_MS = 8_000;

const unused = (variable: string, what: string): Found => ({ status: 'ok', message: `${variable} is not set: ${what}` });

/** Sockets are opened with the same key as this request is made with. */
export async function deepgram({ DEEPGRAM_API_KEY: key, DEEPGRAM_BASE_URL: base }: Config): Promise<Found> {
  if (!key) return unused('DEEPGRAM_API_KEY', 'only needed where an agent hears through Deepgram');
  const { status } = await ask(`${base}/v1/projects`, { authorization: `Token ${key}` });
  return judged(base, status, 'Make a key at console.deepgram.com and put it into .env as DEEPGRAM_API_KEY.');
}

/** A key may be restricted to what it is needed for, and is then refused here for another reason than a wrong one (`missing_permissions`). */
export async function elevenLabs({ ELEVENLABS_API_KEY: key, ELEVENLABS_BASE_URL: base }: Config): Promise<Found> {
  if (!key) return unused('ELEVENLABS_API_KEY', 'only needed for voices and agents of ElevenLabs');
  const { status, body } = await ask(`${base}/v1/user`, { 'xi-api-key': key });
  if (status === 401 && body.includes('missing_permissions')) {
    return {
      status: 'warn',
      message: `${base}: the key is known, and restricted: whether it may be used for speech is not told`,
      remedy: 'Allow it text to speech, and agents where an agent of ElevenLabs is used.',
    };
  }
  return judged(base, status, 'Make a key at elevenlabs.io and put it into .env as ELEVENLABS_API_KEY.');
}

export async function telnyx(config: Config): Promise<Found> {
  const { TELNYX_API_KEY: key, TELNYX_BASE_URL: base, TELNYX_CONNECTION_ID: connection, TELNYX_PUBLIC_KEY: publicKey } = config;
  if (!key) return unused('TELNYX_API_KEY', 'only needed for calls over Telnyx');
  if (!connection) {
    return {
      status: 'fail',
      message: 'TELNYX_CONNECTION_ID is not set: no call can be made over Telnyx',
      remedy: 'Take the id of a Call Control application from portal.telnyx.com.',
    };
  }
  const carrier = createCarriers(config).get('telnyx');
  const numbers = (await carrier?.listNumbers()) ?? [];
  // Of an application that cannot be read nothing is said: no call needs that.
  const told = await carrier?.prices.areTold?.().catch(() => true);
  const estimated = told === false ? '; call.cost is switched off in the application, so costs stay estimated (docs/telnyx.md)' : '';
  const message = `${base}: signed in, ${numbers.length} number${numbers.length === 1 ? '' : 's'}${estimated}`;
  if (publicKey) return { status: 'ok', message };
  return {
    status: 'warn',
    message: `${message}; TELNYX_PUBLIC_KEY is not set, and its webhooks cannot be verified`,
    remedy: 'Take the public key from portal.telnyx.com (Keys & Credentials).',
  };
}

async function ask(url: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(DEADLINE_MS) });
  return { status: response.status, body: await response.text() };
}

function judged(base: string, status: number, remedy: string): Found {
  if (status >= 200 && status < 300) return { status: 'ok', message: `${base}: the key is accepted` };
  const wrong = status === 401 || status === 403;
  return {
    status: 'fail',
    message: `${base}: answered ${status}`,
    remedy: wrong ? `The key is wrong or was revoked. ${remedy}` : "See the vendor's status page and the limits of your account.",
  };
}
