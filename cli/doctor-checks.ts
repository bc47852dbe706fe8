/** What `patter doctor` looks at. Each check asks one thing, changes nothing, has a deadline, and says what to do. */

import { createCarriers } from '../carriers';
import { CARRIERS } from '../contracts/carrier';
import { systemClock } from '../contracts/clock';
import { isPatterError } from '../contracts/errors';
import { type Config, isLoopbackUrl, remoteCarriers } from '../runtime/config';
import { resolveDatabaseUrl, resolveTemporalAddress } from '../runtime/endpoints';
import { connectTo, missingSearchAttributes, securityOf } from '../runtime/temporal';
import { openStore } from '../store/open';
import { deepgram, elevenLabs, telnyx } from './doctor-vendors';

export interface CheckResult {
  name: string;
  status: 'ok' | 'warn' | 'fail';
  /** What was found. */
  message: string;
  /** What to do; only when the status is not ok. */
  remedy?: string;
}

type Check = (config: Config) => Promise<Omit<CheckResult, 'name'>>;

const DEADLINE_MS = 8_000;
const OLDEST_NODE = [20, 19] as const;
const SKEW_WARN_MS = 5_000;
const SKEW_FAIL_MS = 30_000;

const ok = (message: string) => ({ status: 'ok' as const, message });
const warn = (message: string, remedy: string) => ({ status: 'warn' as const, message, remedy });
const fail = (message: string, remedy: string) => ({ status: 'fail' as const, message, remedy });

const CHECKS: readonly (readonly [string, Check])[] = [
  ['Node.js', nodeVersion],
  ['Temporal', temporal],
  ['Postgres', postgres],
  ['Encryption', encryption],
  ['Twilio', twilioAccount],
  ['Phone number', phoneNumber],
  ['Carrier limits', carrierLimits],
  ['OpenAI', openAi],
  ['Telnyx', telnyx],
  ['Deepgram', deepgram],
  ['ElevenLabs', elevenLabs],
  ['Public URL', publicUrl],
  ['Webhooks', webhooks],
  ['Clock', clockSkew],
];

/** One after the other, so that the lines come in order; `onResult` gets each as soon as it is known. */
export async function runChecks(config: Config, onResult: (result: CheckResult) => void): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const [name, check] of CHECKS) {
    const result = { name, ...(await guarded(() => check(config))) };
    onResult(result);
    results.push(result);
  }
  return results;
}

/** A check that breaks is a failed check, not a broken doctor; one that hangs ends at the deadline. */
async function guarded(check: () => Promise<Omit<CheckResult, 'name'>>): Promise<Omit<CheckResult, 'name'>> {
  let cancel = () => {};
  const late = new Promise<Omit<CheckResult, 'name'>>((resolve) => {
    const ms = DEADLINE_MS * 2;
    cancel = systemClock.after(ms, () =>
      resolve(fail(`no answer in ${ms / 1_000} s`, 'Is it reachable from this machine (firewall, proxy, DNS)?')),
    );
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    // Nothing is wrong: what nobody has named is started where it is needed.
    if (isPatterError(error) && error.code === 'PATTER_STACK_NOT_RUNNING')
      return warn(
        'none is named, and no local one runs',
        'It is started by `patter dev`, or by the program that calls serve(); then ask again.',
      );
    return fail(isPatterError(error) ? `${error.code}: ${message}` : message, 'See docs/errors.md, and the logs in PATTER_HOME/logs.');
  } finally {
    cancel();
  }
}

async function nodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldMajor, oldMinor] = OLDEST_NODE;
  const enough = major > oldMajor || (major === oldMajor && minor >= oldMinor);
  return enough ? ok(process.versions.node) : fail(process.versions.node, `Install Node.js ${oldMajor}.${oldMinor} or later.`);
}

