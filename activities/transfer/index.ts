import type { TransferActivities } from '../../contracts/transfer';
import type { ActivityContext } from '../context';
import { createAskPerson, createBridge } from './bridge';
import { createConsult } from './consult';
import { createHoldCaller, createWatchHold } from './hold';
import { createReconcileConsult } from './reconcile-consult';

export function createTransferActivities(ctx: ActivityContext): TransferActivities {
  return {
    consult: createConsult(ctx),
    reconcileConsult: createReconcileConsult(ctx),
    askPerson: createAskPerson(ctx),
    bridge: createBridge(ctx),
    watchHold: createWatchHold(ctx),
    holdCaller: createHoldCaller(ctx),
  };
}
