/** Who hears, who speaks and who thinks in a pipeline: frozen objects that name a vendor, its key and what is set. */

type Settings = Readonly<Record<string, unknown>>;

/** Options of `new STTConfig()`. */
export interface STTConfigFields {
  /** Name of the vendor. */
  provider: string;
  /** '' or absent: from the environment. */
  apiKey?: string;
  /** BCP 47. @default 'en' */
  language?: string;
  /** The vendor's own settings, by our names (contracts/providers.ts). */
  settings?: Settings;
}

/** Who hears in a pipeline. Frozen. The classes of the vendors are easier to write: `new DeepgramSTT()`. */
export class STTConfig {
  /** Name of the vendor. */
  readonly provider: string;
  /** '': from the environment. */
  readonly apiKey: string;
  /** BCP 47. */
  readonly language: string;
  /** Whether a language was named. */
  readonly languageGiven: boolean;
  /** The vendor's own settings. */
  readonly settings: Settings;

  constructor({ provider, apiKey = '', language, settings = {} }: STTConfigFields) {
    this.provider = provider;
    this.apiKey = apiKey;
    this.language = language ?? 'en';
    this.languageGiven = language !== undefined;
    this.settings = Object.freeze({ ...settings });
    Object.freeze(this);
  }

  /** With the key in it: not for logs. */
  toDict(): { provider: string; api_key: string; language: string } {
    return { provider: this.provider, api_key: this.apiKey, language: this.language };
  }
}

/** Options of `new TTSConfig()`. */
export interface TTSConfigFields {
  /** Name of the vendor. */
  provider: string;
  /** '' or absent: from the environment. */
  apiKey?: string;
  /** Name or id. @default `usualVoice` */
  voice?: string;
  /** Where neither this nor the agent names a voice. @default 'alloy' */
  usualVoice?: string;
  /** The vendor's own settings. */
  settings?: Settings;
}

/** Who speaks in a pipeline. Frozen. The classes of the vendors are easier to write: `new ElevenLabsTTS()`. */
export class TTSConfig {
  /** Name of the vendor. */
  readonly provider: string;
  /** '': from the environment. */
  readonly apiKey: string;
  /** Name or id. */
  readonly voice: string;
  /** Whether a voice was named. */
  readonly voiceGiven: boolean;
  /** The vendor's own settings. */
  readonly settings: Settings;

  constructor({ provider, apiKey = '', voice, usualVoice = 'alloy', settings = {} }: TTSConfigFields) {
    this.provider = provider;
    this.apiKey = apiKey;
    this.voice = voice ?? usualVoice;
    this.voiceGiven = voice !== undefined;
    this.settings = Object.freeze({ ...settings });
    Object.freeze(this);
  }

  /** With the key in it: not for logs. */
  toDict(): { provider: string; api_key: string; voice: string } {
    return { provider: this.provider, api_key: this.apiKey, voice: this.voice };
  }
}

/** Options of `new LLMConfig()`. */
export interface LLMConfigFields {
  /** Name of the vendor. */
  provider: string;
  /** '' or absent: from the environment. */
  apiKey?: string;
  /** @default the vendor's usual one */
  model?: string;
  /** The vendor's own settings. */
  settings?: Settings;
}

/** Who thinks in a pipeline. Frozen. The classes of the vendors are easier to write: `new OpenAILLM()`. */
export class LLMConfig {
  /** Name of the vendor. */
  readonly provider: string;
  /** '': from the environment. */
  readonly apiKey: string;
  /** undefined: the vendor's usual one. */
  readonly model: string | undefined;
  /** The vendor's own settings. */
  readonly settings: Settings;

  constructor({ provider, apiKey = '', model, settings = {} }: LLMConfigFields) {
    this.provider = provider;
    this.apiKey = apiKey;
    this.model = model;
    this.settings = Object.freeze({ ...settings });
    Object.freeze(this);
  }

  /** With the key in it: not for logs. */
  toDict(): { provider: string; api_key: string; model: string | undefined } {
    return { provider: this.provider, api_key: this.apiKey, model: this.model };
  }
}
