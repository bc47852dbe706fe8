import type { CallActivities } from '../../contracts/activities';
import { startCallbacks } from '../callbacks/start';
import type { ActivityContext } from '../context';
import { createAdmitInbound } from './admit-inbound';
import { createCommandGateway } from './command-gateway';
import { createConversation } from './conversation';
import { createDial } from './dial';
import { createFetchCarrierCall, createHangupCall } from './end-carrier-call';
import { createReconcileDial } from './reconcile-dial';
import { createReconcileTransfer } from './reconcile-transfer';
import { createRecordOptOut } from './record-opt-out';
import { createRestreamCall } from './restream-call';
import { createSettleCall } from './settle-call';
import { createTransferCall } from './transfer-call';

export function createCallActivities(ctx: ActivityContext): CallActivities {
  return {
    dial: createDial(ctx),
    admitInbound: createAdmitInbound(ctx),
    reconcileDial: createReconcileDial(ctx),
    conversation: createConversation(),
    commandGateway: createCommandGateway(ctx),
    hangupCall: createHangupCall(ctx),
    fetchCarrierCall: createFetchCarrierCall(ctx),
    restreamCall: createRestreamCall(ctx),
    transferCall: createTransferCall(ctx),
    reconcileTransfer: createReconcileTransfer(ctx),
    recordOptOut: createRecordOptOut(ctx),
    startCallbacks: (input) => startCallbacks(ctx, input),
    settleCall: createSettleCall(ctx),
  };
}
