/** The smallest workflow that a gateway can hold a conversation for: it answers the attach, and waits for the report. */
import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import {
  type AttachResult,
  attachUpdate,
  type CallSetup,
  carrierEventSignal,
  conversationActivityId,
  gatewayEventSignal,
} from '../../contracts/call';

interface Activities {
  conversation(): Promise<unknown>;
}

export async function call(setup: CallSetup): Promise<void> {
  let over = false;
  setHandler(carrierEventSignal, () => undefined);
  setHandler(gatewayEventSignal, () => undefined);
  setHandler(attachUpdate, (): AttachResult => {
    const activityId = conversationActivityId(1);
    const { conversation } = proxyActivities<Activities>({
      activityId,
      startToCloseTimeout: '1 hour',
      // Longer than the product's: a machine that is overloaded on purpose must not change what is measured.
      heartbeatTimeout: '30 seconds',
      retry: { maximumAttempts: 1 },
    });
    conversation().then(
      () => {
        over = true;
      },
      () => {
        over = true;
      },
    );
    return { kind: 'attached', setup, activityId, history: [], attachment: 1 };
  });
  await condition(() => over);
}
