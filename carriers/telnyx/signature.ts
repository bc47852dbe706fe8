/** Telnyx' webhook signature, checked by the package's own verifier: Ed25519 over the time and the raw body, not older or newer than 300 s. */
import { TelnyxWebhook } from 'telnyx/lib/webhooks';
import { PatterError } from '../../contracts/errors';

const RAW_KEY_BYTES = 32;
/** What comes before the 32 bytes in the DER form (SubjectPublicKeyInfo, RFC 8410). */
const DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface SignedWebhook {
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came, byte for byte. */
  rawBody: string;
}

export class TelnyxSignature {
  private readonly webhook: TelnyxWebhook;

  /**
   * @param publicKey base64 of the raw 32 bytes, as the portal shows it, or of the DER form; a PEM block is a DER form too
   * @throws PatterError PATTER_CONFIG_INVALID
   */
  constructor(publicKey: string) {
    this.webhook = new TelnyxWebhook(rawKey(publicKey));
  }

  async verify({ headers, rawBody }: SignedWebhook): Promise<boolean> {
    const single: Record<string, string> = {};
    for (const name of ['telnyx-signature-ed25519', 'telnyx-timestamp']) {
      const value = headers[name];
      if (typeof value !== 'string') return false;
      single[name] = value;
    }
    return this.webhook.verify(rawBody, single).then(
      () => true,
      () => false,
    );
  }
}

function rawKey(text: string): Uint8Array {
  const bytes = Buffer.from(text.replace(/-----[A-Z ]+-----/g, '').replace(/\s+/g, ''), 'base64');
  if (bytes.length === RAW_KEY_BYTES) return bytes;
  const isDer = bytes.length === DER_PREFIX.length + RAW_KEY_BYTES && bytes.subarray(0, DER_PREFIX.length).equals(DER_PREFIX);
  if (isDer) return bytes.subarray(DER_PREFIX.length);
  throw new PatterError(
    'PATTER_CONFIG_INVALID',
    `TELNYX_PUBLIC_KEY is not an Ed25519 key: base64 of 32 bytes is expected (portal.telnyx.com, Keys & Credentials, Public Key), or of its DER form; this is base64 of ${bytes.length} bytes`,
  );
}
