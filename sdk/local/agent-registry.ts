/** The code of this `Patter`'s agents, by the name that their specification carries: how a call that comes back to this process finds its functions. */
import { createHash, randomBytes } from 'node:crypto';
import type { CallSetup } from '../../contracts/call';
import type { AgentCode } from '../../media-gateway/agent-code';
import type { Agent } from '../agent/agent';
import type { AgentCredentials, CompiledAgent } from '../agent/compile-agent';
import type { Callbacks, MessageHandler } from '../options/callbacks';

export interface RegisteredAgent {
  readonly agent: Agent;
  readonly compiled: CompiledAgent;
  readonly callbacks: Readonly<Callbacks>;
  /** As the developer gave it, beside the agent. */
  readonly onMessage: MessageHandler | undefined;
}

/** Between the name that outlives this process and the part that tells two of the same name apart. */
const OWN = '..';
const NAME_LIMIT = 64;

export class AgentRegistry {
  private readonly agents = new Map<string, RegisteredAgent>();
  /** Names that belong to one call. */
  private readonly ofCalls = new Map<string, string>();
  private served: RegisteredAgent | undefined;

  /** The agent of `serve()`: answers for every name of this app that nobody here knows any more, after a restart for instance. */
  serve(entry: RegisteredAgent): RegisteredAgent {
    this.served = this.add(entry);
    return this.served;
  }

  get ofServe(): RegisteredAgent | undefined {
    return this.served;
  }

  /**
   * Two agents of one name, or calls with callbacks of their own, live side by side: the later one gets a name that only this process knows.
   * @param key of a call that may be asked for again, after a restart too: its name follows from it
   * @returns with the name in its specification
   */
  add(entry: RegisteredAgent, key?: string): RegisteredAgent {
    const code = codeNameOf(entry);
    const known = this.agents.get(code);
    if (key === undefined && (!known || (known.agent === entry.agent && sameFunctions(known, entry)))) {
      this.agents.set(code, entry);
      return entry;
    }
    const [app, name] = code.split('/') as [string, string];
    const id = key === undefined ? randomBytes(6).toString('hex') : createHash('sha256').update(key).digest('hex').slice(0, 12);
    const suffix = `${OWN}${id}`;
    const own = `${app}/${name.slice(0, NAME_LIMIT - suffix.length)}${suffix}`;
    const named = { ...entry, compiled: { ...entry.compiled, spec: { ...entry.compiled.spec, code: own } } };
    this.agents.set(own, named);
    return named;
  }

  /** The name that is this call's own is forgotten when the call has ended. */
  placed(callId: string, { compiled }: RegisteredAgent): void {
    const { code } = compiled.spec;
    if (code?.includes(OWN)) this.ofCalls.set(callId, code);
  }

  /** A call is over and its callbacks have been told. */
  ended(callId: string): void {
    const code = this.ofCalls.get(callId);
    this.ofCalls.delete(callId);
    if (code !== undefined && this.served?.compiled.spec.code !== code) this.agents.delete(code);
  }

  /** Of an agent that was served or called before. */
  named(app: string, agentId: string): RegisteredAgent | undefined {
    return this.agents.get(`${app}/${agentId}`);
  }

  find(code: string | undefined): RegisteredAgent | undefined {
    if (code === undefined) return undefined;
    const [base] = code.split(OWN) as [string];
    return this.agents.get(code) ?? this.agents.get(base) ?? this.served;
  }

  codeOf = (setup: Pick<CallSetup, 'agent'>): AgentCode | undefined => this.find(setup.agent.code)?.compiled.code;

  credentialsOf(setup: Pick<CallSetup, 'agent'>): AgentCredentials {
    return this.find(setup.agent.code)?.compiled.credentials ?? {};
  }
}

function codeNameOf({ compiled }: RegisteredAgent): string {
  return compiled.spec.code ?? '';
}

function sameFunctions(one: RegisteredAgent, other: RegisteredAgent): boolean {
  const names = [...new Set([...Object.keys(one.callbacks), ...Object.keys(other.callbacks)])] as (keyof Callbacks)[];
  return one.onMessage === other.onMessage && names.every((name) => one.callbacks[name] === other.callbacks[name]);
}
