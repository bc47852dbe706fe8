/** All carriers' webhooks: verified, and turned into signals. They decide nothing, and a repeat changes nothing. One module for each group of routes. */
import type { FastifyInstance } from 'fastify';
import type { GatewayContext } from '../gateway-context';
import { registerTelnyxCalls } from './telnyx-calls';
import { registerTelnyxInbound } from './telnyx-inbound';
import { registerTwilioCalls } from './twilio-calls';
import { registerTwilioInbound } from './twilio-inbound';
import { registerTwilioRecording } from './twilio-recording';
import { registerTwilioTransfer } from './twilio-transfer';

export function registerWebhooks(app: FastifyInstance, gateway: GatewayContext): void {
  registerTwilioCalls(app, gateway);
  registerTwilioTransfer(app, gateway);
  registerTwilioInbound(app, gateway);
  registerTwilioRecording(app, gateway);
  registerTelnyxCalls(app, gateway);
  registerTelnyxInbound(app, gateway);
}
