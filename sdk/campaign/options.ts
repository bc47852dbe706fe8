/** Options of `phone.campaign()`: the fields of a campaign file, with an agent of this program. */
import { isSupportedCountry } from 'libphonenumber-js/max';
import { DEFAULT_OPT_OUT_KEY } from '../../contracts/agent';
import { type CampaignFile, type CampaignSpec, campaignFileSchema } from '../../contracts/campaign';
import type { AgentInput } from '../../contracts/sent-agent';
import { type ContactRecords, type ContactSource, csvSource, recordSource } from '../../control/campaigns/contact-source';
import { campaignChecks } from '../../control/campaigns/load-campaign-file';
import { Agent } from '../agent/agent';
import { cloudAgent } from '../agent/cloud-agent';
import { PatterTypeError, PatterValidationError } from '../errors';
import type { Callbacks } from '../options/callbacks';
import { checkNames, checkOneOf, shown } from '../options/check';
import { checkIdempotencyKey, notAnAgent, resolveCallbacks } from '../options/resolve-call';
import { RUN_BY, type RunBy } from './work-place';

/**
 * Who is called: the path of a CSV file, an array, or an (async) iterable, which is read as it is imported. A contact is an object with `phone`, perhaps
 * `timezone`, and the values of the agent's placeholders. A function is asked at each start, so that a start can be repeated.
 */
export type CampaignContacts = string | ContactRecords | (() => ContactRecords);

/** The fields of a campaign file (docs/campaign-file.md), an agent, and contacts. */
export interface CampaignOptions extends Omit<CampaignFile, 'agent' | 'from' | 'carrier'>, Callbacks {
  /** What `phone.agent()` returns: who talks. In cloud mode it may be left out: the connected program talks, as with `call()`. */
  agent?: Agent;
  /** Who is called. */
  contacts: CampaignContacts;
  /** E.164. @default the phone number of the constructor */
  from?: string | readonly string[];
  /** ISO 3166 country of numbers that are written without one. @default 'US' */
  region?: string;
  /** Local mode only. @default 'workers' where they can and are there, else 'app' */
  runBy?: RunBy;
  /**
   * Names this start, 1 to 200 characters: started again with the same one it is the same campaign, also when that is over. Without it a name is free
   * again when its campaign has ended.
   */
  idempotencyKey?: string;
}

/** Checked. */
export interface ResolvedCampaign {
  readonly name: string;
  readonly agent: Agent;
  readonly callbacks: Readonly<Callbacks>;
  /** All but the agent, which stands in for itself. */
  readonly spec: CampaignSpec;
  readonly contacts: CampaignContacts;
  readonly region: string | undefined;
  readonly runBy: RunBy | undefined;
  readonly idempotencyKey: string | undefined;
}

/** As it goes to a backend, which fills in what is left out. */
export interface ResolvedCloudCampaign extends Pick<ResolvedCampaign, 'name' | 'contacts' | 'region' | 'idempotencyKey'> {
  /** The fields of a campaign file. */
  readonly campaign: Readonly<Record<string, unknown>>;
  /** To look for columns that are missing; undefined where the backend knows the agent. */
  readonly spec: CampaignSpec | undefined;
}

const CALLBACKS = [
  'onCallStart',
  'onCallEnd',
  'onTranscript',
  'onMetrics',
  'onMachineDetection',
] as const satisfies readonly (keyof Callbacks)[];
const OWN = ['agent', 'contacts', 'from', 'region', 'runBy', 'idempotencyKey'] as const satisfies readonly (keyof CampaignOptions)[];
const FIELDS = Object.keys(campaignFileSchema.shape).filter((name) => name !== 'carrier');
/** In the place of the agent, which is compiled when the campaign starts. */
const STAND_IN = { engine: { type: 'openai-realtime' }, systemPrompt: 'x' } as const;

