import { SDK_RELAY_URL } from '../../contracts/sdk-protocol';
import { type AgentInput, withoutNewFields } from '../../contracts/sent-agent';
import { PatterValidationError } from '../errors';
import type { Agent } from './agent';
import { compileAgent } from './compile-agent';

/**
 * What of an agent a backend can carry out: all that is no function and no key. The backend may be of the version before: what it would fill in itself is
 * left out, and so is the key to opt out with where the agent names none.
 * @param options.answeredHere its answers come from a connected program, in the place of its model; needs the pipeline
 * @throws PatterValidationError
 */
export function cloudAgent(agent: Agent, { answeredHere = false } = {}): AgentInput {
  const { code, credentials, spec } = compileAgent(agent, { app: 'cloud', ...(answeredHere && { onMessage: SDK_RELAY_URL }) });
  const functions = [...Object.values(code.tools ?? {}), ...Object.values(code.guardrails ?? {}), code.hooks, code.onMessage];
  if (functions.some((one) => one !== undefined)) {
    throw new PatterValidationError(
      'agent',
      "In cloud mode the backend carries the agent out, which has not this program's functions (tools, checks, hooks): give the tools a webhookUrl, or leave agent out and answer in the onMessage of connect().",
    );
  }
  const [key] = Object.keys(credentials);
  if (key !== undefined) {
    throw new PatterValidationError(
      'agent',
      `In cloud mode keys are kept at the backend: leave ${key} out of the agent, and give it to connect() or \`patter credentials set\`.`,
    );
  }
  const { code: _, optOutKey, ...rest } = spec;
  return withoutNewFields({ ...rest, ...(agent.optOutKey !== undefined && { optOutKey }) });
}
