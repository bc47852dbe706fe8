import type { CallSetup } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import { OpenAiSpeech } from '../../providers/tts/openai';
import type { Config } from '../../runtime/config';
import type { Logger } from '../../runtime/log';
import type { EngineFactory, VoiceEngine } from '../engines/engine';
import { OpenAiRealtime } from '../engines/openai-realtime';
import { builtInTools } from '../tools/built-in';
import { FixedLines } from './fixed-lines';
import { sessionInstructions } from './instructions';
import { LineCache } from './line-cache';
import type { Prewarmed } from './ports';

export interface VendorDeps {
  config: Pick<Config, 'OPENAI_API_KEY' | 'OPENAI_BASE_URL'>;
  clock: Clock;
  log: Logger;
  lines?: LineCache;
}

/** How to open the agent's vendor. */
export function engineFactory(setup: CallSetup, { config, clock, log }: VendorDeps): EngineFactory {
  const { agent } = setup;
  const { engine } = agent;
  if (engine.type !== 'openai-realtime') throw new PatterError('PATTER_CONFIG_INVALID', `This gateway has no engine ${engine.type}.`);
  return () =>
    new OpenAiRealtime({
      spec: engine,
      instructions: sessionInstructions(setup),
      language: agent.language,
      tools: [...builtInTools(setup), ...agent.tools],
      apiKey: config.OPENAI_API_KEY,
      baseUrl: config.OPENAI_BASE_URL,
      clock,
      log,
    });
}

export function fixedLines(setup: CallSetup, { config, clock, lines }: VendorDeps): FixedLines {
  const speech = new OpenAiSpeech({ apiKey: config.OPENAI_API_KEY, baseUrl: config.OPENAI_BASE_URL });
  return new FixedLines(
    speech,
    setup.agent.engine.type === 'openai-realtime' ? setup.agent.engine.voice : 'alloy',
    lines ?? new LineCache(),
    clock,
  );
}

/** An open socket and the first lines. A session takes what it can use; the rest is for `dispose`. */
export class PrewarmedSession implements Prewarmed {
  #engine: VoiceEngine | undefined;
  #lines: FixedLines | undefined;

  constructor(setup: CallSetup, deps: VendorDeps) {
    this.#engine = engineFactory(setup, deps)();
    this.#lines = fixedLines(setup, deps);
    this.#lines.prefetch(setup.agent.disclosure);
    this.#lines.prefetch(setup.agent.firstMessage);
  }

  /** From now on the parts belong to who took them. */
  take(): { engine: VoiceEngine | undefined; lines: FixedLines | undefined } {
    const taken = { engine: this.#engine, lines: this.#lines };
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
