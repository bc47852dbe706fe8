/** Campaigns started over HTTP, with their contacts in the request: for programs that have no file. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { tenantOf } from '../access';
import { checked } from '../checked';
import type { ControlContext } from '../context';
import { recordSource } from './contact-source';
import { campaignOfFile } from './requested-campaign';
import { startCampaign } from './start-campaign';

/** Some ten thousand contacts; more are a file's business. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;
const MOST_CONTACTS = 10_000;

const startSchema = z.strictObject({
  /** As in a campaign file: its YAML text, or an object. `${NAME}` is nobody's environment here. */
  campaign: z.union([z.string().min(1), z.record(z.string(), z.unknown())]),
  contacts: z.array(z.record(z.string(), z.unknown())).min(1).max(MOST_CONTACTS),
});

export function registerCampaignStart(app: FastifyInstance, ctx: ControlContext): void {
  // It places calls: a key that may only steer campaigns is not enough.
  app.post('/api/campaigns', { config: { scope: 'calls' }, bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
    const { campaign: given, contacts } = checked(startSchema, request.body);
    const spec = await campaignOfFile(ctx, request, given);
    const { campaign, how, imported, notes } = await startCampaign(ctx, {
      spec,
      contacts: recordSource(contacts),
      tenantId: tenantOf(request),
    });
    const { campaignId, name, state } = campaign;
    return reply.code(how === 'started' ? 201 : 200).send({ campaignId, name, state, how, imported: imported ?? null, notes });
  });
}
