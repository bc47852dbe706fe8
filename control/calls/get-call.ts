import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { ControlContext } from '../context';
import { LiveCallReader } from './live-call';
import { type CallRows, type CallSnapshot, isOver, snapshotOf } from './snapshot';

/** How a call stands, in any of its states and of any kind: single, of a campaign, or one that came in. Undefined: the tenant has no such call. */
export async function getCall(ctx: ControlContext, callId: string, tenantId: string = DEFAULT_TENANT): Promise<CallSnapshot | undefined> {
  const rows = await rowsOfCall(ctx, callId, tenantId);
  return rows && lookAt(callId, rows, new LiveCallReader(ctx, callId));
}

export async function lookAt(callId: string, rows: CallRows, reader: LiveCallReader): Promise<CallSnapshot> {
  return snapshotOf(callId, rows, isOver(rows) ? undefined : await reader.read());
}

export async function rowsOfCall(ctx: ControlContext, callId: string, tenantId: string): Promise<CallRows | undefined> {
  const attempt = await ctx.store.attempts.get(callId);
  if (!attempt) {
    const single = await ctx.store.singles.find(callId);
    return single?.campaign.tenantId === tenantId ? { ...single, attempt: undefined } : undefined;
  }
  if (attempt.tenantId !== tenantId) return undefined;
  const [campaign, contact] = await Promise.all([ctx.store.campaigns.get(attempt.campaignId), ctx.store.contacts.get(attempt.contactId)]);
  if (!campaign || !contact) return undefined;
  const delivery = isOver({ attempt, campaign, contact }) ? await ctx.store.deliveries.get(callId) : undefined;
  return { attempt, campaign, contact, delivery };
}

export function noSuchCall(callId: string): PatterError {
  return new PatterError('PATTER_CALL_NOT_FOUND', `There is no call ${callId}.`, { details: { callId } });
}
