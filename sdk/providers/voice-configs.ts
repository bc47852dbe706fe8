/** Who hears, who speaks and who thinks in a pipeline: frozen objects that name a vendor, its key and what is set. */

type Settings = Readonly<Record<string, unknown>>;

export interface STTConfigFields {
  provider: string;
  /** '' or absent: from the environment. */
  apiKey?: string;
  /** BCP 47. @default 'en' */
  language?: string;
  /** The vendor's own settings, by our names (contracts/providers.ts). */
  settings?: Settings;
}

export class STTConfig {
  readonly provider: string;
  readonly apiKey: string;
  readonly language: string;
  readonly settings: Settings;

  constructor({ provider, apiKey = '', language = 'en', settings = {} }: STTConfigFields) {
    this.provider = provider;
    this.apiKey = apiKey;
    this.language = language;
    this.settings = Object.freeze({ ...settings });
    Object.freeze(this);
  }

  /** With the key in it: not for logs. */
  toDict(): { provider: string; api_key: string; language: string } {
    return { provider: this.provider, api_key: this.apiKey, language: this.language };
  }
}

export interface TTSConfigFields {
  provider: string;
  /** '' or absent: from the environment. */
  apiKey?: string;
  /** Name or id. @default 'alloy' */
  voice?: string;
  settings?: Settings;
}

export class TTSConfig {
  readonly provider: string;
  readonly apiKey: string;
  readonly voice: string;
  readonly settings: Settings;

  constructor({ provider, apiKey = '', voice = 'alloy', settings = {} }: TTSConfigFields) {
    this.provider = provider;
    this.apiKey = apiKey;
    this.voice = voice;
    this.settings = Object.freeze({ ...settings });
    Object.freeze(this);
  }

  /** With the key in it: not for logs. */
  toDict(): { provider: string; api_key: string; voice: string } {
    return { provider: this.provider, api_key: this.apiKey, voice: this.voice };
  }
}

export interface LLMConfigFields {
  provider: string;
  /** '' or absent: from the environment. */
  apiKey?: string;
  model?: string;
  settings?: Settings;
}

export class LLMConfig {
  readonly provider: string;
  readonly apiKey: string;
  readonly model: string | undefined;
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
