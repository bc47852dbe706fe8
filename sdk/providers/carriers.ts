/** Carriers, as objects: `new Patter({ carrier: new Twilio() })`. */

export interface TwilioOptions {
  /** @default TWILIO_ACCOUNT_SID, TWILIO_SID */
  accountSid?: string;
  /** @default TWILIO_AUTH_TOKEN, TWILIO_TOKEN */
  authToken?: string;
}

export class Twilio {
  readonly name = 'twilio';
  readonly accountSid: string | undefined;
  readonly authToken: string | undefined;

  constructor(options: TwilioOptions = {}) {
    this.accountSid = options.accountSid;
    this.authToken = options.authToken;
    Object.freeze(this);
  }
}

export interface TelnyxOptions {
  /** @default TELNYX_API_KEY, TELNYX_KEY */
  apiKey?: string;
  /** Call Control application. @default TELNYX_CONNECTION_ID */
  connectionId?: string;
  /** Ed25519 key that webhooks are verified with. @default TELNYX_PUBLIC_KEY */
  publicKey?: string;
}

export class Telnyx {
  readonly name = 'telnyx';
  readonly apiKey: string | undefined;
  readonly connectionId: string | undefined;
  readonly publicKey: string | undefined;

  constructor(options: TelnyxOptions = {}) {
    this.apiKey = options.apiKey;
    this.connectionId = options.connectionId;
    this.publicKey = options.publicKey;
    Object.freeze(this);
  }
}
