import type { Logger } from 'pino';
import type { Clock } from '../contracts/clock';

/** The part of the configuration that vendors need; base URLs may be http: their sockets follow (ws). */
export interface ProviderConfig {
  readonly DEEPGRAM_API_KEY?: string | undefined;
  readonly DEEPGRAM_BASE_URL: string;
  readonly ELEVENLABS_API_KEY?: string | undefined;
  readonly ELEVENLABS_BASE_URL: string;
  readonly OPENAI_API_KEY?: string | undefined;
  /** With `/v1`. */
  readonly OPENAI_BASE_URL: string;
}

/** What a vendor's object of one call needs of its process. */
export interface ProviderDeps {
  readonly config: ProviderConfig;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'debug' | 'warn'>;
}
