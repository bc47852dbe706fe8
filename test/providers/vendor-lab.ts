/** The lab's vendors and what the product's providers need to talk to them. */
import { pino } from 'pino';
import { systemClock } from '../../contracts/clock';
import { encodeMulaw, FRAME_BYTES, MULAW_SILENCE } from '../../contracts/g711';
import { type DeepgramOptions, registerDeepgram } from '../../lab/deepgram';
import type { DeepgramEntry } from '../../lab/deepgram/ledger-entry';
import { registerElevenLabs } from '../../lab/elevenlabs';
import type { ElevenLabsTtsEntry } from '../../lab/elevenlabs/ledger-entry';
import { type FaultInput, faultSchema } from '../../lab/faults';
import { registerOpenAi } from '../../lab/openai';
import type { SpeechEntry } from '../../lab/openai/ledger-entry';
import { loadScenario, type ScenarioInput } from '../../lab/scenario';
import { createLabServer, type ListeningLabServer } from '../../lab/server';
import { Demodulator, modulate } from '../../lab/voice';
import type { ProviderConfig, ProviderDeps } from '../../providers/deps';

/** Fast speech, so that a sentence is a fraction of a second of audio. */
export const BAUD = 1200;

export class VendorLab {
  private constructor(readonly server: ListeningLabServer) {}

  static async start(
    options: { deepgram?: Partial<DeepgramOptions>; elevenLabsIdleMs?: number; scenario?: ScenarioInput } = {},
  ): Promise<VendorLab> {
    const scenario = loadScenario(options.scenario ?? {});
    const server = await createLabServer(scenario, { baud: BAUD, seed: 1, brain: scenario.brain }, pino({ level: 'silent' }));
    registerOpenAi(server);
    registerDeepgram(server, options.deepgram);
    registerElevenLabs(server, options.elevenLabsIdleMs === undefined ? {} : { idleMs: options.elevenLabsIdleMs }, {
      agents: scenario.elevenlabs.agents,
      tools: Object.keys(scenario.tools),
    });
    await server.listen('127.0.0.1', 0);
    return new VendorLab(server);
  }

  get config(): ProviderConfig {
    const { url } = this.server;
    return {
      DEEPGRAM_API_KEY: 'dg-lab',
      DEEPGRAM_BASE_URL: `${url}/deepgram`,
      ELEVENLABS_API_KEY: 'el-lab',
      ELEVENLABS_BASE_URL: `${url}/elevenlabs`,
      OPENAI_API_KEY: 'sk-lab',
      OPENAI_BASE_URL: `${url}/v1`,
    };
  }

  deps(changes: Partial<ProviderDeps> = {}): ProviderDeps {
    return { config: this.config, clock: systemClock, log: { debug: () => {}, warn: () => {} }, ...changes };
  }

  fault(fault: FaultInput): void {
    this.server.faults.add(faultSchema.parse({ count: 1, ...fault }));
  }

  notes<T>(section: string): T[] {
    return (this.server.ledger.snapshot().notes[section] ?? []) as T[];
  }

  get deepgram(): DeepgramEntry[] {
    return this.notes('deepgram');
  }

  get elevenLabs(): ElevenLabsTtsEntry[] {
    return this.notes('elevenlabs-tts');
  }

  get speeches(): SpeechEntry[] {
    return this.notes('speech');
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

export const silence = (ms: number) => new Uint8Array(ms * 8).fill(MULAW_SILENCE);
/** A caller's words as the telephone brings them. */
export const spoken = (text: string) => encodeMulaw(modulate(text, { sampleRate: 8000, baud: BAUD }));

/** In frames of 20 ms, all at once: recognisers count audio, not time. */
export function say(listener: { push(audio: Uint8Array): void }, ...parts: (string | number)[]): void {
  for (const part of parts) {
    const audio = typeof part === 'string' ? spoken(part) : silence(part);
    for (let at = 0; at < audio.length; at += FRAME_BYTES) listener.push(audio.subarray(at, at + FRAME_BYTES));
  }
}

/** What a listener hears in a voice's audio. */
export function heard(pcm: Int16Array, sampleRate: 8000 | 24000): string {
  let text = '';
  const demodulator = new Demodulator(
    { sampleRate, baud: BAUD },
    {
      text: (fragment) => {
        text += fragment;
      },
    },
  );
  demodulator.push(pcm);
  return text;
}

/** Gathers events, and waits for the one that is looked for. */
export class Events<E extends { kind: string }> {
  readonly all: E[] = [];
  #wake: () => void = () => {};

  constructor(source: { listen(listener: (event: E) => void): void }) {
    source.listen((event) => {
      this.all.push(event);
      this.#wake();
    });
  }

  of<K extends E['kind']>(kind: K): Extract<E, { kind: K }>[] {
    return this.all.filter((event): event is Extract<E, { kind: K }> => event.kind === kind);
  }

  get kinds(): string[] {
    return this.all.map(({ kind }) => kind);
  }

  /** The `count`-th event of a kind. */
  async next<K extends E['kind']>(kind: K, count = 1): Promise<Extract<E, { kind: K }>> {
    for (;;) {
      const found = this.of(kind)[count - 1];
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