async function temporal(config: Config) {
  const temporalAddress = await resolveTemporalAddress(config);
  const namespace = config.TEMPORAL_NAMESPACE;
  const connection = await connectTo(temporalAddress, DEADLINE_MS, securityOf(config));
  try {
    await connection.withDeadline(systemClock.now() + DEADLINE_MS, () => connection.workflowService.describeNamespace({ namespace }));
    const missing = await missingSearchAttributes(connection, namespace);
    if (missing.length > 0) {
      const flags = missing.map((name) => `--name ${name} --type Keyword`).join(' ');
      return fail(
        `${temporalAddress}: search attributes are missing: ${missing.join(', ')}`,
        `Start a worker (it registers them where it may), or: temporal operator search-attribute create -n ${namespace} ${flags}`,
      );
    }
    return ok(`${temporalAddress}, namespace ${namespace}, search attributes registered`);
  } catch (error) {
    if ((error as { code?: number }).code !== 5) throw error;
    return fail(
      `${temporalAddress}: no namespace ${namespace}`,
      `Start a worker (it registers it where it may), or: temporal operator namespace create ${namespace}`,
    );
  } finally {
    await connection.close();
  }
}

async function postgres(config: Config) {
  const databaseUrl = await resolveDatabaseUrl(config);
  const store = openStore(databaseUrl);
  try {
    await store.ping();
    const pending = await store.pendingMigrations();
    const where = new URL(databaseUrl).host;
    if (pending.length > 0)
      return warn(`${where}: not migrated yet: ${pending.join(', ')}`, 'Start a worker or `patter dev`: each migrates at its start.');
    return ok(`${where}, all migrations applied`);
  } finally {
    await store.close();
  }
}

/** What a call's activities, updates and signals carry stands in Temporal's histories. */
async function encryption(config: Config) {
  const keys = config.PATTER_ENCRYPTION_KEY;
  if (keys) return ok(`payloads in Temporal are encrypted; ${keys.split(',').length} key(s) decrypt`);
  return warn(
    'PATTER_ENCRYPTION_KEY is not set: numbers and transcripts stand in the histories of Temporal for whoever may read them',
    'Set it to the output of `openssl rand -base64 32`, the same for every process: docs/security.md.',
  );
}

async function twilioAccount(config: Config) {
  if (!config.TWILIO_ACCOUNT_SID && config.TELNYX_API_KEY) return ok('TWILIO_ACCOUNT_SID is not set: only needed for calls over Twilio');
  if (!config.TWILIO_ACCOUNT_SID || !config.TWILIO_AUTH_TOKEN) {
    return fail(
      'TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not set',
      'Take both from the Twilio console and put them into .env. Without an account: patter dev --lab.',
    );
  }
  const numbers = await ownedNumbers(config);
  return ok(`${config.TWILIO_BASE_URL}: signed in, ${numbers.length} number${numbers.length === 1 ? '' : 's'}`);
}

async function phoneNumber(config: Config) {
  const number = config.PATTER_PHONE_NUMBER;
  if (!number) return warn('PATTER_PHONE_NUMBER is not set', 'Set it, or name `from` in every campaign file.');
  if (!config.TELNYX_API_KEY && (!config.TWILIO_ACCOUNT_SID || !config.TWILIO_AUTH_TOKEN))
    return warn("ownership is not known without a carrier's credentials", 'See Twilio above, or Telnyx.');
  const numbers = await ownedNumbers(config);
  if (numbers.includes(number)) return ok(`${number} belongs to the account`);
  return fail(
    `${number} is not a number of the account`,
    `Buy or port it, verify it as a caller id, or use one of: ${numbers.slice(0, 5).join(', ') || '(none)'}`,
  );
}

async function ownedNumbers(config: Config): Promise<string[]> {
  const owned: string[] = [];
  for (const name of CARRIERS) owned.push(...((await createCarriers(config).get(name)?.listNumbers()) ?? []));
  return owned;
}

async function carrierLimits(config: Config) {
  if (remoteCarriers(config).length === 0) return ok('a lab: its scenario says how many calls a second it dials');
  if (!config.TWILIO_ACCOUNT_SID)
    return warn('Telnyx limits calls a second and at once by account', 'Keep `dialing` at the limits of your account (portal.telnyx.com).');
  // No request tells the limit of an account; Twilio's default is known.
  return warn(
    'Twilio dials 1 call a second by default and queues the rest',
    'Keep `dialing.cps` at the limit of your account; an approved business profile raises it in the console (Voice, Settings).',
  );
}

