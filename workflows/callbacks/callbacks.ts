/** After a call of an app: sees to it that the developer's callbacks have been told all of it, however long their process is away. */
import { proxyActivities } from '@temporalio/workflow';
import { appTaskQueue } from '../../contracts/app-queue';
import type { CallbackActivities, CallbacksInput } from '../../contracts/callbacks';

export async function callbacks(input: CallbacksInput): Promise<void> {
  const { deliverCallbacks } = proxyActivities<CallbackActivities>({
    // Waits there, unstarted, until a process of the app is back.
    taskQueue: appTaskQueue(input.app),
    startToCloseTimeout: '15m',
    heartbeatTimeout: '15s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m' },
  });
  await deliverCallbacks(input);
}
