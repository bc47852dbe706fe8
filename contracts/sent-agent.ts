/**
 * Agents as they are sent and stored, for readers of the version before too: its schema is strict, and refuses an agent with a field that it does not know.
 * A new field of `agentSchema` that has a default is named here, and goes along only where it says something else than its reader would fill in.
 */
import type { z } from 'zod';
import { type AgentSpec, agentSchema } from './agent';
import { isSdkRelay } from './sdk-protocol';

/** Not filled in. */
export type AgentInput = z.input<typeof agentSchema>;

/** What agents of test/fixtures/schemas/agent-before.json do not have. */
const NEW_FIELDS = [
  ['maxDurationWarningMs'],
  ['turns', 'endpointing', 'minSpeechMs'],
  ['turns', 'endpointing', 'minSilenceMs'],
] as const satisfies readonly (readonly string[])[];

/** The same agent without the fields that the version before does not know and that are filled in anyway. */
export function withoutNewFields<Agent extends AgentInput>(agent: Agent): AgentInput {
  let sent: AgentInput = agent;
  for (const path of NEW_FIELDS) {
    const shorter = without(sent, path) as AgentInput;
    if (at(agentSchema.parse(shorter), path) === at(agent, path)) sent = shorter;
  }
  return sent;
}

/**
 * The agent of a line as it is stored: `optOutKey: null`, too, is what the version before refuses.
 * @returns in form an `AgentSpec`, as it stands in a line; whoever reads it fills it in (`agentAsStored`), as with all that an earlier version has stored
 */
export function agentToStore(agent: AgentSpec): AgentSpec {
  const sent = withoutNewFields(agent);
  if (sent.optOutKey !== null || !isOfProgram(sent)) return sent as AgentSpec;
  const { optOutKey: _, ...rest } = sent;
  return rest as AgentSpec;
}

/** What was stored, perhaps by another version, filled in. A connected program hears of every key, unless its line names one. */
export function agentAsStored(stored: AgentInput): AgentSpec {
  return agentSchema.parse(isOfProgram(stored) ? { optOutKey: null, ...stored } : stored);
}

/** Its answers come from a connected program. */
export function isOfProgram({ engine }: AgentInput): boolean {
  return engine.type === 'pipeline' && engine.onMessage !== undefined && isSdkRelay(engine.onMessage.url);
}

function without(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (!isRecord(value) || key === undefined || !(key in value)) return value;
  if (rest.length > 0) return { ...value, [key]: without(value[key], rest) };
  const { [key]: _, ...others } = value;
  return others;
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((part, key) => (isRecord(part) ? part[key] : undefined), value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
