/** What every Telnyx route shares: the raw body, the signature over it, Telnyx' envelope, the count. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decodeClientState, parseTelnyxEnvelope, type TelnyxEnvelope, TelnyxSignature } from '../../carriers/telnyx';
import { isCallId } from '../../contracts/call-id';
import { PatterError } from '../../contracts/errors';
import { GATEWAY_PATHS } from '../../contracts/gateway';
import type { GatewayContext } from '../gateway-context';

export type TelnyxRequest = FastifyRequest<{ Params: { callId: string }; Body: string | undefined }>;

/** A POST whose signature holds, and whose path names a call where it has a `:callId`. */
export function telnyxRoute(
  app: FastifyInstance,
  gateway: GatewayContext,
  kind: keyof typeof GATEWAY_PATHS,
  handle: (envelope: TelnyxEnvelope, request: TelnyxRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  const ownKey = gateway.config.TELNYX_PUBLIC_KEY;
  // At the start and not at the first call, if it is wrong.
  const own = ownKey === undefined ? undefined : new TelnyxSignature(ownKey);
  /** By the account of whom the call or the called number belongs to: another tenant's signature is none. */
  const signatureFor = async (about: { callId?: string; number?: string }, fresh?: boolean) => {
    const key = gateway.accounts ? (await gateway.accounts.configFor(about, fresh)).TELNYX_PUBLIC_KEY : ownKey;
    return key === ownKey || key === undefined ? own : new TelnyxSignature(key);
  };
  app.register(async (scope) => {
    // The signature is over the bytes as they came.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    scope.post<{ Params: { callId: string }; Body: string | undefined }>(
      GATEWAY_PATHS[kind],
      { onResponse: async (_, reply) => gateway.metrics.webhooks.inc({ kind, status: reply.statusCode }) },
      async (request, reply) => {
        const rawBody = request.body ?? '';
        const { number, callId } = claimsOf(rawBody);
        // A leg of a call of ours: by whose call it is, not by a number that the body names besides.
        const about = { callId: request.params.callId ?? callId, number };
        let signature = await signatureFor(about);
        const holds = async () => signature?.verify({ headers: request.headers, rawBody }) ?? false;
        let valid = await holds();
        if (!valid && gateway.accounts?.inUse) {
          // Credentials may have been set a moment ago.
          signature = await signatureFor(about, true);
          valid = await holds();
        }
        if (!signature && gateway.requireSignature) {
          throw new PatterError('PATTER_CREDENTIAL_MISSING', 'Set TELNYX_PUBLIC_KEY: webhooks cannot be verified without it');
        }
        if (signature && !valid) {
          throw new PatterError(
            'PATTER_WEBHOOK_SIGNATURE',
            "Signature refused: is TELNYX_PUBLIC_KEY the account's, and the clock of this machine right?",
          );
        }
        if (GATEWAY_PATHS[kind].includes(':callId') && !isCallId(request.params.callId)) {
          throw new PatterError('PATTER_CALL_NOT_FOUND', 'No such call');
        }
        const envelope = parseTelnyxEnvelope(rawBody, gateway.clock.now());
        if (!envelope) throw new PatterError('PATTER_STREAM_PROTOCOL', 'Not a Telnyx event');
        return handle(envelope, request, reply);
      },
    );
  });
}

/** Not verified yet: only to know whose key verifies it. */
function claimsOf(rawBody: string): { number?: string; callId?: string } {
  try {
    const payload = (JSON.parse(rawBody) as { data?: { payload?: { to?: unknown; client_state?: unknown } } } | null)?.data?.payload;
    const to = payload?.to;
    return { number: typeof to === 'string' ? to : undefined, callId: decodeClientState(payload?.client_state)?.c };
  } catch {
    return {};
  }
}