/** @throws PatterValidationError that names the field, PatterTypeError */
export function resolveCampaign(
  options: CampaignOptions,
  { carrier, phoneNumber }: { carrier: CampaignSpec['carrier']; phoneNumber: string },
): ResolvedCampaign {
  const { agent, contacts, fields, from, idempotencyKey, region, runBy } = checkedOptions(options);
  if (!Agent.is(agent)) throw notAnAgent(agent);
  const numbers = from ?? (phoneNumber === '' ? [] : [phoneNumber]);
  if (numbers.length === 0) {
    throw new PatterValidationError(
      'from',
      'campaign() needs a number to call from: give new Patter() a phoneNumber, or campaign() a from.',
    );
  }
  const spec = specOf({ ...fields, from: numbers, carrier, agent: STAND_IN });
  return Object.freeze({
    ...{ agent, contacts, region, idempotencyKey, name: spec.name, spec },
    callbacks: resolveCallbacks(options),
    runBy: runBy === undefined ? undefined : checkOneOf('runBy', runBy, RUN_BY),
  });
}

/** @throws PatterValidationError that names the field, PatterTypeError */
export function resolveCloudCampaign(options: CampaignOptions): ResolvedCloudCampaign {
  const { agent: talks, contacts, fields, from, idempotencyKey, region, runBy } = checkedOptions(options);
  if (runBy !== undefined) {
    throw new PatterValidationError('runBy', 'In cloud mode campaigns are run by the backend: leave runBy out.');
  }
  const [callback] = Object.keys(resolveCallbacks(options));
  if (callback !== undefined) {
    throw new PatterValidationError(callback, `In cloud mode ${callback} is given to connect(): leave it out of campaign().`);
  }
  if (talks !== undefined && !Agent.is(talks)) throw notAnAgent(talks);
  const agent = talks && withOptOut(cloudAgent(talks));
  // A number that is surely one stands for what the backend knows.
  const spec = specOf({ ...fields, from: from ?? ['+15005550006'], agent: agent ?? STAND_IN });
  return Object.freeze({
    ...{ contacts, region, idempotencyKey, name: spec.name },
    campaign: { ...fields, ...(from && { from }), ...(agent && { agent }) },
    spec: agent && spec,
  });
}

/** In a campaign: people who are called in bulk can end it for good by a key. */
export function withOptOut<A extends Pick<AgentInput, 'optOutKey'>>(agent: A): A & { optOutKey: string } {
  return { ...agent, optOutKey: agent.optOutKey ?? DEFAULT_OPT_OUT_KEY };
}

function checkedOptions(options: CampaignOptions) {
  checkNames('campaign()', options, [...new Set([...FIELDS, ...OWN, ...CALLBACKS])]);
  const { agent, contacts, from, idempotencyKey, region, runBy, ...rest } = options;
  if (agent !== undefined && !Agent.is(agent)) throw notAnAgent(agent);
  if (agent?.optOutKey === null) {
    throw new PatterValidationError(
      'agent.optOutKey',
      'Whom a campaign calls can end its calls for good by a key, and its agent has optOutKey: null. Leave that out (9), or name another key.',
    );
  }
  checkContacts(contacts);
  if (region !== undefined && !isSupportedCountry(region)) {
    throw new PatterValidationError('region', `region must be a country such as 'US' or 'DE' (got ${shown(region)}).`);
  }
  const fields = Object.fromEntries(Object.entries(rest).filter(([name]) => FIELDS.includes(name)));
  return {
    ...{ agent, contacts, fields, region, runBy },
    from: from === undefined || from === '' ? undefined : typeof from === 'string' ? [from] : from,
    idempotencyKey: idempotencyKey === undefined ? undefined : checkIdempotencyKey(idempotencyKey),
  };
}

function specOf(file: Record<string, unknown>): CampaignSpec {
  const parsed = campaignFileSchema.safeParse(file);
  const problem = parsed.success ? campaignChecks(parsed.data)[0] : parsed.error.issues[0];
  if (parsed.success && !problem) return parsed.data;
  const field = problem?.path.join('.') || 'campaign';
  throw new PatterValidationError(field, `campaign() has a wrong ${field}: ${problem?.message}.`);
}

function checkContacts(contacts: unknown): void {
  const iterable = typeof contacts === 'object' && contacts !== null && (Symbol.iterator in contacts || Symbol.asyncIterator in contacts);
  if ((typeof contacts === 'string' && contacts !== '') || typeof contacts === 'function' || iterable) return;
  throw new PatterTypeError(
    'contacts',
    `contacts must be the path of a CSV file, an array, an iterable, or a function that returns one (got ${shown(contacts)}).`,
  );
}

export function sourceOf(contacts: CampaignContacts): ContactSource {
  if (typeof contacts === 'string') return csvSource(contacts);
  return recordSource(typeof contacts === 'function' ? contacts() : contacts);
}
