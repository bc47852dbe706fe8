/** Twilio's webhooks of a warm transfer: what the person's leg does, and the key that they press. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import {
  askAgainTwiml,
  hangupTwiml,
  parseConsultAmd,
  parseConsultAnswer,
  parseConsultBridged,
  parseConsultStatus,
  personJoinsTwiml,
} from '../../carriers/twilio';
import type { CarrierEvent } from '../../contracts/call';
import { transferQuestion } from '../../policy/transfer-words';
import type { GatewayContext } from '../gateway-context';
import { passEvent } from './pass-event';
import { type TwilioRequest, transferNumberOf, twilioRoute } from './twilio-route';

export function registerTwilioTransfer(app: FastifyInstance, gateway: GatewayContext): void {
  const now = () => gateway.clock.now();
  const pass = (request: TwilioRequest, event: CarrierEvent | undefined) =>
    passEvent(gateway, { callId: request.params.callId, carrier: 'twilio', path: request.routeOptions.url }, event);
  const event =
    (parse: (form: TwilioRequest['body'], transferNumber: number, receivedAt: number) => CarrierEvent | undefined) =>
    async (request: TwilioRequest, reply: FastifyReply) => {
      await pass(request, parse(request.body, transferNumberOf(request.params), now()));
      return reply.code(204).send();
    };
  const transferOf = ({ params }: TwilioRequest) => ({
    callId: params.callId,
    transferNumber: transferNumberOf(params),
    gatewayUrl: gateway.publicUrl,
  });
  const xml = (reply: FastifyReply) => reply.type('text/xml; charset=utf-8');

  twilioRoute(app, gateway, 'consultStatus', event(parseConsultStatus));
  twilioRoute(app, gateway, 'consultAmd', event(parseConsultAmd));
  twilioRoute(app, gateway, 'consultBridged', event(parseConsultBridged));
  // The person waits in the conference: the workflow knows of it by now, or will as soon as it can, and brings the caller or hangs up.
  twilioRoute(app, gateway, 'consultAnswer', async (request, reply) => {
    const answer = parseConsultAnswer(request.body, transferNumberOf(request.params), now());
    await pass(request, answer);
    const accepted = answer?.kind === 'consult' && answer.step === 'accepted';
    xml(reply);
    return accepted ? personJoinsTwiml(transferOf(request)) : hangupTwiml();
  });
  twilioRoute(app, gateway, 'consultAgain', async (request, reply) => {
    const { language = 'en-US' } = request.query;
    xml(reply);
    return askAgainTwiml(transferOf(request), transferQuestion(language), language);
  });
}
