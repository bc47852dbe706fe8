/** The backend's part of the HTTP server: what gateways ask of connected programs, and calls as programs place them. */
import { PassThrough } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AgentSpec, agentSchema } from '../../contracts/agent';
import { e164 } from '../../contracts/campaign';
import { PatterError } from '../../contracts/errors';
import { SDK_RELAY_PATH, sdkRelayRequest } from '../../contracts/sdk-protocol';
import { type PlaceCallInput, placeCallSchema } from '../../contracts/single-call';
import { verifyCommand } from '../../runtime/command-auth';
import { tenantOf } from '../access';
import { placeCall } from '../calls/place-call';
import type { ControlContext } from '../context';
import type { ControlLinks } from './control-links';
import { numberOf } from './register-number';
import type { MessageRelay } from './relay';

const BODY_LIMIT_BYTES = 512 * 1024;

const fields = placeCallSchema.shape;
/** As `placeCallSchema`; the agent is that of the number, unless one is given. */
const callSchema = z.strictObject({
  to: e164,
  from: e164.optional(),
  agent: agentSchema.optional(),
  firstMessage: z.string().max(4_000).optional(),
  variables: fields.variables,
  customParams: fields.customParams,
  machineDetection: fields.machineDetection,
  voicemailMessage: fields.voicemailMessage,
  ringTimeoutMs: fields.ringTimeoutMs,
  recording: z.boolean().optional(),
  idempotencyKey: fields.idempotencyKey,
});

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
    const placed = await placeCall(ctx, { ...(await callOf(ctx, request)), tenantId: tenantOf(request) });
    return reply.code(placed.existing ? 200 : 201).send(placed);
  });
}

async function callOf(ctx: ControlContext, request: FastifyRequest): Promise<PlaceCallInput> {
  const parsed = callSchema.safeParse(request.body);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`);
    throw new PatterError('PATTER_REQUEST_INVALID', `The call cannot be placed: ${problems.join('; ')}.`, { details: { problems } });
  }
  const { firstMessage, recording, from, agent: given, ...call } = parsed.data;
  const tenantId = tenantOf(request);
  if (given?.code !== undefined)
    throw new PatterError('PATTER_REQUEST_INVALID', 'agent.code: functions are given to connect(), not to call().');
  const key = request.caller?.kind === 'key' ? request.caller.key : { tenantId, number: undefined };
  const number = await numberOf(ctx, key, from);
  const line = await ctx.store.lines.get(tenantId, number);
  const agent: AgentSpec | undefined = given ?? (line && agentSchema.parse(line.spec.agent));
  if (!agent) {
    throw new PatterError(
      'PATTER_CLIENT_NOT_CONNECTED',
      `Nobody answers for ${number}: connect() a program to it first, or give the call an agent.`,
    );
  }
  return {
    ...call,
    from: number,
    carrier: line?.carrier ?? 'twilio',
    agent: firstMessage === undefined ? agent : { ...agent, firstMessage },
    ...(recording && { recording: {} }),
    ...(line?.spec.transfer && { transfer: line.spec.transfer }),
  } as PlaceCallInput;
}
