/** The rows of a call, and its carrier. */

import { requireCarrier } from '../../carriers';
import type { CallRules } from '../../contracts/activities';
import type { Carrier } from '../../contracts/carrier';
import { PatterError } from '../../contracts/errors';
import type { AttemptRow, CampaignRow, ContactRow } from '../../store/store';
import { type ActivityContext, carriersOf } from '../context';
import { rulesFor } from './build-setup';

export interface LoadedCall {
  attempt: AttemptRow;
  campaign: CampaignRow;
  contact: ContactRow;
  carrier: Carrier;
  rules: CallRules;
}

/** @throws PatterError PATTER_CALL_NOT_FOUND */
export async function loadCall(ctx: ActivityContext, callId: string): Promise<LoadedCall> {
  const attempt = await ctx.store.attempts.get(callId);
  if (!attempt) throw new PatterError('PATTER_CALL_NOT_FOUND', `There is no call ${callId}.`);
  const [campaign, contact] = await Promise.all([ctx.store.campaigns.get(attempt.campaignId), ctx.store.contacts.get(attempt.contactId)]);
  if (!campaign || !contact) throw new PatterError('PATTER_CALL_NOT_FOUND', `The campaign or the contact of call ${callId} is gone.`);
  const source = {
    callId,
    tenantId: attempt.tenantId,
    campaignId: attempt.campaignId,
    contactId: attempt.contactId,
    spec: campaign.spec,
    single: campaign.single,
    to: attempt.toNumber,
    from: attempt.fromNumber,
    variables: attempt.variables ?? contact.variables,
    direction: attempt.direction,
  };
  return {
    attempt,
    campaign,
    contact,
    carrier: await carrierFor(ctx, attempt.tenantId, campaign.spec.carrier),
    rules: rulesFor(source, attempt.gatewayId ?? ''),
  };
}

/** With the tenant's own account, where it has one. @throws PatterError PATTER_CREDENTIAL_MISSING, PATTER_POSTGRES_UNAVAILABLE, PATTER_CONFIG_INVALID */
export async function carrierFor(ctx: ActivityContext, tenantId: string, name: CampaignRow['spec']['carrier']): Promise<Carrier> {
  return requireCarrier(await carriersOf(ctx, tenantId), name);
}
