/**
 * Campaigns started over HTTP with contacts of any number, as programs in cloud mode do: open, contacts part by part, start. `key` names the start: each
 * of the requests may be repeated, and a start that is asked for again with its key is the same campaign.
 */
import type { FastifyInstance } from 'fastify';
import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/max';
import { z } from 'zod';
import { variableName } from '../../policy/template';
import { tenantOf } from '../access';
import { checked } from '../checked';
import type { ControlContext } from '../context';
import type { CsvReject, CsvRow } from './contacts-csv';
import { findCampaign } from './find-campaign';
import { finishImport, importPart } from './import-in-parts';
import { campaignOfProgram } from './requested-campaign';
import { openCampaign } from './start-campaign';

/** A part is 1,000 rows at most, and mostly far smaller. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;
export const MOST_ROWS = 1_000;

const key = z.string().min(1).max(200);
const line = z.number().int().min(1).max(2_147_483_647);
const row = z.union([
  /** Cannot be used, as whoever read it found. */
  z.strictObject({ line, phone: z.string().max(200), reason: z.string().min(1).max(500) }),
  z.strictObject({
    line,
    phone: z.string().max(200),
    timezone: z.string().max(100).default(''),
    variables: z.record(z.string(), z.string()).default({}),
  }),
]);
const bodies = {
  open: z.strictObject({ key, campaign: z.record(z.string(), z.unknown()) }),
  contacts: z.strictObject({
    key,
    /** Country of numbers written without one. */
    region: z.custom<CountryCode>((given) => typeof given === 'string' && isSupportedCountry(given), 'no country, as in US').optional(),
    rows: z.array(row).min(1).max(MOST_ROWS),
  }),
  start: z.strictObject({ key, rows: z.number().int().min(0) }),
};

type WithId = { Params: { id: string } };

export function registerCampaignImport(app: FastifyInstance, ctx: ControlContext): void {
  // They place calls, in the end: a key that may only steer campaigns is not enough.
  const calls = { config: { scope: 'calls' } } as const;

  app.post('/api/campaigns/open', { ...calls, bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
    const body = checked(bodies.open, request.body);
    const spec = await campaignOfProgram(ctx, request, body.campaign);
    const { campaign, how, notes } = await openCampaign(ctx, { spec, tenantId: tenantOf(request), importKey: body.key });
    return reply.code(how === 'open' ? 201 : 200).send({ campaignId: campaign.campaignId, name: campaign.name, how, notes });
  });

  app.post<WithId>('/api/campaigns/:id/contacts', { ...calls, bodyLimit: BODY_LIMIT_BYTES }, async (request) => {
    const { key, region, rows } = checked(bodies.contacts, request.body);
    const campaign = await findCampaign(ctx.store, request.params.id, tenantOf(request));
    return importPart(ctx, campaign, { key, region, rows: rows.map(asRead) });
  });

  app.post<WithId>('/api/campaigns/:id/start', calls, async (request) => {
    const body = checked(bodies.start, request.body);
    const found = await findCampaign(ctx.store, request.params.id, tenantOf(request));
    const { campaign, imported } = await finishImport(ctx, found, body);
    return { campaignId: campaign.campaignId, name: campaign.name, state: campaign.state, imported };
  });
}

function asRead(given: z.output<typeof row>): CsvRow | CsvReject {
  if ('reason' in given) return { kind: 'reject', code: 'PATTER_CONTACT_ROW_INVALID', ...given };
  const variables = Object.fromEntries(Object.entries(given.variables).map(([name, value]) => [variableName(name), value]));
  return { kind: 'row', ...given, phone: given.phone.trim(), timezone: given.timezone.trim(), variables };
}
