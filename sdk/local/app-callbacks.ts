/** The developer's functions of one app, beside its gateway: callbacks told live and again after a crash, `onMessage`, durable tool handlers. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../contracts/clock';
import { commandCall } from '../../control/calls/command-call';
import type { CallTaps } from '../../media-gateway/call-taps';
import type { OnMessage } from '../../media-gateway/engines/pipeline/on-message/on-message';
import { createAppToolActivities } from '../../media-gateway/tools/tool-activities';
import type { PriceTable } from '../../policy/cost';
import { mayReachPrivate } from '../../runtime/guarded-fetch';
import type { Logger } from '../../runtime/log';
import type { Running } from '../../runtime/running';
import { CallbackDispatcher, createCallbackWorker, keepForgetting, messageFunction } from '../callbacks';
import type { MessageHandler } from '../options/callbacks';
import type { AgentRegistry } from './agent-registry';
import type { OpenHome } from './open-home';

export interface AppCallbacksOptions {
  home: OpenHome;
  app: string;
  agents: AgentRegistry;
  prices: PriceTable;
  persistRoot: string | null;
  /** `whsec_…`, signs the POSTs of callbacks that are URLs; '': none. */
  webhookSecret: string;
  log: Logger;
}

export interface AppCallbacks {
  readonly dispatcher: CallbackDispatcher;
  readonly taps: CallTaps;
  /** The Temporal worker of the app's own queue. */
  work(): Promise<Pick<Running, 'stop' | 'closed'>>;
  /** From the developer's code: any number. */
  transfer(callId: string, number: string): Promise<void>;
}

export function openAppCallbacks(options: AppCallbacksOptions): AppCallbacks {
  const { agents, app, home, log, persistRoot, prices, webhookSecret } = options;
  const dispatcher = new CallbackDispatcher({
    ...{ app, log, persistRoot },
    store: home.ctx.store,
    // Undefined right after a start, or after a restart until the agent is made again: what has ended meanwhile waits for it.
    callbacksOf: ({ code }) => agents.find(code)?.callbacks,
    allowPrivate: mayReachPrivate(home.config),
    ...(webhookSecret !== '' && { webhookSecret }),
    ...(Object.keys(prices).length > 0 ? { prices } : {}),
  });
  return {
    dispatcher,
    taps: dispatcher.taps,
    transfer: async (callId, number) => {
      await commandCall(home.ctx, callId, { kind: 'transfer', number }, { orderId: randomUUID() });
    },
    async work() {
      const activities = createAppToolActivities((code) => agents.find(code)?.compiled.code, { log });
      const telling: Pick<CallbackDispatcher, 'finish'> = {
        finish: async (input) => {
          await dispatcher.finish(input);
          agents.ended(input.callId);
        },
      };
      const worker = await createCallbackWorker({ config: home.config, app, dispatcher: telling, activities: { ...activities }, log });
      const { clock, store } = home.ctx;
      const forgetting = persistRoot === null ? undefined : keepForgetting(persistRoot, { clock, store, log });
      return {
        closed: worker.closed,
        stop: async () => {
          await forgetting?.stop();
          // What comes from the gateway's last calls has been told by now.
          await dispatcher.stop();
          await worker.stop();
        },
      };
    },
  };
}

/**
 * A function as the gateway calls it; a URL stays one.
 * @param callbacks of this moment: an agent may be made before anything runs
 */
export function onMessageOf(handler: MessageHandler, callbacks: () => AppCallbacks | undefined): OnMessage | string {
  if (typeof handler === 'string') return handler;
  return messageFunction(handler, {
    calls: { live: (callId) => callbacks()?.dispatcher.live(callId) },
    transfer: async (callId, number) => callbacks()?.transfer(callId, number),
    now: () => systemClock.now(),
  });
}
