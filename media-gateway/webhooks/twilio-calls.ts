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
    event(({ body, params }) => {
      const amd = parseAmdCallback(body, now());
      // The words have told already: the carrier's "human" adds nothing but four events of history.
      const known =
        amd?.kind === 'amd' && amd.answeredBy === 'human' && gateway.calls.of(params.callId).some((host) => host.humanConfirmed);
      return known ? undefined : amd;
    }),
  );
  twilioRoute(
    app,
    gateway,
    'stream',
    event(({ body, params }) => {
      const stream = parseStreamCallback(body, now());
      if (stream?.kind !== 'stream') return stream;
      // The attach has told of its start, and the report tells of its end; as signals they would cost every answered call up to eight events of history.
      return stream.status === 'started' || gateway.calls.tellsOf(params.callId, stream.streamId) ? undefined : stream;
    }),
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
