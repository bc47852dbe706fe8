/** The keys of PATTER_ENCRYPTION_KEY: `base64`, or `id:base64`, several separated by commas. */
import { createHash } from 'node:crypto';

export interface EncryptionKey {
  /** Stands beside each payload that the key has encrypted. */
  id: string;
  /** The id that the same key has without one of its own: payloads from before it was given a name stay readable. */
  fingerprint: string;
  bytes: Buffer;
}

const KEY_BYTES = 32;
const KEY = /^(?:([A-Za-z0-9._-]{1,64}):)?([A-Za-z0-9+/_-]{43}=?)$/;

/** The first encrypts. @returns undefined when one cannot be read, or two have the same id */
export function parseKeyRing(text: string): [EncryptionKey, ...EncryptionKey[]] | undefined {
  const keys = text.split(',').map((part) => parseKey(part.trim()));
  const valid = keys.filter((key) => key !== undefined);
  const [first, ...others] = valid;
  if (!first || valid.length !== keys.length || new Set(valid.map(({ id }) => id)).size !== valid.length) return undefined;
  return [first, ...others];
}

export function isKeyRing(text: string): boolean {
  return parseKeyRing(text) !== undefined;
}

function parseKey(text: string): EncryptionKey | undefined {
  const [, id, encoded] = KEY.exec(text) ?? [];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  if (bytes.length !== KEY_BYTES) return undefined;
  const fingerprint = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return { id: id ?? fingerprint, fingerprint, bytes };
}
