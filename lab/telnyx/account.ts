/**
 * Who the lab's customer is at Telnyx, and the key pair that signs what is sent to it. The pair is derived from the API key and not drawn
 * anew at every start: a lab that is killed and started again must go on being believed by the processes that hold its public key.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { LAB_TELNYX } from '../scenario';

/** What comes before the 32 bytes of an Ed25519 seed in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_BYTES = 32;

export interface TelnyxAccount {
  readonly apiKey: string;
  /** The Call Control application that calls are placed with. */
  readonly connectionId: string;
  /** The raw 32 bytes in base64, as Telnyx' portal shows it. */
  readonly publicKey: string;
}

export function telnyxAccount(options: { apiKey: string; connectionId: string } = LAB_TELNYX): TelnyxAccount {
  const spki = createPublicKey(privateKey(options.apiKey)).export({ format: 'der', type: 'spki' });
  return {
    apiKey: options.apiKey,
    connectionId: options.connectionId,
    publicKey: spki.subarray(spki.length - PUBLIC_KEY_BYTES).toString('base64'),
  };
}

/** The environment of a product that talks to the lab with its default account. @param labUrl e.g. `http://127.0.0.1:41234` */
export function telnyxLabEnvironment(labUrl: string, account: TelnyxAccount = telnyxAccount()) {
  return {
    TELNYX_BASE_URL: `${labUrl}/v2`,
    TELNYX_API_KEY: account.apiKey,
    TELNYX_PUBLIC_KEY: account.publicKey,
    TELNYX_CONNECTION_ID: account.connectionId,
  } as const;
}

/** The two headers of a webhook, over its exact body. @param atMs epoch milliseconds */
export function signedHeaders(key: KeyObject, body: string, atMs: number): Record<string, string> {
  const timestamp = String(Math.floor(atMs / 1000));
  return {
    'telnyx-timestamp': timestamp,
    'telnyx-signature-ed25519': sign(null, Buffer.from(`${timestamp}|${body}`), key).toString('base64'),
  };
}

export function privateKey(apiKey: string): KeyObject {
  const seed = createHash('sha256').update(`telnyx lab ${apiKey}`).digest();
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}
