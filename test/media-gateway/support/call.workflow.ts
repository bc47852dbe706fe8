/** The workflow's side of the border, without its decisions: takes what comes, and shows it. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type AttachRequest,
  type AttachResult,
  attachUpdate,
  type CallSetup,
  type CarrierEvent,
  type ConversationReport,
  carrierEventSignal,
  conversationActivityId,
  type GatewayEvent,
  gatewayEventSignal,
  type NextInstruction,
  nextInstructionUpdate,
  type TranscriptTurn,
} from '../../../contracts/call';

export interface Script {
  setup: CallSetup;
  /** Answer to every attach with a stream. */
  refuse?: Extract<AttachResult, { kind: 'refused' }>;
  instruction?: NextInstruction;
  /** The dial's request has not been answered yet. */
  dialing?: true;
  /** Cannot handle a gateway that warms up. */
  breaksAtRinging?: true;
  history?: TranscriptTurn[];
}

export interface Seen {
  attaches: AttachRequest[];
  carrierEvents: CarrierEvent[];
  gatewayEvents: GatewayEvent[];
  instructions: { gatewayId: string; carrierCallId: string }[];
  reports: ConversationReport[];
  lost: string[];
}

export const seenQuery = defineQuery<Seen>('seen');
export const finishSignal = defineSignal('finish');
/** As when another gateway has the call. */
export const cancelConversationsSignal = defineSignal('cancelConversations');

interface Activities {
  conversation(input: { callId: string; streamId: string; gatewayId: string }): Promise<ConversationReport>;
  dial(): Promise<void>;
}

/** No worker has this queue: it stays under way. */
const { dial } = proxyActivities<Pick<Activities, 'dial'>>({ taskQueue: 'nobody', startToCloseTimeout: '1 hour' });

/** A gateway starts its own calls with what it knows: no script. */
function setupOfInbound(): CallSetup {
  return { callId: workflowInfo().workflowId, agent: {} } as CallSetup;
}

export async function call(script: Script): Promise<void> {
  const seen: Seen = { attaches: [], carrierEvents: [], gatewayEvents: [], instructions: [], reports: [], lost: [] };
  const nonces = new Set<string>();
  const conversations = new CancellationScope();
  let streams = 0;
  let finished = false;
  setHandler(seenQuery, () => seen);
  setHandler(finishSignal, () => {
    finished = true;
  });
  setHandler(cancelConversationsSignal, () => conversations.cancel());
  setHandler(carrierEventSignal, (event) => {
    seen.carrierEvents.push(event);
  });
  setHandler(gatewayEventSignal, (event) => {
    seen.gatewayEvents.push(event);
  });
  setHandler(nextInstructionUpdate, (request) => {
    seen.instructions.push(request);
    return script.instruction ?? { kind: 'hangup' };
  });
  setHandler(attachUpdate, (request): AttachResult => {
    seen.attaches.push(request);
    const setup = request.haveSetup ? undefined : (script.setup ?? setupOfInbound());
    if (!request.streamId && script.breaksAtRinging) throw ApplicationFailure.nonRetryable('broken');
    if (!request.streamId) return { kind: 'attached', setup, history: [], attachment: streams + 1 };
    if (script.refuse) return script.refuse;
    if (request.over) {
      seen.gatewayEvents.push(...request.over.events);
      seen.reports.push(request.over.report);
      return { kind: 'attached', history: [], attachment: ++streams };
    }
    if (nonces.has(request.tokenNonce ?? '')) {
      return { kind: 'refused', action: 'close', code: 'PATTER_TOKEN_USED', reason: 'used before' };
    }
    nonces.add(request.tokenNonce ?? '');
    streams += 1;
    const activityId = conversationActivityId(streams);
    const { conversation } = proxyActivities<Activities>({
      activityId,
      startToCloseTimeout: '1 hour',
      heartbeatTimeout: '6 seconds',
      cancellationType: 'TRY_CANCEL',
      retry: { maximumAttempts: 1 },
    });
    const input = { callId: workflowInfo().workflowId, streamId: request.streamId, gatewayId: request.gatewayId };
    conversations
      .run(() => conversation(input))
      .then(
        (report) => seen.reports.push(report),
        (error: Error) => seen.lost.push(String(error.cause ?? error)),
      );
    return { kind: 'attached', setup, activityId, history: script.history ?? [], attachment: streams };
  });
  if (script.dialing) void dial().catch(() => undefined);
  await condition(() => finished);
}
