import type { FastifyRequest } from 'fastify';
import { agentSchema } from '../../contracts/agent';
import { SDK_RELAY_URL } from '../../contracts/sdk-protocol';
import { agentToStore } from '../../contracts/sent-agent';
import type { ControlContext } from '../context';
import { requestedCall } from './requested-call';

const operator = { caller: { kind: 'operator', tenantId: 'default' } } as unknown as FastifyRequest;
const given = { engine: { type: 'openai-realtime' }, systemPrompt: 'You help.' };
const program = agentSchema.parse({
  engine: { type: 'pipeline', onMessage: { url: SDK_RELAY_URL } },
  systemPrompt: 'x',
  optOutKey: null,
});

function call(body: object, agent?: object): ReturnType<typeof requestedCall> {
  const line = agent && { carrier: 'twilio', spec: { agent } };
  const ctx = { config: {}, store: { lines: { get: () => Promise.resolve(line) } } } as unknown as ControlContext;
  return requestedCall(ctx, operator, { to: '+12125550101', from: '+15005550006', ...body });
}

test('a single call of a program has no key to opt out with, unless its agent names one', async () => {
  const keyOf = async (over: object) => (await call({ agent: { ...given, ...over } })).agent.optOutKey;
  expect([await keyOf({}), await keyOf({ optOutKey: null }), await keyOf({ optOutKey: '9' })]).toEqual([null, null, '9']);
});

test('the agent of a connected program is as its line was stored, by this version or the one before', async () => {
  expect((await call({}, agentToStore(program))).agent).toEqual(program);
  expect((await call({}, agentToStore({ ...program, optOutKey: '9' }))).agent.optOutKey).toBe('9');
});

test('what is no agent is refused', async () => {
  await expect(call({ agent: [given] })).rejects.toMatchObject({ code: 'PATTER_REQUEST_INVALID' });
});
