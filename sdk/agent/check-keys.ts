/** Whether an agent, what answers for it, and the keys go together: told before anything is started. */
import type { AgentSpec } from '../../contracts/agent';
import { PatterValidationError } from '../errors';
import type { MessageHandler } from '../options/callbacks';
import type { LocalConfigFields } from '../options/constructor';
import type { Agent } from './agent';
import { compileAgent, variableOf } from './compile-agent';

/** Stands for whatever function answers. */
export const ANY_URL = 'https://localhost/';

/** @throws PatterValidationError when the agent, its `onMessage` and the keys don't go together */
export function checkKeys(agent: Agent, config: LocalConfigFields, onMessage: MessageHandler | undefined): AgentSpec {
  const answers = typeof onMessage === 'function' ? ANY_URL : onMessage;
  const { credentials, needs, spec } = compileAgent(agent, { app: config.appId, onMessage: answers });
  for (const key of needs) {
    if (config[key] || credentials[key]) continue;
    throw new PatterValidationError(
      key,
      `An agent with provider '${agent.provider}' needs ${key}: give it to new Patter(), or set ${variableOf(key)}.`,
      { code: 'PATTER_CREDENTIAL_MISSING' },
    );
  }
  return spec;
}
