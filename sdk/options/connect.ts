/** Options of `phone.connect()`: cloud and self-hosted mode. */
import type { STTConfig, TTSConfig } from '../providers/voice-configs';
import type { Callbacks, MessageFunction } from './callbacks';

/** Options of `phone.connect()`. */
export interface ConnectOptions extends Callbacks {
  /** Returns what the agent says. */
  onMessage: MessageFunction;
  /** Carrier of `number`. */
  provider?: 'twilio' | 'telnyx';
  /** Account SID of Twilio, API key of Telnyx. */
  providerKey?: string;
  /** Auth token of Twilio; connection id of Telnyx. */
  providerSecret?: string;
  /** E.164. */
  number?: string;
  /** Who hears the callers of `number`. @default the choice of the backend */
  stt?: STTConfig;
  /** Who speaks to them. @default the choice of the backend */
  tts?: TTSConfig;
}

export interface ResolvedConnectOptions {
  readonly onMessage: MessageFunction;
  readonly callbacks: Readonly<Callbacks>;
  /** Absent: the numbers that the backend has for this key. */
  readonly number: string | undefined;
  readonly provider: 'twilio' | 'telnyx' | undefined;
  readonly providerKey: string | undefined;
  readonly providerSecret: string | undefined;
  readonly stt: STTConfig | undefined;
  readonly tts: TTSConfig | undefined;
}
