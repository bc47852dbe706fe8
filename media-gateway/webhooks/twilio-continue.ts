/** A stream or a transfer has ended and Twilio asks what comes next, waiting 15 s for the TwiML. */
import type { FastifyReply } from 'fastify';
import { callSidOf, hangupTwiml, holdTwiml, streamTwiml, waitTwiml, webhookUrl } from '../../carriers/twilio';
import { PatterError } from '../../contracts/errors';
import { continueCall } from '../continue-call';
import type { GatewayContext } from '../gateway-context';
import type { TwilioRequest } from './twilio-route';

export async function continueTwilioCall(request: TwilioRequest, reply: FastifyReply, gateway: GatewayContext): Promise<string> {
  const { callId } = request.params;
  const carrierCallId = callSidOf(request.body);
  if (!carrierCallId) throw new PatterError('PATTER_STREAM_PROTOCOL', 'CallSid is missing');
  reply.type('text/xml; charset=utf-8');
  // How often the workflow was asked in vain, in the query of the address that Twilio is sent back to.
  const unanswered = Number(/^\d$/.exec(request.query.unanswered ?? '')?.[0] ?? 0);
  const next = await continueCall(gateway, { callId, carrierCallId, unanswered });
  switch (next.kind) {
    case 'hangup':
    case 'leave':
      return hangupTwiml();
    case 'wait': {
      const url = webhookUrl(next.ask === 'neighbour' ? gateway.fallbackUrl : gateway.publicUrl, 'continue', { callId });
      return waitTwiml(next.ms, next.unanswered === 0 ? url : `${url}?unanswered=${next.unanswered}`);
    }
    case 'hold':
      return holdTwiml({ ...next, callId });
    case 'stream':
      return streamTwiml(next.target);
  }
}
