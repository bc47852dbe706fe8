/** Carriers, as objects: `new Patter({ carrier: new Twilio() })`. */

/** Options of `new Twilio()`. */
export interface TwilioOptions {
  /** @default TWILIO_ACCOUNT_SID, TWILIO_SID */
  accountSid?: string;
  /** @default TWILIO_AUTH_TOKEN, TWILIO_TOKEN */
  authToken?: string;
}

/** The account at Twilio: `new Patter({ carrier: new Twilio() })`. Frozen. */
export class Twilio {
  /** Which carrier. */
  readonly name = 'twilio';
  /** undefined: from the environment. */
  readonly accountSid: string | undefined;
  /** undefined: from the environment. */
  readonly authToken: string | undefined;

  constructor(options: TwilioOptions = {}) {
    this.accountSid = options.accountSid;
    this.authToken = options.authToken;
    Object.freeze(this);
  }
}

/** Options of `new Telnyx()`. */
export interface TelnyxOptions {
  /** @default TELNYX_API_KEY, TELNYX_KEY */
  apiKey?: string;
  /** Call Control application. @default TELNYX_CONNECTION_ID */
  connectionId?: string;
  /** Ed25519 key that webhooks are verified with. @default TELNYX_PUBLIC_KEY */
  publicKey?: string;
}

/** The account at Telnyx: `new Patter({ carrier: new Telnyx() })`. Frozen. */
export class Telnyx {
  /** Which carrier. */
  readonly name = 'telnyx';
  /** undefined: from the environment. */
  readonly apiKey: string | undefined;
  /** undefined: from the environment. */
  readonly connectionId: string | undefined;
  /** undefined: from the environment. */
  readonly publicKey: string | undefined;

  constructor(options: TelnyxOptions = {}) {
    this.apiKey = options.apiKey;
    this.connectionId = options.connectionId;
    this.publicKey = options.publicKey;
    Object.freeze(this);
  }
}
