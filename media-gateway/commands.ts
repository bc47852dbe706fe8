/** What workflows order, by HTTP from a worker: signed with the shared key, and idempotent by `commandId` in the session. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { GatewayCommand } from '../contracts/call';
import { PatterError } from '../contracts/errors';
import { commandPath, GATEWAY_PATHS } from '../contracts/gateway';
import { verifyCommand } from '../runtime/command-auth';
import type { GatewayContext } from './gateway-context';

const envelope = { commandId: z.string().min(1), callId: z.string().min(1), streamId: z.string().min(1) };
const commandSchema = z.discriminatedUnion('kind', [
  z.strictObject({ ...envelope, kind: z.literal('drop_voicemail'), text: z.string(), waitForSilence: z.boolean() }),
  z.strictObject({ ...envelope, kind: z.literal('hangup'), reason: z.string(), say: z.string().optional() }),
  z.strictObject({ ...envelope, kind: z.literal('human') }),
  z.strictObject({ ...envelope, kind: z.literal('callee'), is: z.enum(['ivr', 'call_screening']) }),
  z.strictObject({ ...envelope, kind: z.literal('say'), orderId: z.string().min(1), text: z.string().min(1), interruptible: z.boolean() }),
  z.strictObject({ ...envelope, kind: z.literal('transfer') }),
  z.strictObject({ ...envelope, kind: z.literal('reattach') }),
  z.strictObject({ ...envelope, kind: z.literal('still_holding') }),
  z.strictObject({ ...envelope, kind: z.literal('tool_answer'), requestId: z.string(), ok: z.boolean(), result: z.string() }),
]) satisfies z.ZodType<GatewayCommand>;

/** 200 `{delivered: true}`; 401 without a valid signature; 404 where the call has no such stream here, or its talk is over. */
export function registerCommands(app: FastifyInstance, gateway: GatewayContext): void {
  app.register(async (scope) => {
    // The signature is over the bytes as they came.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    scope.post<{ Params: { callId: string }; Body: string }>(GATEWAY_PATHS.command, async (request) => {
      verifyCommand(
        { path: commandPath(request.params.callId), body: request.body ?? '' },
        request.headers,
        gateway.secretKey,
        gateway.clock.now(),
      );
      const command = parseCommand(request.body);
      if (command.callId !== request.params.callId) throw new PatterError('PATTER_UNAUTHORIZED', 'The command is for another call');
      const host = gateway.calls.of(command.callId).find((candidate) => candidate.stream.streamId === command.streamId);
      if (!host) throw new PatterError('PATTER_CALL_NOT_FOUND', 'The call has no such stream on this gateway');
      if (!host.onCommand(command)) throw new PatterError('PATTER_CALL_ENDED', 'The conversation is over');
      gateway.log.info({ callId: command.callId, commandId: command.commandId, kind: command.kind }, 'command');
      return { delivered: true };
    });
  });
}

function parseCommand(body: string): GatewayCommand {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new PatterError('PATTER_STREAM_PROTOCOL', 'The command is not JSON');
  }
  const parsed = commandSchema.safeParse(json);
  if (!parsed.success) throw new PatterError('PATTER_STREAM_PROTOCOL', `Not a command: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
