/** Telnyx' webhooks of a call and of the legs dialled for it. Telnyx asks nothing: what follows a stream's end is done by commands (decision 6). */
import type { FastifyInstance } from 'fastify';
import { parseTelnyxNews, type TelnyxNews, tokenOf } from '../../carriers/telnyx';
import { isTerminalCarrierStatus } from '../../contracts/carrier';
import { isPatterError } from '../../contracts/errors';
import { nonceOf } from '../../runtime/call-token';
import { continueCall } from '../continue-call';
import type { GatewayContext } from '../gateway-context';
import { passEvent, passPrice } from './pass-event';
import { telnyxRoute } from './telnyx-route';

export function registerTelnyxCalls(app: FastifyInstance, gateway: GatewayContext): void {
  telnyxRoute(app, gateway, 'telnyxEvents', async (envelope, request, reply) => {
    const { callId } = request.params;
    const news = parseTelnyxNews(envelope);
    if (!news || news.state.c !== callId) {
      gateway.log.warn({ callId, event: envelope.type }, 'a webhook of a leg that is not of this call was dropped');
      return reply.code(204).send();
    }
    // Before anything is awaited: the end of a stream that comes with it shall not be asked about.
    if (isCallOver(news)) gateway.endedStreams.onCallOver(callId);
    await passEvent(gateway, { callId, carrier: 'telnyx', path: `${request.routeOptions.url} ${envelope.type}` }, news.event);
    if (news.price) await passPrice(gateway, callId, news.price);
    if (news.state.l === 'call') {
      if (news.streamEnded) onStreamEnded(gateway, callId, news.carrierCallId, news.streamEnded.url);
      if (news.bridged) endStream(gateway, callId, news.carrierCallId);
    }
    return reply.code(204).send();
  });
}

function isCallOver({ state, event }: TelnyxNews): boolean {
  return state.l === 'call' && event?.kind === 'status' && isTerminalCarrierStatus(event.status);
}

function onStreamEnded(gateway: GatewayContext, callId: string, carrierCallId: string, url: string | undefined): void {
  const token = url === undefined ? undefined : tokenOf(url);
  const endedNonce = token === undefined ? undefined : nonceOf(token, gateway.secretKey);
  // Not a stream of ours. One of ours that nobody asks about is missed by its heartbeats.
  if (endedNonce === undefined) return;
  gateway.endedStreams.onEnded(callId, endedNonce, () => void goOn(gateway, { callId, carrierCallId, endedNonce, unanswered: 0 }));
}

/** Never rejects: where it fails, the workflow has its own route. */
async function goOn(
  gateway: GatewayContext,
  question: { callId: string; carrierCallId: string; endedNonce: string; unanswered: number },
): Promise<void> {
  const { callId, carrierCallId } = question;
  try {
    const carrier = (await gateway.carriersOf(callId)).get('telnyx');
    if (!carrier) return;
    const next = await continueCall(gateway, question);
    switch (next.kind) {
      case 'leave':
        return;
      case 'hangup':
        // Nobody is left to talk for this call: its workflow is over.
        gateway.outbox.post({ kind: 'hangup', callId, carrier: 'telnyx', carrierCallId, at: gateway.clock.now() });
        return;
      case 'wait':
        // Without a neighbour there is nobody else to ask, and this gateway goes: the workflow does not wait for it.
        if (next.ask === 'here') {
          gateway.endedStreams.after(callId, next.ms, () => void goOn(gateway, { ...question, unanswered: next.unanswered }));
        }
        return;
      case 'hold':
        // The stream that played the music is gone; the workflow sees to the rest.
        return;
      case 'stream':
        await carrier.restream({ ...next.target, carrierCallId });
        return;
      default:
        next satisfies never;
    }
  } catch (error) {
    if (isPatterError(error, 'PATTER_CALL_ENDED')) return;
    gateway.log.warn({ callId, carrierCallId, err: error }, 'the call was not connected with a new stream; the workflow tries');
  }
}

/** Caller and person hear each other: Telnyx would go on streaming the caller to us. */
function endStream(gateway: GatewayContext, callId: string, carrierCallId: string): void {
  gateway
    .carriersOf(callId)
    .then((carriers) => carriers.get('telnyx')?.endStream?.(carrierCallId))
    .catch((error: unknown) => gateway.log.warn({ callId, carrierCallId, err: error }, 'the stream of a bridged call was not ended'));
}
