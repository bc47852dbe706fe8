import type { EngineSpec } from '../../contracts/agent';
import type { CallSetup } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import { lineSpeech, lineVoice } from '../../providers/tts/line-speech';
import type { Config } from '../../runtime/config';
import { mayReachPrivate } from '../../runtime/guarded-fetch';
import type { Logger } from '../../runtime/log';
import type { AgentCode } from '../agent-code';
import type { EngineFactory, EngineTool, VoiceEngine } from '../engines/engine';
import { openEngine } from '../engines/open-engine';
import { Guardrails } from '../guardrails/guardrails';
import { builtInTools } from '../tools/built-in';
import { CallMcp } from '../tools/mcp/call-mcp';
import { McpServers } from '../tools/mcp/mcp-servers';
import type { SileroModels } from '../turns/endpointing/silero-model';
import { FixedLines } from './fixed-lines';
import { sessionInstructions } from './instructions';
import { LineCache } from './line-cache';
import { type Phrase, phrase } from './phrases';
import type { CallSessionOptions, Prewarmed } from './ports';

export interface VendorDeps {
  config: Config;
  clock: Clock;
  log: Logger;
  lines?: LineCache;
  /** Models of voice detection, shared in the same way. */
  silero?: SileroModels;
  /** The developer's code of this process for the call's agent. */
  code?: AgentCode;
  /** What MCP servers offer, shared in the same way. */
  mcpServers?: McpServers;
  /** The agent's MCP servers, for this call. */
  mcp?: CallMcp;
  /** What the agent must not say; given to a pipeline, which asks before it speaks. */
  guardrails?: Guardrails;
}

/** How to open the agent's vendor. */
export function engineFactory(setup: CallSetup, deps: VendorDeps): EngineFactory {
  // An engine that is opened later, in the place of one that broke, has the tools that are known by then.
  const session = {
    instructions: sessionInstructions(setup),
    get tools() {
      return toolsFor(setup, deps.mcp);
    },
  };
  return openEngine(setup, session, deps);
}

/** All that the model may call. */
export function toolsFor(setup: CallSetup, mcp: CallMcp | undefined): EngineTool[] {
  return [...builtInTools(setup), ...setup.agent.tools, ...(mcp?.tools ?? [])];
}

/** Undefined for an agent without MCP servers. */
export function openMcp(setup: CallSetup, { config, clock, log, mcpServers }: VendorDeps): CallMcp | undefined {
  // What an earlier version set up has no such field.
  const servers = setup.agent.mcp ?? [];
  if (servers.length === 0) return undefined;
  return new CallMcp(servers, mcpServers ?? new McpServers(), { allowPrivate: mayReachPrivate(config), clock, log });
}

/** Spoken by the agent's own vendor, so that all it says has one voice. */
export function fixedLines(setup: CallSetup, { config, clock, log, lines }: VendorDeps): FixedLines {
  const { engine } = setup.agent;
  const speech = lineSpeech(engine, { config, clock, log });
  return new FixedLines(speech, lineVoice(engine), lines ?? new LineCache(), clock, lineProvider(engine));
}

function lineProvider(engine: EngineSpec): 'openai' | 'elevenlabs' {
  switch (engine.type) {
    case 'openai-realtime':
      return 'openai';
    case 'elevenlabs-convai':
      return 'elevenlabs';
    case 'pipeline':
      return engine.tts.provider;
    default:
      return engine satisfies never;
  }
}

/** What is said when the provider is late or gone: nobody can make it then. */
export function prepareForTrouble(setup: CallSetup, lines: FixedLines): void {
  lines.prefetch(apologyOf(setup).text);
  lines.prefetch(setup.agent.turns.fillers.phrases?.[0] ?? phrase(setup.agent.language, 'filler').text);
}

/** Whether a caller whose provider is gone is given to a person. */
export function transfersOnFailure(setup: CallSetup, resume?: CallSessionOptions['resume']): boolean {
  // Who has just come back from a person that did not answer is not sent there again.
  return setup.agent.onProviderFailure === 'transfer' && setup.canTransfer && resume !== 'transfer_unanswered';
}

/** English where the table has no other: it is understood better than silence. */
export function apologyOf(setup: CallSetup, resume?: CallSessionOptions['resume']): Phrase {
  const callBack = setup.direction === 'inbound' ? 'apologyToCaller' : 'apology';
  return { text: phrase(setup.agent.language, transfersOnFailure(setup, resume) ? 'apologyAndTransfer' : callBack).text, verbatim: true };
}

/** An open socket and the first lines. A session takes what it can use; the rest is for `dispose`. */
export class PrewarmedSession implements Prewarmed {
  #engine: VoiceEngine | undefined;
  #lines: FixedLines | undefined;
  readonly #guardrails: Guardrails;
  #mcp: CallMcp | undefined;

  constructor(setup: CallSetup, deps: VendorDeps) {
    this.#guardrails = new Guardrails(setup, deps.code, deps.clock, deps.log);
    this.#mcp = openMcp(setup, deps);
    this.#engine = engineFactory(setup, { ...deps, guardrails: this.#guardrails, mcp: this.#mcp })();
    this.#mcp?.onChanged(() => this.#engine?.setTools?.(toolsFor(setup, this.#mcp)));
    this.#lines = fixedLines(setup, deps);
    this.#lines.prefetch(setup.agent.disclosure);
    this.#lines.prefetch(setup.recording?.consent ?? '');
    this.#lines.prefetch(setup.agent.firstMessage);
    prepareForTrouble(setup, this.#lines);
  }

  /** From now on the parts belong to who took them. */
  take(): { engine: VoiceEngine | undefined; lines: FixedLines | undefined; guardrails: Guardrails; mcp: CallMcp | undefined } {
    const taken = { engine: this.#engine, lines: this.#lines, guardrails: this.#guardrails, mcp: this.#mcp };
    this.#mcp = undefined;
    this.#engine = undefined;
    this.#lines = undefined;
    return taken;
  }

  dispose(): void {
    const { engine, lines, mcp } = this.take();
    mcp?.dispose();
    engine?.close();
    lines?.dispose();
  }
}

/** Opens the provider's socket and makes the first audio, while the phone rings. Never throws: what failed is tried again by the session. */
export function prewarmSession(setup: CallSetup, deps: VendorDeps): Prewarmed {
  return new PrewarmedSession(setup, deps);
}
