/** From a developer's agent to what the product runs: a specification that travels, and the functions that stay in this process. */
import type { AgentSpec } from '../../contracts/agent';
import type { AgentCode } from '../../media-gateway/agent-code';
import type { OnMessage } from '../../media-gateway/engines/pipeline/on-message/on-message';
import type { LocalConfigFields } from '../options/constructor';

/** Vendors' keys that the agent itself brought. They stay in this process: the specification holds none. */
export type AgentCredentials = Partial<Pick<LocalConfigFields, 'openaiKey' | 'deepgramKey' | 'elevenlabsKey'>>;

export interface CompiledAgent {
  /** `code` is `<app>/<agentKey>`, always: the process is told of the call's events even where no function takes part in it. */
  readonly spec: AgentSpec;
  readonly code: AgentCode;
  readonly credentials: AgentCredentials;
}

export interface CompileOptions {
  /** `LocalConfig.appId`. */
  app: string;
  /** Instead of the agent's own. */
  firstMessage?: string;
  /** The agent is this function or URL instead of a model; needs the pipeline. A function comes as the gateway wants it (sdk/callbacks maps it). */
  onMessage?: OnMessage | string;
}
