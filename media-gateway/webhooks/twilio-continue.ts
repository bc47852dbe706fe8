/** A stream or a transfer has ended and Twilio asks what comes next, waiting 15 s for the TwiML. */
import type { FastifyReply } from 'fastify';
import { callSidOf, continueUrl, hangupTwiml, holdTwiml, streamTwiml, waitTwiml } from '../../carriers/twilio';
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
  // Which stream came before; whatever follows asks about the same one.
  const nonce = /^[\w-]{1,64}$/.exec(request.query.stream ?? '')?.[0] ?? '';
  const next = await continueCall(gateway, { callId, carrierCallId, unanswered, afterNonce: nonce });
  switch (next.kind) {
    case 'hangup':
    case 'leave':
      return hangupTwiml();
    case 'wait': {
      const base = next.ask === 'neighbour' ? gateway.fallbackUrl : gateway.publicUrl;
      return waitTwiml(next.ms, continueUrl(base, { callId, nonce, unanswered: next.unanswered }));
    }
    case 'hold':
      return holdTwiml({ ...next, callId, nonce });
    case 'stream':
      return streamTwiml(next.target);
  }
}
