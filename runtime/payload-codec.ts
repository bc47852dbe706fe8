/** Encrypts what Temporal stores: AES-256-GCM over the whole payload, its metadata included. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { PatterError } from '../contracts/errors';

const ENCODING = 'binary/encrypted';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  id: string;
  bytes: Buffer;
}

/**
 * @param keys base64 of 32 bytes each, separated by commas: the first encrypts, all decrypt, so that keys can be renewed
 * @throws PatterError PATTER_CONFIG_INVALID
 */
export function encryptionCodec(keys: string): PayloadCodec {
  const ring = keys.split(',').map((text) => readKey(text.trim()));
  const current = ring[0]!;
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(payload, current)),
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, ring)),
  };
}

function readKey(text: string): Key {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 32) {
    throw new PatterError('PATTER_CONFIG_INVALID', 'PATTER_ENCRYPTION_KEY is base64 of 32 bytes; make one with: openssl rand -base64 32', {
      details: { variables: ['PATTER_ENCRYPTION_KEY'] },
    });
  }
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes };
}

function encrypt(payload: Payload, key: Key): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: TAG_BYTES });
  const plain = temporal.api.common.v1.Payload.encode(payload).finish();
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return { metadata: { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(key.id) }, data: sealed };
}

function decrypt(payload: Payload, ring: readonly Key[]): Payload {
  // What was written before encryption was switched on stays readable.
  if (!payload.metadata?.encoding || Buffer.from(payload.metadata.encoding).toString() !== ENCODING) return payload;
  const keyId = Buffer.from(payload.metadata['encryption-key-id'] ?? []).toString();
  const key = ring.find((one) => one.id === keyId);
  if (!key || !payload.data) {
    throw new PatterError(
      'PATTER_CONFIG_INVALID',
      `A payload was encrypted with key ${keyId}, which PATTER_ENCRYPTION_KEY does not list.`,
      {
        details: { keyId },
      },
    );
  }
  const sealed = Buffer.from(payload.data);
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plain = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()]);
  return temporal.api.common.v1.Payload.decode(plain);
}
