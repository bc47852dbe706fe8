/** Music for a caller who waits: watched where a gateway plays it, ordered from the carrier where none does any more. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { webhookUrl } from '../../carriers/urls';
import { sleep } from '../../contracts/clock';
import { type ErrorCode, isPatterError } from '../../contracts/errors';
import type { TransferActivities } from '../../contracts/transfer';
import { createCommandGateway } from '../call/command-gateway';
import { loadCall } from '../call/load-call';
import type { ActivityContext } from '../context';
import { reportingGateway, transfersOf } from './parts';

const LOOK_EVERY_MS = 1_500;
const LOOK_AGAIN_MS = 300;

export function createWatchHold(ctx: ActivityContext): TransferActivities['watchHold'] {
  const commandGateway = createCommandGateway(ctx);
  return async ({ callId, gatewayId, streamId }) => {
    const context = Context.current();
    const command = { kind: 'still_holding', commandId: `${callId}/${streamId}/still_holding`, callId, streamId } as const;
    for (let missed = 0; missed < 2; ) {
      context.heartbeat();
      missed = (await commandGateway({ gatewayId, command })).delivered ? 0 : missed + 1;
      await sleep(ctx.clock, missed > 0 ? LOOK_AGAIN_MS : LOOK_EVERY_MS, context.cancellationSignal);
    }
    return { lost: true };
  };
}

export function createHoldCaller(ctx: ActivityContext): TransferActivities['holdCaller'] {
  return async ({ callId, carrierCallId, transferNumber, lostGatewayId }) => {
    const loaded = await loadCall(ctx, callId);
    const transfers = transfersOf(loaded);
    const pair = await reportingGateway(ctx, loaded, lostGatewayId);
    if (!pair) throw ApplicationFailure.retryable('no live gateway to play music', 'PATTER_NO_GATEWAY' satisfies ErrorCode);
    const gatewayUrl = pair.gateway.publicUrl;
    // The same over all tries.
    const order = Context.current().info.activityId;
    try {
      await transfers.hold({ order, callId, carrierCallId, transferNumber, gatewayUrl, musicUrl: webhookUrl(gatewayUrl, 'holdMusic') });
    } catch (error) {
      if (isPatterError(error, 'PATTER_CALL_ENDED')) throw ApplicationFailure.nonRetryable(error.message, error.code);
      throw error;
    }
  };
}
