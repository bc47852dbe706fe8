/** What a process hands to another through a store that is not to read it: AES-256-GCM, with a key of its own derived from PATTER_SECRET_KEY. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { PatterError } from '../contracts/errors';

const PURPOSE = 'patter seal v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * @param value JSON
 * @param context what it belongs to, as a call id: it can be opened with the same one only
 * @returns base64url
 */
export function seal(value: unknown, secretKey: string, context: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(secretKey), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(JSON.stringify(value)), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** @throws PatterError PATTER_TOKEN_INVALID: sealed with another key or for something else, or not sealed at all */
export function unseal(sealed: string, secretKey: string, context: string): unknown {
  const bytes = Buffer.from(sealed, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(secretKey), bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const plain = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)), decipher.final()]);
    return JSON.parse(plain.toString('utf8'));
  } catch (cause) {
    throw new PatterError('PATTER_TOKEN_INVALID', 'What was sealed cannot be opened. All processes need the same PATTER_SECRET_KEY.', {
      cause,
    });
  }
}

function keyOf(secretKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, '', PURPOSE, 32));
}
