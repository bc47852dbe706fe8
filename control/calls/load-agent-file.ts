import { basename } from 'node:path';
import { z } from 'zod';
import { agentSchema } from '../../contracts/agent';
import { campaignFileSchema, dialingSchema, e164 } from '../../contracts/campaign';
import type { PlaceCallInput } from '../../contracts/single-call';
import { environmentOf } from '../../runtime/config';
import { type Environment, parseSpecFile, readSpecFile, toolChecks } from '../campaigns/load-campaign-file';

const AGENT = { kind: 'agent', code: 'PATTER_AGENT_FILE_INVALID' } as const;

/** Either an agent alone, or what a campaign's or a line's file says of the agent and its calls: whatever else such a file holds is left unread. */
const callFileSchema = z.object({
  agent: agentSchema,
  from: z.union([e164, z.array(e164).min(1)]).optional(),
  /** Of a line's file. */
  number: e164.optional(),
  carrier: campaignFileSchema.shape.carrier,
  transfer: campaignFileSchema.shape.transfer,
  recording: campaignFileSchema.shape.recording,
  postCall: campaignFileSchema.shape.postCall,
  dialing: dialingSchema.partial().prefault({}),
});
const agentFileSchema = z.union([callFileSchema, agentSchema.transform((agent) => callFileSchema.parse({ agent }))]);

/** What a file says of a call; who is called, and mostly from which number, it does not. */
export type AgentFile = Omit<PlaceCallInput, 'to' | 'from'> & { from?: string };

/**
 * Reads the agent of a single call. `${NAME}` in a value is taken from the environment, else from `.env`.
 * @throws PatterError PATTER_AGENT_FILE_INVALID with every problem, each with its field and line (`details.problems`)
 */
export async function loadAgentFile(path: string, env: Environment = environmentOf()): Promise<AgentFile> {
  return parseAgentFile(await readSpecFile(path, AGENT), basename(path), env);
}

/** As `loadAgentFile`, of a text. `name` is how errors call the file. */
export function parseAgentFile(text: string, name = 'agent.yaml', env: Environment = {}): AgentFile {
  // A union tells only that nothing fits: which of the two it is, is plain to see.
  const whole = /^agent:/m.test(text);
  const schema = (whole ? callFileSchema : agentFileSchema.options[1]) as typeof callFileSchema;
  const crossChecks = ({ agent }: z.output<typeof callFileSchema>) =>
    toolChecks(agent).map(({ message, path }) => ({ message, path: whole ? path : path.slice(1) }));
  const file = parseSpecFile(text, { name, env, schema, crossChecks, what: AGENT });
  const { agent, carrier, dialing, from, number, postCall, recording, transfer } = file;
  const ours = Array.isArray(from) ? from[0] : (from ?? number);
  return {
    ...{ agent, carrier, postCall },
    ...(recording && { recording }),
    ...(transfer && { transfer }),
    ...(ours && { from: ours }),
    ...(dialing.machineDetection !== undefined && { machineDetection: dialing.machineDetection }),
    ...(dialing.voicemailMessage !== undefined && { voicemailMessage: dialing.voicemailMessage }),
    ...(dialing.answering !== undefined && { answering: dialing.answering }),
    ...(dialing.ringTimeout !== undefined && { ringTimeoutMs: dialing.ringTimeout }),
  };
}
