import { Agent } from '../agent/agent';
import { compileAgent } from '../agent/compile-agent';
import type { Callbacks } from '../options/callbacks';
import { AgentRegistry, type RegisteredAgent } from './agent-registry';

function entry(agent: Agent, callbacks: Callbacks = {}): RegisteredAgent {
  return { agent, callbacks, onMessage: undefined, compiled: compileAgent(agent, { app: 'shop' }) };
}

function booking(book: () => void): Agent {
  return new Agent({ systemPrompt: 'You book tables.', tools: [{ name: 'book', handler: () => book() }] });
}

const setup = ({ compiled }: RegisteredAgent) => ({ agent: compiled.spec });

test('agents that differ in nothing but their functions keep each its own', () => {
  const registry = new AgentRegistry();
  const [rome, oslo] = [registry.add(entry(booking(() => undefined))), registry.add(entry(booking(() => undefined)))];
  expect(rome.compiled.spec.code).not.toBe(oslo.compiled.spec.code);
  expect(registry.codeOf(setup(rome))?.tools?.book).toBe(rome.compiled.code.tools?.book);
  expect(registry.codeOf(setup(oslo))?.tools?.book).toBe(oslo.compiled.code.tools?.book);
});

test('the same agent has the same name again, also when a call words its greeting anew', () => {
  const registry = new AgentRegistry();
  const agent = new Agent({ systemPrompt: 'x', agentId: 'desk' });
  const first = registry.add(entry(agent));
  const worded = { ...entry(agent), compiled: compileAgent(agent, { app: 'shop', firstMessage: 'Hi!' }) };
  expect(registry.add(worded).compiled.spec).toMatchObject({ code: 'shop/desk', firstMessage: 'Hi!' });
  expect(first.compiled.spec.code).toBe('shop/desk');
});

test('callbacks of one call are found by its name until it has ended', () => {
  const registry = new AgentRegistry();
  const agent = new Agent({ systemPrompt: 'x' });
  const served = registry.serve(entry(agent, { onCallEnd: 'https://example.com/all' }));
  const own = registry.add(entry(agent, { onCallEnd: 'https://example.com/one' }));
  registry.placed('call_1', own);
  expect(registry.find(own.compiled.spec.code)?.callbacks.onCallEnd).toBe('https://example.com/one');
  registry.ended('call_1');
  expect(registry.find(own.compiled.spec.code)).toBe(served);
});

test('after a restart a call’s name leads to the agent that it was made from, else to the one of serve()', () => {
  const [served, other] = [new Agent({ systemPrompt: 'served' }), new Agent({ systemPrompt: 'other', agentId: 'other' })];
  const before = new AgentRegistry();
  before.add(entry(other));
  const { code } = before.add(entry(other, { onCallEnd: 'https://example.com/one' })).compiled.spec;
  expect(code).toMatch(/^shop\/other\.\.[0-9a-f]{12}$/);
  const after = new AgentRegistry();
  after.serve(entry(served));
  expect(after.find(code)?.agent).toBe(served);
  after.add(entry(other));
  expect(after.find(code)?.agent).toBe(other);
});

test('a call with an idempotency key has the same name in every process', () => {
  const agent = new Agent({ systemPrompt: 'x' });
  const codes = [new AgentRegistry(), new AgentRegistry()].map((registry, index) => {
    if (index === 1) registry.add(entry(agent));
    return registry.add(entry(agent), 'order 815').compiled.spec.code;
  });
  expect(codes[0]).toBe(codes[1]);
});
