/** What the developer orders of a call under way: taken in once, and carried out by whichever gateway holds the conversation. */
import { ApplicationFailure, condition, sleep } from '@temporalio/workflow';
import type { CallOrder, CallOrderRequest, GatewayEvent } from '../../contracts/call';
import type { ErrorCode } from '../../contracts/errors';
import { commandGateway } from './activities';
import type { CallState, Conversation } from './call-state';

const E164 = /^\+[1-9]\d{6,14}$/;
const MAX_TEXT = 4_000;
/** A gateway that lives takes an order at once; one that does not is noticed by its heartbeat, and the next one gets it. */
const TRIES = 5;
const TRY_AGAIN_MS = 1_000;
/** A hang-up that waits for its last words. */
const LAST_WORDS_WITHIN_MS = 60_000;
/** In the whole life of a call. */
const MAX_ORDERS = 200;

interface Standing {
  orderId: string;
  order: CallOrder;
  /** Epoch milliseconds by the workflow's clock. */
  at: number;
  done: boolean;
}

export class Orders {
  private readonly standing = new Map<string, Standing>();

  has(orderId: string): boolean {
    return this.standing.has(orderId);
  }

  get size(): number {
    return this.standing.size;
  }

  /** An order that is known changes nothing. */
  take(state: CallState, { orderId, order }: CallOrderRequest): void {
    if (this.standing.has(orderId)) return;
    const standing: Standing = { orderId, order, at: Date.now(), done: false };
    this.standing.set(orderId, standing);
    if (order.kind === 'hangup') hangUp(state, standing);
    else this.deliver(state, standing);
  }

  /** A new stream has been attached: what the last one did not get done, it does. */
  repeat(state: CallState): void {
    for (const standing of this.pending()) {
      if (standing.order.kind === 'say' && wasHeard(state, standing)) standing.done = true;
      else this.deliver(state, standing);
    }
  }

  /** Whom the caller is handed to now, when the conversation ended because it was ordered. */
  takeTransfer(): string | undefined {
    const [standing] = this.pending().filter(({ order }) => order.kind === 'transfer');
    if (standing?.order.kind !== 'transfer') return undefined;
    standing.done = true;
    return standing.order.number;
  }

  said(event: Extract<GatewayEvent, { kind: 'said' }>): void {
    const standing = this.standing.get(event.orderId);
    if (standing) standing.done = true;
  }

  private pending(): Standing[] {
    return [...this.standing.values()].filter(({ done }) => !done);
  }

  private deliver(state: CallState, standing: Standing): void {
    const conversation = state.liveConversation;
    if (conversation) deliver(state, conversation, standing);
  }
}

/** Refused before it leaves a trace in the history. */
export function validateOrder(state: CallState, { orderId, order }: CallOrderRequest): void {
  if (state.orders.has(orderId)) return;
  if (state.isOver || (state.mustStop && order.kind !== 'hangup')) throw refused('PATTER_CALL_ENDED', 'the call has ended');
  if (typeof orderId !== 'string' || orderId === '' || orderId.length > 256) throw refused('PATTER_REQUEST_INVALID', 'an order has an id');
  if (state.orders.size >= MAX_ORDERS) throw refused('PATTER_REQUEST_INVALID', `a call takes at most ${MAX_ORDERS} orders`);
  const problem = problemOf(order);
  if (problem) throw refused('PATTER_REQUEST_INVALID', problem);
}

function problemOf(order: CallOrder): string | undefined {
  switch (order.kind) {
    case 'say':
      return order.text.trim() === '' || order.text.length > MAX_TEXT ? `a text to say has 1 to ${MAX_TEXT} characters` : undefined;
    case 'transfer':
      return E164.test(order.number) ? undefined : 'write the number in E.164 form, as in +15005550006';
    case 'hangup':
      return (order.say?.length ?? 0) > MAX_TEXT ? `last words have at most ${MAX_TEXT} characters` : undefined;
    default:
      return `there is no order ${String((order satisfies never as { kind?: unknown }).kind)}`;
  }
}

function refused(code: ErrorCode, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code);
}

/** Without last words, or without anybody to speak them, the carrier is told: it needs no gateway. */
function hangUp(state: CallState, standing: Standing): void {
  const { order } = standing;
  const stop = () => {
    standing.done = true;
    state.stop = { reason: 'hung up on request', cancelIfQueuedOnly: false };
  };
  const conversation = state.liveConversation;
  if (order.kind !== 'hangup' || !order.say || !conversation) {
    stop();
    return;
  }
  deliver(state, conversation, standing);
  condition(() => state.isOver || standing.done, LAST_WORDS_WITHIN_MS).then(
    (over) => {
      if (!over) stop();
    },
    // The workflow is canceled, which hangs up too.
    () => undefined,
  );
}

function deliver(state: CallState, conversation: Conversation, standing: Standing): void {
  tryToDeliver(state, conversation, standing).catch(() => undefined);
}

async function tryToDeliver(state: CallState, conversation: Conversation, standing: Standing): Promise<void> {
  const { callId } = state.input;
  const { gatewayId, streamId } = conversation;
  // By the stream and not by the attachment: a gateway that attaches its stream again has the order already.
  const envelope = { callId, streamId, commandId: `${callId}/${streamId}/order/${standing.orderId}` };
  const command = { ...envelope, ...commandOf(standing) };
  for (let attempt = 0; attempt < TRIES && !standing.done && state.liveConversation === conversation; attempt++) {
    if (attempt > 0) await sleep(TRY_AGAIN_MS);
    const answer = await commandGateway({ gatewayId, command }).catch(() => ({ delivered: false }));
    if (answer.delivered) return;
  }
}

function commandOf({ orderId, order }: Standing) {
  switch (order.kind) {
    case 'say':
      return { kind: 'say', orderId, text: order.text, interruptible: order.interruptible ?? true } as const;
    case 'transfer':
      return { kind: 'transfer' } as const;
    case 'hangup':
      return { kind: 'hangup', reason: 'hung up on request', say: order.say } as const;
    default:
      return order satisfies never;
  }
}

/** By the caller, on a gateway that died before it could tell. */
function wasHeard(state: CallState, { order, at }: Standing): boolean {
  if (order.kind !== 'say') return false;
  return state.transcript
    .turns()
    .some((turn) => turn.role === 'assistant' && !turn.interrupted && turn.at >= at - 1_000 && turn.text.includes(order.text.trim()));
}
