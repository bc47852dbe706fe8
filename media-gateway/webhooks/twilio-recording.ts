/** Twilio's callback of a finished recording: for the call's recording workflow, which may outlive the call's own. */
import type { FastifyInstance } from 'fastify';
import { parseRecordingCallback } from '../../carriers/twilio';
import type { GatewayContext } from '../gateway-context';
import { passEvent } from './pass-event';
import { twilioRoute } from './twilio-route';

export function registerTwilioRecording(app: FastifyInstance, gateway: GatewayContext): void {
  twilioRoute(app, gateway, 'recording', async (request, reply) => {
    const origin = { callId: request.params.callId, carrier: 'twilio', path: request.routeOptions.url } as const;
    await passEvent(gateway, origin, parseRecordingCallback(request.body, gateway.clock.now()));
    return reply.code(204).send();
  });
}
