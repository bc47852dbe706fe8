import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import {
  decodeOptionalFailureToOptionalError,
  encodeErrorToFailure,
  loadDataConverter,
} from '@temporalio/common/lib/internal-non-workflow';
import { temporal } from '@temporalio/proto';
import { encryptionCodec } from './payload-codec';
import { dataConverterFor } from './temporal';

const newKey = () => randomBytes(32).toString('base64');
const payload = () => defaultPayloadConverter.toPayload({ phone: '+15005550006' })!;

test('what Temporal stores does not show what was written, and comes back whole', async () => {
  const codec = encryptionCodec(newKey());
  const [sealed] = await codec.encode([payload()]);
  const stored = Buffer.concat([sealed!.data!, ...Object.values(sealed!.metadata!)]).toString('latin1');
  expect(stored).not.toContain('5005550006');
  expect(stored).not.toContain('json/plain');
  const [opened] = await codec.decode([sealed!]);
  expect(defaultPayloadConverter.fromPayload(opened!)).toEqual({ phone: '+15005550006' });
});

test('the same value never looks the same', async () => {
  const [one, two] = await encryptionCodec(newKey()).encode([payload(), payload()]);
  expect(Buffer.from(one!.data!).equals(Buffer.from(two!.data!))).toBe(false);
});

test('a new key first in the list still reads what the old one wrote, and what was never encrypted', async () => {
  const [oldKey, currentKey] = [newKey(), newKey()];
  const [old] = await encryptionCodec(oldKey).encode([payload()]);
  const [fromOld, fromPlain] = await encryptionCodec(`${currentKey},${oldKey}`).decode([old!, payload()]);
  expect(defaultPayloadConverter.fromPayload(fromOld!)).toEqual({ phone: '+15005550006' });
  expect(defaultPayloadConverter.fromPayload(fromPlain!)).toEqual({ phone: '+15005550006' });
});

test('a changed payload and an unknown key are refused', async () => {
  const codec = encryptionCodec(newKey());
  const [sealed] = await codec.encode([payload()]);
  await expect(encryptionCodec(newKey()).decode([sealed!])).rejects.toMatchObject({ code: 'PATTER_CONFIG_INVALID' });
  sealed!.data![20]! ^= 1;
  await expect(codec.decode([sealed!])).rejects.toThrow();
});

test('a key with an id of its own is named by it, and still reads what it wrote without one', async () => {
  const [key, other] = [newKey(), newKey()];
  const [before] = await encryptionCodec(key).encode([payload()]);
  const named = encryptionCodec(`2026-05:${key},2025-11:${other}`);
  const [after] = await named.encode([payload()]);
  expect(Buffer.from(after!.metadata!['encryption-key-id']!).toString()).toBe('2026-05');
  for (const opened of await named.decode([before!, after!]))
    expect(defaultPayloadConverter.fromPayload(opened)).toEqual({ phone: '+15005550006' });
});

test('two keys of one id are refused, because one of them could never be read', () => {
  expect(() => encryptionCodec(`a:${newKey()},a:${newKey()}`)).toThrow(expect.objectContaining({ code: 'PATTER_CONFIG_INVALID' }));
});

test('a failure’s message and stack trace are encrypted too, down to its causes', async () => {
  const converter = loadDataConverter(dataConverterFor({ PATTER_ENCRYPTION_KEY: newKey() }));
  const failure = await encodeErrorToFailure(converter, new Error('cannot call +15005550006', { cause: new Error('Ada said no') }));
  const stored = Buffer.from(temporal.api.failure.v1.Failure.encode(failure).finish()).toString('latin1');
  expect(stored).not.toMatch(/15005550006|Ada|payload-codec\.test/);
  const error = await decodeOptionalFailureToOptionalError(converter, failure);
  expect(error).toMatchObject({ message: 'cannot call +15005550006', cause: { message: 'Ada said no' } });
});

test('a key of the wrong length is refused with the way to make one', () => {
  expect(() => encryptionCodec('c2hvcnQ=')).toThrow(/openssl rand -base64 32/);
});
