/** Calls a person and asks whether they take the caller: one of those whom the developer named, each once. */
import { type PlaceCallResult, UnknownOutcomeError } from '../../contracts/carrier';
import type { TransferActivities } from '../../contracts/transfer';
import { transferTarget } from '../../policy/transfer-targets';
import { loadCall } from '../call/load-call';
import { longestCallMs } from '../call/time-limit';
import type { ActivityContext } from '../context';
import { reportingGateway, transfersOf, wordsFor } from './parts';

export function createConsult(ctx: ActivityContext): TransferActivities['consult'] {
  return async ({ callId, carrierCallId, transferNumber, reason, number }) => {
    const loaded = await loadCall(ctx, callId);
    const { attempt, campaign, rules } = loaded;
    const transfers = transfersOf(loaded);
    const target = transferTarget(campaign.spec, transferNumber, number);
    if (target.kind === 'nobody') return { kind: 'exhausted' };
    if (target.kind === 'unknown') {
      ctx.log.error({ callId, transferNumber, code: 'PATTER_TRANSFER_TARGET_UNKNOWN' }, 'nobody was dialled');
      return { kind: 'refused', reason: 'PATTER_TRANSFER_TARGET_UNKNOWN' };
    }
    const { to } = target;
    const pair = await reportingGateway(ctx, loaded);
    if (!pair) return { kind: 'refused', reason: 'no live gateway to report to' };
    const now = new Date(ctx.clock.now());
    const recorded = await ctx.store.attempts.recordTransfer({ tenantId: attempt.tenantId, callId, transferNumber, toNumber: to, now });
    // Asked for before: whether it was sent, only the carrier knows.
    if (recorded.existed) return { kind: 'unknown', to: recorded.toNumber };
    let result: PlaceCallResult;
    try {
      result = await transfers.consult({
        callId,
        carrierCallId,
        transferNumber,
        to,
        from: attempt.fromNumber,
        gatewayUrl: pair.gateway.publicUrl,
        fallbackGatewayUrl: pair.fallback.publicUrl,
        ringTimeoutMs: rules.transferRingTimeoutMs,
        timeLimitMs: longestCallMs(campaign.spec),
        machineDetection: true,
        ...wordsFor(loaded, reason),
      });
    } catch (error) {
      if (!(error instanceof UnknownOutcomeError)) ctx.log.error({ err: error, callId, transferNumber }, 'calling a person broke');
      return { kind: 'unknown', to };
    }
    switch (result.kind) {
      case 'accepted':
        await ctx.store.attempts.noteHumanLeg(callId, transferNumber, result.carrierCallId);
        return { kind: 'requested', to, humanCallId: result.carrierCallId, asks: transfers.ask !== undefined };
      case 'refused':
        ctx.log.warn({ callId, transferNumber, vendorCode: result.vendorCode }, 'the carrier refused to call a person');
        return { kind: 'refused', reason: result.message };
      default:
        return result satisfies never;
    }
  };
}
