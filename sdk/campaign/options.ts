/** Options of `phone.campaign()`: the fields of a campaign file, with an agent of this program. */
import { isSupportedCountry } from 'libphonenumber-js/max';
import { type CampaignFile, type CampaignSpec, campaignFileSchema } from '../../contracts/campaign';
import { type ContactRecords, type ContactSource, csvSource, recordSource } from '../../control/campaigns/contact-source';
import { campaignChecks } from '../../control/campaigns/load-campaign-file';
import { Agent } from '../agent/agent';
import { PatterTypeError, PatterValidationError } from '../errors';
import type { Callbacks } from '../options/callbacks';
import { checkNames, checkOneOf, shown } from '../options/check';
import { notAnAgent, resolveCallbacks } from '../options/resolve-call';
import { RUN_BY, type RunBy } from './work-place';

/**
 * Who is called: the path of a CSV file, an array, or an (async) iterable, which is read as it is imported. A contact is an object with `phone`, perhaps
 * `timezone`, and the values of the agent's placeholders. A function is asked at each start, so that a start can be repeated.
 */
export type CampaignContacts = string | ContactRecords | (() => ContactRecords);

/** The fields of a campaign file (docs/campaign-file.md), an agent, and contacts. */
export interface CampaignOptions extends Omit<CampaignFile, 'agent' | 'from' | 'carrier'>, Callbacks {
  /** What `phone.agent()` returns: who talks. */
  agent: Agent;
  /** Who is called. */
  contacts: CampaignContacts;
  /** E.164. @default the phone number of the constructor */
  from?: string | readonly string[];
  /** ISO 3166 country of numbers that are written without one. @default 'US' */
  region?: string;
  /** @default 'workers' where they can and are there, else 'app' */
  runBy?: RunBy;
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
}

const CALLBACKS = [
  'onCallStart',
  'onCallEnd',
  'onTranscript',
  'onMetrics',
  'onMachineDetection',
] as const satisfies readonly (keyof Callbacks)[];
const OWN = ['agent', 'contacts', 'from', 'region', 'runBy'] as const satisfies readonly (keyof CampaignOptions)[];
const FIELDS = Object.keys(campaignFileSchema.shape).filter((name) => name !== 'carrier');
/** In the place of the agent, which is compiled when the campaign starts. */
const STAND_IN = { engine: { type: 'openai-realtime' }, systemPrompt: 'x' } as const;

/** @throws PatterValidationError that names the field, PatterTypeError */
export function resolveCampaign(
  options: CampaignOptions,
  { carrier, phoneNumber }: { carrier: CampaignSpec['carrier']; phoneNumber: string },
): ResolvedCampaign {
  checkNames('campaign()', options, [...new Set([...FIELDS, ...OWN, ...CALLBACKS])]);
  const { agent, contacts, from, region, runBy, ...rest } = options;
  if (!Agent.is(agent)) throw notAnAgent(agent);
  checkContacts(contacts);
  if (region !== undefined && !isSupportedCountry(region)) {
    throw new PatterValidationError('region', `region must be a country such as 'US' or 'DE' (got ${shown(region)}).`);
  }
  const fields = Object.fromEntries(Object.entries(rest).filter(([name]) => FIELDS.includes(name)));
  const numbers = from === undefined || from === '' ? (phoneNumber === '' ? [] : [phoneNumber]) : typeof from === 'string' ? [from] : from;
  if (numbers.length === 0) {
    throw new PatterValidationError(
      'from',
      'campaign() needs a number to call from: give new Patter() a phoneNumber, or campaign() a from.',
    );
  }
  const parsed = campaignFileSchema.safeParse({ ...fields, from: numbers, carrier, agent: STAND_IN });
  const problem = parsed.success ? campaignChecks(parsed.data)[0] : parsed.error.issues[0];
  if (!parsed.success || problem) {
    const field = problem?.path.join('.') || 'campaign';
    throw new PatterValidationError(field, `campaign() has a wrong ${field}: ${problem?.message}.`);
  }
  return Object.freeze({
    ...{ agent, contacts, region, name: parsed.data.name, spec: parsed.data },
    callbacks: resolveCallbacks(options),
    runBy: runBy === undefined ? undefined : checkOneOf('runBy', runBy, RUN_BY),
  });
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
