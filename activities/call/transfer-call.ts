/** Connects the caller with one of the people whom the developer names, in the campaign, the prompt or an order; never with a number from anywhere else (decision 12). */

import type { CallActivities } from '../../contracts/activities';
import { appOf } from '../../contracts/agent';
import { type PlaceCallResult, UnknownOutcomeError } from '../../contracts/carrier';
import { transferTarget } from '../../policy/transfer-targets';
import type { ActivityContext } from '../context';
import { loadCall } from './load-call';

export function createTransferCall(ctx: ActivityContext): CallActivities['transferCall'] {
  return async ({ callId, carrierCallId, transferNumber, number, ordered }) => {
    const { attempt, campaign, carrier, rules } = await loadCall(ctx, callId);
    const target =
      ordered && number !== undefined ? ({ kind: 'target', to: number } as const) : transferTarget(campaign.spec, transferNumber, number);
    if (target.kind === 'nobody') return { kind: 'exhausted' };
    if (target.kind === 'unknown') {
      ctx.log.error({ callId, transferNumber, code: 'PATTER_TRANSFER_TARGET_UNKNOWN' }, 'nobody was dialled');
      return { kind: 'refused', reason: 'PATTER_TRANSFER_TARGET_UNKNOWN' };
    }
    const { to } = target;
    const now = ctx.clock.now();
    const live = await ctx.store.gateways.live(new Date(now), appOf(campaign.spec.agent));
    const gateway = live.find((candidate) => candidate.gatewayId === attempt.gatewayId) ?? live[0];
    if (!gateway) return { kind: 'refused', reason: 'no live gateway to report to' };
    const recorded = await ctx.store.attempts.recordTransfer({
      tenantId: attempt.tenantId,
      callId,
      transferNumber,
      toNumber: to,
      now: new Date(now),
    });
    // Asked for before: whether it was sent, only the carrier knows.
    if (recorded.existed) return { kind: 'unknown', to: recorded.toNumber };
    let result: PlaceCallResult;
    try {
      result = await carrier.transfer({
        callId,
        carrierCallId,
        to,
        from: attempt.fromNumber,
        gatewayUrl: gateway.publicUrl,
        transferNumber,
        ringTimeoutMs: rules.transferRingTimeoutMs,
      });
    } catch (error) {
      if (!(error instanceof UnknownOutcomeError)) ctx.log.error({ err: error, callId, transferNumber }, 'a transfer broke');
      return { kind: 'unknown', to };
    }
    switch (result.kind) {
      case 'accepted':
        return { kind: 'requested', to };
      case 'refused':
        ctx.log.warn({ callId, transferNumber, vendorCode: result.vendorCode }, 'the carrier refused a transfer');
        return { kind: 'refused', reason: result.message };
      default:
        return result satisfies never;
    }
  };
}
