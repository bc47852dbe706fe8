/** Constructor options, checked and with the environment's keys filled in. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { PatterValidationError } from '../errors';
import { Telnyx, Twilio } from '../providers/carriers';
import { checkE164, checkFlag, checkId, checkText, checkWebhookSecret, isRecord } from './check';
import type { LocalConfigFields, LocalOptions } from './constructor';
import { type Environment, environment, firstOf, givenOr, VARIABLES } from './environment';
import { snakeCase } from './spellings';
import { checkTunnel } from './tunnel';

const SECRETS: readonly (keyof LocalConfigFields)[] = [
  ...(['twilioToken', 'telnyxKey', 'openaiKey', 'elevenlabsKey', 'deepgramKey', 'webhookSecret'] as const),
];

const TWILIO_KEYS = ['twilioSid', 'twilioToken'] as const;
const TELNYX_KEYS = ['telnyxKey', 'telnyxConnectionId', 'telnyxPublicKey'] as const;
type CarrierKeys = Pick<LocalConfigFields, 'telephonyProvider' | (typeof TWILIO_KEYS)[number] | (typeof TELNYX_KEYS)[number]>;

/** What the options of `new Patter()` and the environment came to in local mode, frozen: `phone.config`. */
export interface LocalConfig extends LocalConfigFields {}
/** What the options of `new Patter()` and the environment came to in local mode, frozen: `phone.config`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: all fields are assigned in the constructor, from the one list above
export class LocalConfig {
  constructor(fields: LocalConfigFields) {
    Object.assign(this, fields);
    Object.freeze(this);
  }

  /** In snake_case, keys masked: it may be logged. */
  toDict(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this).map(([name, value]) => [
        snakeCase(name),
        SECRETS.includes(name as keyof LocalConfigFields) ? masked(value) : value,
      ]),
    );
  }
}

function masked(secret: string): string {
  return secret && `…${secret.slice(-4)}`;
}

/** @throws PatterValidationError */
export function resolveLocalConfig(options: LocalOptions, env: Environment, cwd: string): LocalConfig {
  const key = (name: keyof typeof VARIABLES, given: string | undefined) => givenOr(name, given, VARIABLES[name], env);
  const tunnel = checkTunnel(options.tunnel);
  if (tunnel && options.webhookUrl) {
    throw new PatterValidationError('tunnel', 'Give either webhookUrl or tunnel: a tunnel brings its own host name.');
  }
  const phoneNumber = key('phoneNumber', options.phoneNumber);
  if (phoneNumber) checkE164('phoneNumber', phoneNumber);
  return new LocalConfig({
    ...carrierKeys(options, env),
    openaiKey: key('openaiKey', options.openaiKey),
    elevenlabsKey: key('elevenlabsKey', options.elevenlabsKey),
    deepgramKey: key('deepgramKey', options.deepgramKey),
    phoneNumber,
    // With a tunnel, the environment's host is another server's.
    webhookUrl: tunnel ? '' : hostOf(key('webhookUrl', options.webhookUrl)),
    requireSignature: options.requireSignature === undefined ? true : checkFlag('requireSignature', options.requireSignature),
    webhookSecret: checkWebhookSecret('webhookSecret', key('webhookSecret', options.webhookSecret)),
    persistRoot: persistRoot(options.persist, env, cwd),
    appId: options.appId === undefined ? derivedAppId(phoneNumber, cwd) : checkId('appId', options.appId),
    tunnel,
    ...(options.workflows !== undefined && { workflows: resolve(cwd, checkText('workflows', options.workflows, 1)) }),
    pricing: checkPricing(options.pricing),
  });
}

