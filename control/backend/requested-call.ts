/** Calls of programs in cloud mode: most of it is known of the number that they call from. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AgentSpec, agentSchema } from '../../contracts/agent';
import { e164 } from '../../contracts/campaign';
import { PatterError } from '../../contracts/errors';
import { agentAsStored } from '../../contracts/sent-agent';
import { type PlaceCallInput, placeCallSchema } from '../../contracts/single-call';
import { tenantOf } from '../access';
import type { ControlContext } from '../context';
import { requireOwnCallerIds } from '../lines/own-numbers';
import { numberOf } from './register-number';

const fields = placeCallSchema.shape;
/** As `placeCallSchema`; the agent is that of the number, unless one is given. */
const callSchema = z.strictObject({
  to: e164,
  from: e164.optional(),
  /** Of a program, which hears of every key but the one that its agent names. */
  agent: z.preprocess((given) => (isObject(given) ? { optOutKey: null, ...given } : given), agentSchema).optional(),
  firstMessage: z.string().max(4_000).optional(),
  variables: fields.variables,
  customParams: fields.customParams,
  machineDetection: fields.machineDetection,
  voicemailMessage: fields.voicemailMessage,
  ringTimeoutMs: fields.ringTimeoutMs,
  recording: z.boolean().optional(),
  idempotencyKey: fields.idempotencyKey,
});

/**
 * A call as a program asks for it, and what its number's line fills in.
 * @throws PatterError PATTER_REQUEST_INVALID, PATTER_NUMBER_TAKEN, PATTER_LINE_NOT_FOUND, PATTER_CLIENT_NOT_CONNECTED
 */
export async function requestedCall(ctx: ControlContext, request: FastifyRequest, body: unknown): Promise<PlaceCallInput> {
  const parsed = callSchema.safeParse(body);
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
  await requireOwnCallerIds(ctx, request, [number]);
  const line = await ctx.store.lines.get(tenantId, number);
  const agent: AgentSpec | undefined = given ?? (line && agentAsStored(line.spec.agent));
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

function isObject(given: unknown): given is object {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}
