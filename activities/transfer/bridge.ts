import { ApplicationFailure, Context } from '@temporalio/activity';
import { isPatterError } from '../../contracts/errors';
import type { TransferActivities } from '../../contracts/transfer';
import { loadCall } from '../call/load-call';
import type { ActivityContext } from '../context';
import { reportingGateway, transfersOf, wordsFor } from './parts';

/** After the question; it is asked twice. */
const ANSWER_WITHIN_MS = 8_000;

export function createAskPerson(ctx: ActivityContext): TransferActivities['askPerson'] {
  return async ({ callId, humanCallId, transferNumber, reason }) => {
    const loaded = await loadCall(ctx, callId);
    const transfers = transfersOf(loaded);
    try {
      await transfers.ask?.({ callId, humanCallId, transferNumber, answerWithinMs: ANSWER_WITHIN_MS, ...wordsFor(loaded, reason) });
    } catch (error) {
      if (isPatterError(error, 'PATTER_CALL_ENDED')) throw ApplicationFailure.nonRetryable(error.message, error.code);
      throw error;
    }
  };
}

export function createBridge(ctx: ActivityContext): TransferActivities['bridge'] {
  return async ({ callId, carrierCallId, humanCallId, transferNumber }) => {
    const loaded = await loadCall(ctx, callId);
    const transfers = transfersOf(loaded);
    const [pair, transfer] = await Promise.all([reportingGateway(ctx, loaded), ctx.store.attempts.transfer(callId, transferNumber)]);
    if (!transfer) return { kind: 'refused', reason: 'nothing is known of this transfer' };
    if (!pair) throw ApplicationFailure.retryable('no live gateway to report to', 'PATTER_NO_GATEWAY');
    const repeated = Context.current().info.attempt > 1;
    const request = { callId, carrierCallId, humanCallId, transferNumber, gatewayUrl: pair.gateway.publicUrl, repeated };
    const result = await transfers.bridge(request);
    if (result.kind === 'accepted') return { kind: 'bridging', to: transfer.toNumber };
    ctx.log.warn({ callId, transferNumber, vendorCode: result.vendorCode }, 'the carrier refused to connect caller and person');
    return { kind: 'refused', reason: result.message };
  };
}
