/** The backend's part of the HTTP server: what gateways ask of connected programs, and calls as programs place them. */
import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PatterError } from '../../contracts/errors';
import { SDK_RELAY_PATH, sdkRelayRequest } from '../../contracts/sdk-protocol';
import { verifyCommand } from '../../runtime/command-auth';
import { tenantOf } from '../access';
import { placeCall } from '../calls/place-call';
import type { ControlContext } from '../context';
import type { ControlLinks } from './control-links';
import type { MessageRelay } from './relay';
import { requestedCall } from './requested-call';

/** `client`: the connected program that has the call's own functions, by the name of its hello. */
const querySchema = z.object({ client: z.string().min(1).max(300).optional() });

function query(given: unknown): z.output<typeof querySchema> {
  const parsed = querySchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new PatterError('PATTER_REQUEST_INVALID', 'client has 1 to 300 characters.');
}

const BODY_LIMIT_BYTES = 512 * 1024;

export function registerBackend(
  app: FastifyInstance,
  ctx: ControlContext,
  relay: MessageRelay,
  links: ControlLinks,
  secretKey: () => Promise<string>,
): void {
  app.register(async (scope) => {
    // The signature is over the bytes as they came.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    scope.post<{ Body: string | undefined }>(
      SDK_RELAY_PATH,
      { config: { open: true }, bodyLimit: BODY_LIMIT_BYTES },
      async (request, reply) => {
        const body = request.body ?? '';
        verifyCommand({ path: SDK_RELAY_PATH, body }, request.headers, await secretKey(), ctx.clock.now());
        const parsed = sdkRelayRequest.safeParse(JSON.parse(body));
        if (!parsed.success)
          throw new PatterError('PATTER_REQUEST_INVALID', 'The message cannot be read: gateways and control need the same version.');
        await links.ready();
        const stream = new PassThrough();
        reply.raw.on('close', () => stop());
        const event = (data: object | string) => stream.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
        const stop = relay.ask(parsed.data, {
          text: (delta) => event({ delta }),
          done: (endCall) => {
            if (endCall) event({ endCall });
            event('[DONE]');
            stream.end();
          },
          failed: ({ code, message }) => {
            event({ error: { code, message } });
            stream.end();
          },
        });
        return reply.type('text/event-stream').header('cache-control', 'no-cache, no-transform').send(stream);
      },
    );
  });

  app.post('/v1/calls', { config: { scope: 'calls' }, bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
    const tenantId = tenantOf(request);
    const { client } = query(request.query);
    const call = await requestedCall(ctx, request, request.body);
    const placed = await placeCall(ctx, { ...call, tenantId });
    if (client !== undefined) await relay.placed({ callId: placed.callId, tenantId, number: call.from }, client);
    return reply.code(placed.existing ? 200 : 201).send(placed);
  });
}
