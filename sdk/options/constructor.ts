/** Options of `new Patter()`. */
import type { CarrierName } from '../../contracts/carrier';
import type { Telnyx, Twilio } from '../providers/carriers';
import type { TunnelOption } from './tunnel';

/**
 * Prices in US dollars, laid over the built-in list. The key is `provider/service/item/unit`, where `*` is any item; a number is the price of one unit.
 *
 *     { 'twilio/voice/outbound/second': { usd: 0.01, perStarted: 60 }, 'openai/llm/gpt-4o-mini/output_text_token': { usd: 0.5, per: 1_000_000 } }
 */
export type Pricing = Readonly<Record<string, number | PriceEntry>>;

/** One price, where a number for one unit does not say it. */
export interface PriceEntry {
  /** US dollars. */
  readonly usd: number;
  /** For so many units. @default 1 */
  readonly per?: number;
  /** For each started block of so many units: 60 where seconds are billed by the minute. Instead of `per`. */
  readonly perStarted?: number;
}

/** Options of both modes. */
export interface CommonOptions {
  /** @default 'cloud' when `apiKey` is given, else 'local' */
  mode?: 'local' | 'cloud';
  /**
   * `whsec_` and base64 of 24 to 64 bytes: signs the requests to callbacks and to an `onMessage` that are URLs, as Standard Webhooks has it. Without it they
   * are not signed. @default PATTER_WEBHOOK_SECRET
   */
  webhookSecret?: string;
}

/** Options of `new Patter()` in local mode: everything in this process. */
export interface LocalOptions extends CommonOptions {
  /** The newer way to give the carrier's keys. */
  carrier?: Twilio | Telnyx;
  /** @default TWILIO_ACCOUNT_SID, TWILIO_SID */
  twilioSid?: string;
  /** @default TWILIO_AUTH_TOKEN, TWILIO_TOKEN */
  twilioToken?: string;
  /** @default TELNYX_API_KEY, TELNYX_KEY */
  telnyxKey?: string;
  /** Call Control application. @default TELNYX_CONNECTION_ID */
  telnyxConnectionId?: string;
  /** Ed25519 key that webhooks are verified with. @default TELNYX_PUBLIC_KEY */
  telnyxPublicKey?: string;
  /** @default OPENAI_API_KEY, OPENAI_KEY */
  openaiKey?: string;
  /** @default ELEVENLABS_API_KEY, ELEVENLABS_KEY */
  elevenlabsKey?: string;
  /** @default DEEPGRAM_API_KEY, DEEPGRAM_KEY */
  deepgramKey?: string;
  /** E.164. @default PATTER_PHONE_NUMBER, PHONE_NUMBER */
  phoneNumber?: string;
  /** Public host name, no scheme needed. @default PATTER_PUBLIC_URL, WEBHOOK_URL */
  webhookUrl?: string;
  /** Not together with `webhookUrl`. */
  tunnel?: TunnelOption;
  /** Laid over the built-in prices. */
  pricing?: Pricing;
  /** Webhooks that cannot be verified for lack of a credential are answered with 503. @default true */
  requireSignature?: boolean;
  /** Writes one file per finished call: true to the default folder, or a path. @default PATTER_LOG_DIR */
  persist?: boolean | string;
  /** Names this program, so that it is known again after a restart: 1 to 64 letters, digits, `_`, `.` or `-`. @default from number and folder */
  appId?: string;
  /** File of your own Temporal workflows, TypeScript or JavaScript, which run in this process: docs/workflows.md. */
  workflows?: string;
}

/** Options of `new Patter()` in cloud mode: a backend elsewhere. */
export interface CloudOptions extends CommonOptions {
  /** `pt_…`. @default PATTER_API_KEY (with `mode: 'cloud'`) */
  apiKey?: string;
  /** WebSocket of the backend. @default PATTER_BACKEND_URL, else wss://api.getpatter.com */
  backendUrl?: string;
  /** REST of the backend. @default PATTER_REST_URL, else backendUrl with http(s) */
  restUrl?: string;
}

/** Options of `new Patter()`: those of one mode. */
export type PatterOptions = LocalOptions & CloudOptions;

/** Where calls go through, and with which keys. All keys may come from the environment. */
export interface LocalConfigFields {
  /** The carrier. */
  readonly telephonyProvider: CarrierName;
  /** Account SID; '' where Twilio is not used. */
  readonly twilioSid: string;
  /** Auth token. */
  readonly twilioToken: string;
  /** API key; '' where Telnyx is not used. */
  readonly telnyxKey: string;
  /** Call Control application. */
  readonly telnyxConnectionId: string;
  /** Ed25519 key that webhooks are verified with. */
  readonly telnyxPublicKey: string;
  /** '': none. */
  readonly openaiKey: string;
  /** '': none. */
  readonly elevenlabsKey: string;
  /** '': none. */
  readonly deepgramKey: string;
  /** E.164. */
  readonly phoneNumber: string;
  /** Public host name, no scheme; '' with a tunnel, or where none is known yet. */
  readonly webhookUrl: string;
  /** Webhooks that cannot be verified are refused. */
  readonly requireSignature: boolean;
  /** `whsec_…`, signs requests to the developer's URLs; '': none. */
  readonly webhookSecret: string;
  /** Folder of the on-disk call history; null: none. */
  readonly persistRoot: string | null;
  /** Names this program over restarts. */
  readonly appId: string;
  /** Absolute path. */
  readonly workflows?: string;
  /** How it becomes reachable without a `webhookUrl`. */
  readonly tunnel: TunnelOption;
  /** Laid over the built-in prices. */
  readonly pricing: Pricing;
}

export interface CloudConfig {
  readonly apiKey: string;
  /** ws(s), no slash at the end. */
  readonly backendUrl: string;
  /** http(s), no slash at the end. */
  readonly restUrl: string;
  /** `whsec_…`, signs requests to the developer's URLs; '': none. */
  readonly webhookSecret: string;
  /** Whether callbacks that are URLs may be on this machine or in this network. */
  readonly allowPrivate: boolean;
}
