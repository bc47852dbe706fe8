/** Calls to our Twilio numbers. Twilio waits 15 s for the TwiML, and the caller hears it ring. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { parseInboundCall, parseStatusCallback, rejectTwiml, streamTwiml, waitTwiml, webhookUrl } from '../../carriers/twilio';
import { PatterError } from '../../contracts/errors';
import type { GatewayContext } from '../gateway-context';
import { callIdOf, takeInboundCall } from '../inbound-call';
import { passEvent } from './pass-event';
import { type TwilioRequest, twilioRoute } from './twilio-route';

/** A pause before anything else is not yet an answer: the phone goes on ringing. */
const ASK_AGAIN_MS = 1_000;
/** With the deadlines of each try more than a minute, which is longer than most people let it ring. */
const MAX_UNANSWERED = 12;
const UNANSWERED = 'patter_unanswered';

export function registerTwilioInbound(app: FastifyInstance, gateway: GatewayContext): void {
  twilioRoute(app, gateway, 'twilioVoice', (request, reply) => answerCall(request, reply, gateway));
  twilioRoute(app, gateway, 'twilioVoiceStatus', async (request, reply) => {
    const event = parseStatusCallback(request.body, gateway.clock.now());
    if (!event) throw new PatterError('PATTER_STREAM_PROTOCOL', 'No call, or no status of it');
    const callId = callIdOf({ carrier: 'twilio', carrierCallId: event.carrierCallId });
    await passEvent(gateway, { callId, carrier: 'twilio', path: request.routeOptions.url }, event);
    return reply.code(204).send();
  });
}

async function answerCall(request: TwilioRequest, reply: FastifyReply, gateway: GatewayContext): Promise<string> {
  const { [UNANSWERED]: counted, ...query } = request.query;
  const call = parseInboundCall(request.body, query);
  reply.type('text/xml; charset=utf-8');
  if (!call) {
    gateway.log.warn({ code: 'PATTER_LINE_NOT_FOUND' }, 'a call to something that is no phone number is refused');
    return rejectTwiml('rejected');
  }
  const answer = await takeInboundCall(gateway, { carrier: 'twilio', askedBefore: counted !== undefined, ...call });
  switch (answer.kind) {
    case 'answer':
      return streamTwiml(answer.target);
    case 'refuse':
      return rejectTwiml(answer.as);
    case 'ask_again': {
      const unanswered = Number(/^\d{1,2}$/.exec(counted ?? '')?.[0] ?? 0) + 1;
      if (unanswered >= MAX_UNANSWERED) return rejectTwiml('busy');
      // Its own parameters are kept: they are the line's.
      const again = new URLSearchParams({ ...(query as Record<string, string>), [UNANSWERED]: String(unanswered) });
      return waitTwiml(ASK_AGAIN_MS, `${webhookUrl(gateway.publicUrl, 'twilioVoice')}?${again}`);
    }
    default:
      return answer satisfies never;
  }
}
