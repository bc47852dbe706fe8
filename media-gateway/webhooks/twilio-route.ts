/** What every Twilio route shares: the signature, the ids of the path, the count. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type FormFields, verifyTwilioSignature } from '../../carriers/twilio';
import { isCallId } from '../../contracts/call-id';
import { isPatterError, PatterError } from '../../contracts/errors';
import { GATEWAY_PATHS } from '../../contracts/gateway';
import type { Config } from '../../runtime/config';
import type { GatewayContext } from '../gateway-context';

type Params = { callId: string; transferNumber?: string };
export type TwilioRequest = FastifyRequest<{ Params: Params; Body: FormFields; Querystring: Readonly<Record<string, string | undefined>> }>;

/** A POST whose signature holds, and whose path names a call where it has a `:callId`. */
export function twilioRoute(
  app: FastifyInstance,
  gateway: GatewayContext,
  kind: keyof typeof GATEWAY_PATHS,
  handle: (request: TwilioRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  app.post(
    GATEWAY_PATHS[kind],
    { onResponse: async (_, reply) => gateway.metrics.webhooks.inc({ kind, status: reply.statusCode }) },
    async (request, reply) => {
      const webhook = request as TwilioRequest;
      await verify(webhook, gateway);
      if (GATEWAY_PATHS[kind].includes(':callId') && !isCallId(webhook.params.callId)) {
        throw new PatterError('PATTER_CALL_NOT_FOUND', 'No such call');
      }
      return handle(webhook, reply);
    },
  );
}

/** @throws PatterError PATTER_CALL_NOT_FOUND */
export function transferNumberOf(params: { transferNumber?: string }): number {
  const text = params.transferNumber ?? '';
  if (!/^\d{1,4}$/.test(text)) throw new PatterError('PATTER_CALL_NOT_FOUND', 'No such transfer');
  return Number(text);
}

/** By the account of whom the call or the called number belongs to: another tenant's signature is none. */
async function verify(request: TwilioRequest, gateway: GatewayContext): Promise<void> {
  const { accounts, config } = gateway;
  const number = request.body?.To;
  const about = { callId: request.params.callId, ...(typeof number === 'string' && { number }) };
  try {
    verifyWith((await accounts?.configFor(about)) ?? config, request, gateway);
  } catch (error) {
    if (!accounts?.inUse && !isPatterError(error, 'PATTER_CREDENTIAL_MISSING')) throw error;
    if (!accounts) throw error;
    // Credentials may have been set a moment ago.
    verifyWith(await accounts.configFor(about, true), request, gateway);
  }
}

function verifyWith({ TWILIO_AUTH_TOKEN: authToken }: Config, request: TwilioRequest, gateway: GatewayContext): void {
  if (!authToken && !gateway.requireSignature) return;
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
}
