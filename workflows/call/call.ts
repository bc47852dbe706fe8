/** One attempt to reach one contact, from the dial to the record. */
import { allHandlersFinished, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import {
  attachUpdate,
  type CallInput,
  type CallOrderRequest,
  type CallView,
  callOrderUpdate,
  callViewQuery,
  carrierEventSignal,
  gatewayEventSignal,
  liveCallQuery,
  nextInstructionUpdate,
  stopCallSignal,
} from '../../contracts/call';
import { runToolUpdate } from '../../contracts/durable-tool';
import { admit } from './admit';
import { attach, validateAttach } from './attach';
import { CallState, type Phase } from './call-state';
import { consulting } from './consulting';
import { validateRunTool } from './durable-tools';
import { ending } from './ending';
import { nextInstruction } from './next-instruction';
import { validateOrder } from './orders';
import { place } from './place';
import { reconnecting } from './reconnecting';
import { settling } from './settling';
import { onCarrierEvent, onGatewayEvent, onStop } from './signals';
import { talking } from './talking';
import { transferred, transferring } from './transferring';
import { waiting } from './waiting';

export async function call(input: CallInput): Promise<CallView> {
  const state = new CallState(input);
  setHandler(callViewQuery, () => state.view());
  setHandler(liveCallQuery, () => state.live());
  setHandler(carrierEventSignal, (event) => onCarrierEvent(state, event));
  setHandler(gatewayEventSignal, (event) => onGatewayEvent(state, event));
  setHandler(stopCallSignal, (stop) => onStop(state, stop));
  setHandler(attachUpdate, (request) => attach(state, request), { validator: validateAttach });
  setHandler(runToolUpdate, (request) => state.durableTools.run(state, request), { validator: validateRunTool });
  setHandler(nextInstructionUpdate, (request) => nextInstruction(state, request));
  const order = (request: CallOrderRequest) => {
    state.orders.take(state, request);
    return { accepted: true } as const;
  };
  setHandler(callOrderUpdate, order, { validator: (request) => validateOrder(state, request) });

  // A cancelled workflow still hangs up and writes its record.
  CancellationScope.current().cancelRequested.catch(() =>
    onStop(state, { reason: 'the workflow was canceled', cancelIfQueuedOnly: false }),
  );
  await CancellationScope.nonCancellable(async () => {
    while (state.phase.kind !== 'ended') state.phase = await step(state, state.phase);
    await condition(allHandlersFinished);
  });
  return state.view();
}

function step(state: CallState, phase: Exclude<Phase, { kind: 'ended' }>): Promise<Phase> {
  switch (phase.kind) {
    case 'admitting':
      return admit(state);
    case 'dialing':
    case 'reconciling':
      return place(state);
    case 'waiting':
      return waiting(state);
    case 'talking':
      return talking(state);
    case 'reconnecting':
      return reconnecting(state);
    case 'transferring':
      return transferring(state, phase.transferNumber);
    case 'consulting':
      return consulting(state, phase.transferNumber);
    case 'transferred':
      return transferred(state);
    case 'ending':
      return ending(state, phase.hangUp);
    case 'settling':
      return settling(state);
    default:
      return phase satisfies never;
  }
}