async function openAi(config: Config) {
  if (!config.OPENAI_API_KEY && config.ELEVENLABS_API_KEY)
    return ok('OPENAI_API_KEY is not set: only needed for OpenAI Realtime, and where a pipeline asks a model of OpenAI');
  if (!config.OPENAI_API_KEY)
    return fail('OPENAI_API_KEY is not set', 'Make a key at platform.openai.com and put it into .env. Without one: patter dev --lab.');
  const response = await fetch(`${config.OPENAI_BASE_URL}/models`, {
    headers: { authorization: `Bearer ${config.OPENAI_API_KEY}` },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  await response.body?.cancel();
  if (response.ok) return ok(`${config.OPENAI_BASE_URL}: the key is accepted`);
  return fail(
    `${config.OPENAI_BASE_URL}: answered ${response.status}`,
    response.status === 401 ? 'The key is wrong or was revoked.' : 'See status.openai.com and the limits of your project.',
  );
}

async function publicUrl(config: Config) {
  const urls = config.PATTER_PUBLIC_URL;
  if (remoteCarriers(config).length === 0) return ok(urls ? urls.join(', ') : 'not needed: the carrier is on this machine');
  if (!urls)
    return fail(
      'PATTER_PUBLIC_URL is not set',
      'Set it to the https address under which the carrier reaches the gateway (a domain or a tunnel), or let serve() open a tunnel.',
    );
  const local = urls.filter((url) => isLoopbackUrl(url));
  if (local.length > 0)
    return fail(
      `${local.join(', ')} is an address of this machine, and the carrier is not on it`,
      'Use a public https address (a domain or a tunnel).',
    );
  return ok(urls.join(', '));
}

async function webhooks(config: Config) {
  const urls = config.PATTER_PUBLIC_URL;
  if (!urls)
    return remoteCarriers(config).length === 0
      ? ok('not needed: the carrier is on this machine')
      : fail('nothing to try without a public URL', 'See above.');
  for (const url of urls) {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(DEADLINE_MS) }).catch(unreached);
    if ('reason' in answer) {
      return fail(
        `${url}/healthz: ${answer.reason}`,
        'Is the gateway up (`patter dev` or `patter gateway`), and does the tunnel or balancer lead to its port?',
      );
    }
    await answer.body?.cancel();
    if (!answer.ok)
      return fail(
        `${url}/healthz: answered ${answer.status}`,
        'Something else answers there: does the tunnel or balancer lead to the port of the gateway?',
      );
  }
  return ok(`${urls.join(', ')} ${urls.length === 1 ? 'answers' : 'answer'}`);
}

function unreached(error: Error): { reason: string } {
  return { reason: (error.cause as Error | undefined)?.message || error.message };
}

/** Tokens expire and signatures age by the clock: compare it with somebody else's. */
async function clockSkew(config: Config) {
  const before = systemClock.now();
  const response = await fetch(config.TWILIO_BASE_URL, { method: 'HEAD', signal: AbortSignal.timeout(DEADLINE_MS) }).catch(unreached);
  if ('reason' in response)
    return warn(`${config.TWILIO_BASE_URL} does not tell the time: ${response.reason}`, 'Check the network; keep the clock with NTP.');
  const after = systemClock.now();
  const theirs = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(theirs)) return warn(`${config.TWILIO_BASE_URL} does not tell the time`, 'Keep the clock with NTP.');
  // The header has whole seconds and was written somewhere between the two moments.
  const skewMs = Math.max(0, before - theirs - 1_000, theirs - after);
  if (skewMs > SKEW_FAIL_MS)
    return fail(`off by ${Math.round(skewMs / 1_000)} s`, 'Set the clock (NTP): tokens and signatures are refused.');
  if (skewMs > SKEW_WARN_MS) return warn(`off by ${Math.round(skewMs / 1_000)} s`, 'Set the clock (NTP).');
  return ok('right to the second');
}
