import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { encryptionCodec } from './payload-codec';

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

test('a key of the wrong length is refused with the way to make one', () => {
  expect(() => encryptionCodec('c2hvcnQ=')).toThrow(/openssl rand -base64 32/);
});
