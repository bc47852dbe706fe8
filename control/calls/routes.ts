/** Calls over HTTP: place, look, watch, steer. docs/calls.md has every field. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { CallOrder } from '../../contracts/call';
import { e164 } from '../../contracts/campaign';
import { PatterError } from '../../contracts/errors';
import type { PlaceCallInput } from '../../contracts/single-call';
import { tenantOf } from '../access';
import { checked } from '../checked';
import type { ControlContext } from '../context';
import { requireOwnCallerIds } from '../lines/own-numbers';
import { commandCall } from './command-call';
import { getCall, noSuchCall } from './get-call';
import { listCalls } from './list-calls';
import { placeCall } from './place-call';
import { streamCall } from './stream-call';

/** Prompts and tools of one agent. */
const BODY_LIMIT_BYTES = 512 * 1024;

const orderId = z.string().min(1).max(200).optional();
const text = z.string().min(1).max(4_000);
const bodies = {
  hangup: z.strictObject({ say: text.optional(), orderId }).nullish(),
  say: z.strictObject({ text, interruptible: z.boolean().optional(), orderId }),
  transfer: z.strictObject({ number: e164, orderId }),
};
const listQuery = z.strictObject({
  kind: z.enum(['single', 'outbound', 'inbound']).optional(),
  limit: z.coerce.number().optional(),
  cursor: z.string().optional(),
});

type WithId = { Params: { id: string } };

export function registerCalls(app: FastifyInstance, ctx: ControlContext): void {
  const read = { config: { scope: 'read' } } as const;
  const calls = { config: { scope: 'calls' } } as const;

  app.post('/api/calls', { ...calls, bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
    const call = requestOf(request);
    // It names a process of whoever runs this: its gateways are not each tenant's.
    if (request.caller?.kind === 'key' && call.agent?.code !== undefined) {
      throw new PatterError('PATTER_FORBIDDEN', 'agent.code is the operator’s: an API key places calls of agents without code.');
    }
    await requireOwnCallerIds(ctx, request, [call.from]);
    const placed = await placeCall(ctx, { ...call, tenantId: tenantOf(request) });
    return reply.code(placed.existing ? 200 : 201).send(placed);
  });
  app.get('/api/calls', read, async (request) => listCalls(ctx, { ...checked(listQuery, request.query), tenantId: tenantOf(request) }));
  app.get<WithId>('/api/calls/:id', read, async (request) => {
    const call = await getCall(ctx, request.params.id, tenantOf(request));
    if (!call) throw noSuchCall(request.params.id);
    return call;
  });
  app.get<WithId>('/api/calls/:id/events', read, async (request, reply) => {
    const { id } = request.params;
    const tenantId = tenantOf(request);
    // Said as an answer, which a stream of events cannot be any more.
    if (!(await getCall(ctx, id, tenantId))) throw noSuchCall(id);
    streamCall(ctx, id, tenantId, reply);
    return reply;
  });

  const order = async (request: FastifyRequest<WithId>, what: CallOrder, orderId: string | undefined) => {
    const done = await commandCall(ctx, request.params.id, what, { tenantId: tenantOf(request), orderId: orderId ?? keyOf(request) });
    return { callId: request.params.id, ...done };
  };
  app.post<WithId>('/api/calls/:id/hangup', calls, (request) => {
    const { orderId, say } = checked(bodies.hangup, request.body) ?? {};
    return order(request, { kind: 'hangup', ...(say !== undefined && { say }) }, orderId);
  });
  app.post<WithId>('/api/calls/:id/say', calls, (request) => {
    const { orderId, ...said } = checked(bodies.say, request.body);
    return order(request, { kind: 'say', ...said }, orderId);
  });
  app.post<WithId>('/api/calls/:id/transfer', calls, (request) => {
    const { number, orderId } = checked(bodies.transfer, request.body);
    return order(request, { kind: 'transfer', number }, orderId);
  });
}

/** `placeCall` judges it. */
function requestOf(request: FastifyRequest): PlaceCallInput {
  const body = typeof request.body === 'object' && request.body !== null ? request.body : {};
  // Whose call it is, the credential says.
  const { tenantId: _, ...asked } = body as PlaceCallInput & { tenantId?: unknown };
  const key = keyOf(request);
  return key === undefined ? asked : { idempotencyKey: key, ...asked };
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  return typeof key === 'string' && key !== '' ? key : undefined;
}
