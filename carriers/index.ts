/** All carriers of a configuration. Adding one is a folder and a line here. */
import { CARRIERS, type Carrier, type CarrierName } from '../contracts/carrier';
import { PatterError } from '../contracts/errors';
import { GATEWAY_PATHS } from '../contracts/gateway';
import type { CarrierMedia } from './media';
import { createTelnyxCarrier, TELNYX_MEDIA } from './telnyx';
import { TELNYX_REQUEST_TIMEOUT_MS } from './telnyx/client';
import { createTwilioCarrier, TWILIO_MEDIA } from './twilio';
import { TWILIO_REQUEST_TIMEOUT_MS } from './twilio/client';

export type { CarrierMedia, MediaCodec, MediaEncoder, MediaStreamMessage } from './media';
export { webhookUrl } from './urls';

/** The carriers' part of the configuration (`runtime/config.ts`), by shape: this folder knows only contracts. */
export interface CarrierConfig {
  TWILIO_ACCOUNT_SID?: string | undefined;
  TWILIO_AUTH_TOKEN?: string | undefined;
  TWILIO_BASE_URL: string;
  TELNYX_API_KEY?: string | undefined;
  TELNYX_CONNECTION_ID?: string | undefined;
  TELNYX_BASE_URL?: string | undefined;
}

/** Only those whose credentials are set; ask with `requireCarrier` where one is needed. */
export function createCarriers(config: CarrierConfig): ReadonlyMap<CarrierName, Carrier> {
  const carriers = new Map<CarrierName, Carrier>();
  if (config.TWILIO_ACCOUNT_SID && config.TWILIO_AUTH_TOKEN) {
    carriers.set(
      'twilio',
      createTwilioCarrier({
        accountSid: config.TWILIO_ACCOUNT_SID,
        authToken: config.TWILIO_AUTH_TOKEN,
        baseUrl: config.TWILIO_BASE_URL,
      }),
    );
  }
  if (config.TELNYX_API_KEY && config.TELNYX_CONNECTION_ID) {
    carriers.set(
      'telnyx',
      createTelnyxCarrier({
        apiKey: config.TELNYX_API_KEY,
        connectionId: config.TELNYX_CONNECTION_ID,
        baseUrl: config.TELNYX_BASE_URL ?? 'https://api.telnyx.com/v2',
      }),
    );
  }
  return carriers;
}

/** As long as a request to any carrier is waited for at most: after it, one that was sent has arrived or never will. */
export const CARRIER_REQUEST_TIMEOUT_MS = Math.max(TWILIO_REQUEST_TIMEOUT_MS, TELNYX_REQUEST_TIMEOUT_MS);

const MEDIA: Readonly<Record<string, CarrierMedia>> = {
  [GATEWAY_PATHS.media]: TWILIO_MEDIA,
  [GATEWAY_PATHS.telnyxMedia]: TELNYX_MEDIA,
};

/** Whose media socket a path is. Undefined: nobody's. @param path without query */
export function mediaAt(path: string): CarrierMedia | undefined {
  return Object.hasOwn(MEDIA, path) ? MEDIA[path] : undefined;
}

const CREDENTIALS: Readonly<Record<CarrierName, string>> = {
  twilio: 'TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN',
  telnyx: 'TELNYX_API_KEY, TELNYX_PUBLIC_KEY and TELNYX_CONNECTION_ID',
};

/** @throws PatterError PATTER_CREDENTIAL_MISSING that names the variables to set */
export function requireCarrier(carriers: ReadonlyMap<CarrierName, Carrier>, name: CarrierName): Carrier {
  const carrier = carriers.get(name);
  if (!carrier) {
    const known = CARRIERS.includes(name) ? `set ${CREDENTIALS[name]} (environment or .env)` : `there is no carrier of that name`;
    throw new PatterError('PATTER_CREDENTIAL_MISSING', `No access to ${name}: ${known}`);
  }
  return carrier;
}
