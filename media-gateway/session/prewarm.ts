import type { EngineSpec } from '../../contracts/agent';
import type { CallSetup } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import { lineSpeech, lineVoice } from '../../providers/tts/line-speech';
import type { Config } from '../../runtime/config';
import type { Logger } from '../../runtime/log';
import type { AgentCode } from '../agent-code';
import type { EngineFactory, VoiceEngine } from '../engines/engine';
import { openEngine } from '../engines/open-engine';
import { Guardrails } from '../guardrails/guardrails';
import { builtInTools } from '../tools/built-in';
import type { SileroModels } from '../turns/endpointing/silero-model';
import { FixedLines } from './fixed-lines';
import { sessionInstructions } from './instructions';
import { LineCache } from './line-cache';
import type { Prewarmed } from './ports';

export interface VendorDeps {
  config: Config;
  clock: Clock;
  log: Logger;
  lines?: LineCache;
  /** Models of voice detection, shared in the same way. */
  silero?: SileroModels;
  /** The developer's code of this process for the call's agent. */
  code?: AgentCode;
  /** What the agent must not say; given to a pipeline, which asks before it speaks. */
  guardrails?: Guardrails;
}

/** How to open the agent's vendor. */
export function engineFactory(setup: CallSetup, deps: VendorDeps): EngineFactory {
  return openEngine(setup, { instructions: sessionInstructions(setup), tools: [...builtInTools(setup), ...setup.agent.tools] }, deps);
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

/** An open socket and the first lines. A session takes what it can use; the rest is for `dispose`. */
export class PrewarmedSession implements Prewarmed {
  #engine: VoiceEngine | undefined;
  #lines: FixedLines | undefined;
  readonly #guardrails: Guardrails;

  constructor(setup: CallSetup, deps: VendorDeps) {
    this.#guardrails = new Guardrails(setup, deps.code, deps.clock, deps.log);
    this.#engine = engineFactory(setup, { ...deps, guardrails: this.#guardrails })();
    this.#lines = fixedLines(setup, deps);
    this.#lines.prefetch(setup.agent.disclosure);
    this.#lines.prefetch(setup.recording?.consent ?? '');
    this.#lines.prefetch(setup.agent.firstMessage);
  }

  /** From now on the parts belong to who took them. */
  take(): { engine: VoiceEngine | undefined; lines: FixedLines | undefined; guardrails: Guardrails } {
    const taken = { engine: this.#engine, lines: this.#lines, guardrails: this.#guardrails };
    this.#engine = undefined;
    this.#lines = undefined;
    return taken;
  }

  dispose(): void {
    const { engine, lines } = this.take();
    engine?.close();
    lines?.dispose();
  }
}

/** Opens the provider's socket and makes the first audio, while the phone rings. Never throws: what failed is tried again by the session. */
export function prewarmSession(setup: CallSetup, deps: VendorDeps): Prewarmed {
  return new PrewarmedSession(setup, deps);
}
