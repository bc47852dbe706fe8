/**
 * Calls to our Telnyx numbers. Telnyx waits two seconds for a webhook's answer and sends it again where there was none; the call itself is answered by
 * a command, when its workflow has admitted it. Until then it rings.
 */
import type { FastifyInstance } from 'fastify';
import { parseTelnyxInbound, parseTelnyxNews } from '../../carriers/telnyx';
import { sleep, within } from '../../contracts/clock';
import { isPatterError } from '../../contracts/errors';
import type { GatewayContext } from '../gateway-context';
import { callIdOf, type InboundAnswer, type InboundRequest, takeInboundCall } from '../inbound-call';
import { passEvent, passPrice } from './pass-event';
import { telnyxRoute } from './telnyx-route';

const WEBHOOK_ANSWER_MS = 1_500;
const ASK_AGAIN_MS = 1_000;
/** Longer than most people let it ring. */
const GIVE_UP_MS = 75_000;
/** Telnyx ignores an `answer` with an id that it has seen: tries are harmless. */
const ANSWER_TRIES = 4;

/** Said before the call is answered; a talk has its own limit, and so has the agent. */
const TIME_LIMIT_MS = 4 * 3_600_000;

interface Ringing {
  /** The workflow has been started: the call is in safe hands. */
  started: Promise<void>;
  over: AbortController;
}

export function registerTelnyxInbound(app: FastifyInstance, gateway: GatewayContext): void {
  const ringing = new Map<string, Ringing>();
  app.addHook('onClose', async () => {
    for (const { over } of ringing.values()) over.abort();
  });
  telnyxRoute(app, gateway, 'telnyxInbound', async (envelope, request, reply) => {
    const news = parseTelnyxInbound(envelope);
    if (!news) {
      // Of a leg of ours whose own address was lost on the way.
      const own = parseTelnyxNews(envelope);
      if (own) await passEvent(gateway, { callId: own.state.c, carrier: 'telnyx', path: request.routeOptions.url }, own.event);
      if (own?.price) await passPrice(gateway, own.state.c, own.price);
      return reply.code(204).send();
    }
    const callId = callIdOf({ carrier: 'telnyx', carrierCallId: news.carrierCallId });
    if (news.kind === 'event') {
      ringing.get(callId)?.over.abort();
      await passEvent(gateway, { callId, carrier: 'telnyx', path: request.routeOptions.url }, news.event);
      return reply.code(204).send();
    }
    if (gateway.calls.of(callId).length > 0) return reply.code(204).send();
    const { kind: _, ...facts } = news;
    const { started } = ringing.get(callId) ?? ring(gateway, ringing, callId, { carrier: 'telnyx', ...facts });
    const told = await within(
      gateway.clock,
      WEBHOOK_ANSWER_MS,
      started.then(() => true),
    );
    // Sent again, here or to the fail-over address, while this process goes on trying.
    return reply.code(told ? 204 : 503).send();
  });
}

function ring(
  gateway: GatewayContext,
  ringing: Map<string, Ringing>,
  callId: string,
  request: Omit<InboundRequest, 'askedBefore'>,
): Ringing {
  const over = new AbortController();
  let onStarted: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    onStarted = resolve;
  });
  const entry = { started, over };
  ringing.set(callId, entry);
  void answerWhenAdmitted(gateway, callId, request, over.signal, onStarted)
    .catch((error: unknown) => gateway.log.error({ callId, err: error }, 'a call that came in was not answered'))
    .finally(() => {
      if (ringing.get(callId) === entry) ringing.delete(callId);
    });
  return entry;
}

async function answerWhenAdmitted(
  gateway: GatewayContext,
  callId: string,
  request: Omit<InboundRequest, 'askedBefore'>,
  signal: AbortSignal,
  onStarted: () => void,
): Promise<void> {
  const { clock, outbox } = gateway;
  const giveUpAt = clock.monotonic() + GIVE_UP_MS;
  for (let askedBefore = false; ; askedBefore = true) {
    const answer = await takeInboundCall(gateway, { ...request, askedBefore }, onStarted);
    if (signal.aborted) return;
    switch (answer.kind) {
      case 'answer':
        return answerCall(gateway, callId, request, answer, signal);
      case 'refuse':
        outbox.post({ kind: 'hangup', callId, carrier: 'telnyx', carrierCallId: request.carrierCallId, at: clock.now() });
        return;
      case 'ask_again':
        if (clock.monotonic() > giveUpAt) return;
        await sleep(clock, ASK_AGAIN_MS, signal).catch(() => undefined);
        break;
      default:
        answer satisfies never;
    }
    if (signal.aborted) return;
  }
}

async function answerCall(
  gateway: GatewayContext,
  callId: string,
  { carrierCallId, to, from }: Omit<InboundRequest, 'askedBefore'>,
  { target }: Extract<InboundAnswer, { kind: 'answer' }>,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      const carrier = (await gateway.carriersOf(callId)).get('telnyx');
      await carrier?.answer?.({ ...target, carrierCallId, to, from, timeLimitMs: TIME_LIMIT_MS });
      return;
    } catch (error) {
      // Over, or answered by a repeat of the webhook elsewhere.
      if (isPatterError(error, 'PATTER_CALL_ENDED') || isPatterError(error, 'PATTER_CARRIER_REFUSED') || attempt >= ANSWER_TRIES) {
        gateway.log.warn({ callId, carrierCallId, err: error }, 'a call that came in was not answered by this gateway');
        return;
      }
    }
    await sleep(gateway.clock, ASK_AGAIN_MS / 2, signal).catch(() => undefined);
  }
}
