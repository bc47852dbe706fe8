/** Encrypts what Temporal stores: AES-256-GCM over the whole payload, its metadata included. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { PatterError } from '../contracts/errors';
import { type EncryptionKey, parseKeyRing } from './key-ring';

const ENCODING = 'binary/encrypted';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * @param keys base64 of 32 bytes each, with an id before it (`2026-05:base64`) or without, separated by commas: the first encrypts, all decrypt,
 * so that keys can be renewed
 * @throws PatterError PATTER_CONFIG_INVALID
 */
export function encryptionCodec(keys: string): PayloadCodec {
  const ring = parseKeyRing(keys);
  if (!ring) {
    throw new PatterError(
      'PATTER_CONFIG_INVALID',
      'PATTER_ENCRYPTION_KEY is base64 of 32 bytes, or id:base64 with an id of its own; make one with: openssl rand -base64 32',
      { details: { variables: ['PATTER_ENCRYPTION_KEY'] } },
    );
  }
  const [current] = ring;
  return {
    encode: async (payloads) => payloads.map((payload) => encrypt(payload, current)),
    decode: async (payloads) => payloads.map((payload) => decrypt(payload, ring)),
  };
}

function encrypt(payload: Payload, key: EncryptionKey): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: TAG_BYTES });
  const plain = temporal.api.common.v1.Payload.encode(payload).finish();
  const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return { metadata: { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(key.id) }, data: sealed };
}

function decrypt(payload: Payload, ring: readonly EncryptionKey[]): Payload {
  // What was written before encryption was switched on stays readable.
  if (!payload.metadata?.encoding || Buffer.from(payload.metadata.encoding).toString() !== ENCODING) return payload;
  const keyId = Buffer.from(payload.metadata['encryption-key-id'] ?? []).toString();
  const key = ring.find((one) => one.id === keyId) ?? ring.find((one) => one.fingerprint === keyId);
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
  if (sealed.length < NONCE_BYTES + TAG_BYTES)
    throw new PatterError('PATTER_CONFIG_INVALID', 'An encrypted payload is too short to be one.');
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plain = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()]);
  return temporal.api.common.v1.Payload.decode(plain);
}
