/** All carriers' webhooks: verified, and turned into signals. They decide nothing, and a repeat changes nothing. One module for each group of routes. */
import type { FastifyInstance } from 'fastify';
import type { GatewayContext } from '../gateway-context';
import { registerTwilioCalls } from './twilio-calls';
import { registerTwilioInbound } from './twilio-inbound';

export function registerWebhooks(app: FastifyInstance, gateway: GatewayContext): void {
  registerTwilioCalls(app, gateway);
  registerTwilioInbound(app, gateway);
}
