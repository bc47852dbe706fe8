/** Twilio's webhooks of a call: its state, its detection, its streams and transfers, and the question what comes next. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { parseAmdCallback, parseStatusCallback, parseStreamCallback, parseTransferEnded, parseTransferStatus } from '../../carriers/twilio';
import type { CarrierEvent } from '../../contracts/call';
import type { GatewayContext } from '../gateway-context';
import { passEvent } from './pass-event';
import { continueTwilioCall } from './twilio-continue';
import { type TwilioRequest, transferNumberOf, twilioRoute } from './twilio-route';

export function registerTwilioCalls(app: FastifyInstance, gateway: GatewayContext): void {
  const now = () => gateway.clock.now();
  const pass = (request: TwilioRequest, event: CarrierEvent | undefined) =>
    passEvent(gateway, { callId: request.params.callId, carrier: 'twilio', path: request.routeOptions.url }, event);
  const event = (parse: (request: TwilioRequest) => CarrierEvent | undefined) => async (request: TwilioRequest, reply: FastifyReply) => {
    await pass(request, parse(request));
    return reply.code(204).send();
  };

  twilioRoute(
    app,
    gateway,
    'status',
    event(({ body }) => parseStatusCallback(body, now())),
  );
  twilioRoute(
    app,
    gateway,
    'amd',
    event(({ body }) => parseAmdCallback(body, now())),
  );
  twilioRoute(
    app,
    gateway,
    'stream',
    event(({ body }) => parseStreamCallback(body, now())),
  );
  twilioRoute(
    app,
    gateway,
    'transferStatus',
    event(({ body, params }) => parseTransferStatus(body, transferNumberOf(params), now())),
  );
  twilioRoute(app, gateway, 'continue', (request, reply) => continueTwilioCall(request, reply, gateway));
  twilioRoute(app, gateway, 'transferEnded', async (request, reply) => {
    await pass(request, parseTransferEnded(request.body, transferNumberOf(request.params), now()));
    return continueTwilioCall(request, reply, gateway);
  });
}
