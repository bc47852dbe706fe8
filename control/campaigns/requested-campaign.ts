/** A campaign as it comes over HTTP, from a program or a page, and what its tenant's numbers fill in. */
import type { FastifyRequest } from 'fastify';
import { DEFAULT_OPT_OUT_KEY } from '../../contracts/agent';
import { type CampaignSpec, campaignFileSchema } from '../../contracts/campaign';
import { PatterError } from '../../contracts/errors';
import { tenantOf } from '../access';
import { numberOf } from '../backend/register-number';
import type { ControlContext } from '../context';
import { requireOwnCallerIds } from '../lines/own-numbers';
import { campaignChecks, parseCampaign } from './load-campaign-file';

/** The text of a campaign file, or its fields. `${NAME}` is nobody's environment here: an error. @throws PatterError as `allowedSpec` */
export async function campaignOfFile(
  ctx: ControlContext,
  request: FastifyRequest,
  given: string | Record<string, unknown>,
): Promise<CampaignSpec> {
  return allowedSpec(ctx, request, parseCampaign(typeof given === 'string' ? given : JSON.stringify(given), 'campaign'));
}

/**
 * The fields of a campaign file, whose texts are taken as they are. What is not said of `from`, `carrier`, `agent` and `transfer` is as the number's line
 * has it: its agent is the connected program.
 * @throws PatterError PATTER_CAMPAIGN_FILE_INVALID, PATTER_FORBIDDEN, PATTER_NUMBER_TAKEN, PATTER_LINE_NOT_FOUND, PATTER_CLIENT_NOT_CONNECTED
 */
export async function campaignOfProgram(
  ctx: ControlContext,
  request: FastifyRequest,
  given: Readonly<Record<string, unknown>>,
): Promise<CampaignSpec> {
  const tenantId = tenantOf(request);
  const key = request.caller?.kind === 'key' ? request.caller.key : { tenantId, number: undefined };
  const from = given.from ?? [await numberOf(ctx, key, undefined)];
  const [first] = Array.isArray(from) ? from : [from];
  const line = typeof first === 'string' ? await ctx.store.lines.get(tenantId, first) : undefined;
  if (given.agent === undefined && !line) {
    throw new PatterError(
      'PATTER_CLIENT_NOT_CONNECTED',
      `Nobody answers for ${String(first)}: connect() a program to it first, or give the campaign an agent.`,
    );
  }
  const parsed = campaignFileSchema.safeParse({
    // Of who calls, every key is the program's; of who is called in bulk, one is not.
    ...(line && { carrier: line.carrier, agent: { ...line.spec.agent, optOutKey: line.spec.agent.optOutKey ?? DEFAULT_OPT_OUT_KEY } }),
    ...(line?.spec.transfer && { transfer: line.spec.transfer }),
    ...given,
    from,
  });
  const problems = parsed.success ? campaignChecks(parsed.data) : parsed.error.issues;
  if (parsed.success && problems.length === 0) return allowedSpec(ctx, request, parsed.data);
  const told = problems.map(({ message, path }) => `${path.join('.') || 'campaign'}: ${message}`);
  throw new PatterError('PATTER_CAMPAIGN_FILE_INVALID', `The campaign is not valid: ${told.join('; ')}.`, { details: { problems } });
}

/** @throws PatterError PATTER_FORBIDDEN, PATTER_NUMBER_TAKEN */
async function allowedSpec(ctx: ControlContext, request: FastifyRequest, spec: CampaignSpec): Promise<CampaignSpec> {
  // It names a process of whoever runs this: its gateways are not each tenant's.
  if (request.caller?.kind === 'key' && spec.agent.code !== undefined) {
    throw new PatterError('PATTER_FORBIDDEN', 'agent.code is the operator’s: an API key starts campaigns of agents without code.');
  }
  await requireOwnCallerIds(ctx, request, spec.from);
  return spec;
}