/** One carrier: what was given decides, the environment fills in. */
function carrierKeys(options: LocalOptions, env: Environment): CarrierKeys {
  const { carrier } = options;
  const givenTwilio = TWILIO_KEYS.filter((name) => options[name]);
  const givenTelnyx = TELNYX_KEYS.filter((name) => options[name]);
  if (carrier !== undefined && !(carrier instanceof Twilio) && !(carrier instanceof Telnyx)) {
    throw new PatterValidationError('carrier', 'carrier must be new Twilio({...}) or new Telnyx({...}).');
  }
  const flat = [...givenTwilio, ...givenTelnyx];
  if (carrier && flat.length > 0) {
    throw new PatterValidationError(flat[0] as string, `Give either carrier or ${flat.join(', ')}: the carrier has the keys in it.`);
  }
  if (givenTwilio.length > 0 && givenTelnyx.length > 0) {
    throw new PatterValidationError(
      givenTelnyx[0] as string,
      `Give the keys of one carrier: ${givenTwilio.join(', ')} for Twilio, or ${givenTelnyx.join(', ')} for Telnyx.`,
    );
  }
  const given =
    carrier instanceof Telnyx
      ? { telnyxKey: carrier.apiKey, telnyxConnectionId: carrier.connectionId, telnyxPublicKey: carrier.publicKey }
      : carrier
        ? { twilioSid: carrier.accountSid, twilioToken: carrier.authToken }
        : options;
  const isTelnyx =
    carrier instanceof Telnyx ||
    givenTelnyx.length > 0 ||
    (carrier === undefined &&
      givenTwilio.length === 0 &&
      !firstOf(env, VARIABLES.twilioSid) &&
      firstOf(env, VARIABLES.telnyxKey) !== undefined);
  const key = (name: (typeof TWILIO_KEYS)[number] | (typeof TELNYX_KEYS)[number]) =>
    givenOr(name, (given as LocalOptions)[name], VARIABLES[name], env);
  const none = { twilioSid: '', twilioToken: '', telnyxKey: '', telnyxConnectionId: '', telnyxPublicKey: '' };
  if (isTelnyx) {
    return {
      ...{ ...none, telephonyProvider: 'telnyx', telnyxKey: key('telnyxKey') },
      ...{ telnyxConnectionId: key('telnyxConnectionId'), telnyxPublicKey: key('telnyxPublicKey') },
    };
  }
  return { ...none, telephonyProvider: 'twilio', twilioSid: key('twilioSid'), twilioToken: key('twilioToken') };
}

/** A host name, with its scheme only where that was written: `https://example.com/` is `example.com`, `http://localhost:8000` stays. */
function hostOf(url: string): string {
  // The product's own variable may list several gateways; a process of this package is one.
  const first = (url.split(',')[0] as string).trim().replace(/\/+$/, '');
  const host = first.replace(/^https:\/\//i, '');
  const bare = host.replace(/^http:\/\//i, '');
  if (first === '') return '';
  if (/\s/.test(bare) || bare.includes('/') || !URL.canParse(`https://${bare}`)) {
    throw new PatterValidationError(
      'webhookUrl',
      `webhookUrl must be a public host name such as example.ngrok.app, without a path (got "${url}").`,
    );
  }
  return host;
}

function persistRoot(persist: LocalOptions['persist'], env: Environment, cwd: string): string | null {
  if (persist === false) return null;
  if (typeof persist === 'string' && persist !== '') return resolve(cwd, persist);
  const fromEnvironment = firstOf(env, VARIABLES.persist);
  if (fromEnvironment) return resolve(cwd, fromEnvironment);
  return persist === true ? defaultPersistRoot(cwd) : null;
}

function defaultPersistRoot(cwd: string): string {
  return resolve(cwd, '.patter', 'calls');
}

/** Where programs of this folder and this environment write, if they do and have named no other. */
export function persistRoots(cwd: string = process.cwd(), env: Environment = environment(process.env, cwd)): string[] {
  const named = firstOf(env, VARIABLES.persist);
  return [...new Set([...(named ? [resolve(cwd, named)] : []), defaultPersistRoot(cwd)])];
}

/** The same for the same program in the same folder, also on another machine: its copies share the calls. */
function derivedAppId(phoneNumber: string, cwd: string): string {
  return `app-${createHash('sha256').update(`${phoneNumber} ${cwd}`).digest('hex').slice(0, 16)}`;
}

function checkPricing(pricing: LocalOptions['pricing']): LocalConfigFields['pricing'] {
  if (pricing === undefined || pricing === null) return Object.freeze({});
  if (!isRecord(pricing)) throw new PatterValidationError('pricing', 'pricing must be an object of prices by what they are for.');
  for (const [item, entry] of Object.entries(pricing)) {
    if (!/^[^/]+\/[^/]+\/[^/]+\/[^/]+$/.test(item)) {
      throw new PatterValidationError(
        `pricing.${item}`,
        `pricing.${item}: write what is priced as provider/service/item/unit, like twilio/voice/outbound/second.`,
      );
    }
    const { usd, per = 1, perStarted } = isRecord(entry) ? entry : { usd: entry };
    if (!isAmount(usd) || !isAmount(per) || per === 0 || !(perStarted === undefined || (isAmount(perStarted) && perStarted > 0))) {
      throw new PatterValidationError(`pricing.${item}`, `pricing.${item} must be dollars for one unit, or { usd, per, perStarted }.`);
    }
  }
  return Object.freeze({ ...pricing });
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
