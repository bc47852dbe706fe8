/** Twilio's webhooks: verified, and turned into signals. They decide nothing, and a repeat changes nothing. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  type FormFields,
  parseAmdCallback,
  parseStatusCallback,
  parseStreamCallback,
  parseTransferEnded,
  parseTransferStatus,
  verifyTwilioSignature,
} from '../carriers/twilio';
import type { CarrierEvent } from '../contracts/call';
import { isCallId } from '../contracts/call-id';
import { isTerminalCarrierStatus } from '../contracts/carrier';
import { PatterError } from '../contracts/errors';
import { GATEWAY_PATHS } from '../contracts/gateway';
import { type ContinueQuery, continueCall } from './continue-call';
import type { GatewayContext } from './gateway-context';

type Params = { callId: string; transferNumber?: string };
export type WebhookRequest = FastifyRequest<{ Params: Params; Body: FormFields; Querystring: ContinueQuery }>;

export function registerWebhooks(app: FastifyInstance, gateway: GatewayContext): void {
  const route = (
    kind: 'status' | 'amd' | 'stream' | 'continue' | 'transferEnded' | 'transferStatus',
    handle: (request: WebhookRequest, reply: FastifyReply) => Promise<unknown>,
  ) => {
    app.post(
      GATEWAY_PATHS[kind],
      { onResponse: async (_, reply) => gateway.metrics.webhooks.inc({ kind, status: reply.statusCode }) },
      (request, reply) => {
        const webhook = request as WebhookRequest;
        verify(webhook, gateway);
        return handle(webhook, reply);
      },
    );
  };
  const event = (parse: (request: WebhookRequest) => CarrierEvent | undefined) => async (request: WebhookRequest, reply: FastifyReply) => {
    await pass(request, parse(request), gateway);
    return reply.code(204).send();
  };

  route(
    'status',
    event((request) => parseStatusCallback(request.body, gateway.clock.now())),
  );
  route(
    'amd',
    event((request) => parseAmdCallback(request.body, gateway.clock.now())),
  );
  route(
    'stream',
    event((request) => {
      const stream = parseStreamCallback(request.body, gateway.clock.now());
      // The attach has told of it; as a signal it would cost every answered call up to four events of history.
      return stream?.kind === 'stream' && stream.status === 'started' ? undefined : stream;
    }),
  );
  route(
    'transferStatus',
    event((request) => parseTransferStatus(request.body, transferNumber(request), gateway.clock.now())),
  );
  route('continue', (request, reply) => continueCall(request, reply, gateway));
  route('transferEnded', async (request, reply) => {
    await pass(request, parseTransferEnded(request.body, transferNumber(request), gateway.clock.now()), gateway);
    return continueCall(request, reply, gateway);
  });
}

function verify(request: WebhookRequest, gateway: GatewayContext): void {
  const authToken = gateway.config.TWILIO_AUTH_TOKEN;
  if (!authToken) throw new PatterError('PATTER_CREDENTIAL_MISSING', 'Set TWILIO_AUTH_TOKEN: webhooks cannot be verified without it');
  const valid = verifyTwilioSignature({
    authToken,
    signature: request.headers['x-twilio-signature'] as string | undefined,
    url: gateway.publicUrl + request.raw.url,
    params: request.body as Record<string, string | string[]>,
  });
  if (!valid) {
    throw new PatterError('PATTER_WEBHOOK_SIGNATURE', 'Signature refused: is PATTER_PUBLIC_URL exactly what Twilio calls?');
  }
  if (!isCallId(request.params.callId)) throw new PatterError('PATTER_CALL_NOT_FOUND', 'No such call');
}

/** Answered only when the event is with the workflow or on disk. */
async function pass(request: WebhookRequest, event: CarrierEvent | undefined, gateway: GatewayContext): Promise<void> {
  const { callId } = request.params;
  if (!event) {
    // Initiated and ringing of a human's leg and the start of a stream are of no use; anything else is new to us.
    gateway.log.debug({ callId, path: request.routeOptions.url }, 'a webhook without an event');
    return;
  }
  gateway.log.debug({ callId, key: event.dedupeKey }, 'webhook');
  if (event.kind === 'status') {
    if (isTerminalCarrierStatus(event.status)) {
      gateway.prewarm.release(callId);
      for (const host of gateway.calls.of(callId)) host.onCarrierStatus(event.carrierCallId, event.status);
    } else if (event.status === 'ringing' && gateway.calls.of(callId).length === 0 && !gateway.admission.refusal()) {
      // Twilio does not wait for it.
      void gateway.prewarm.warmUp(callId, event.carrierCallId);
    }
  }
  await gateway.outbox.send({ kind: 'carrier_event', callId, carrier: 'twilio', event });
}

function transferNumber(request: WebhookRequest): number {
  const text = request.params.transferNumber ?? '';
  if (!/^\d{1,4}$/.test(text)) throw new PatterError('PATTER_CALL_NOT_FOUND', 'No such transfer');
  return Number(text);
}
