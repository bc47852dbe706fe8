import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPatterError } from '../contracts/errors';
import { isLoopbackUrl, loadConfig, remoteCarriers } from './config';

const KEY = Buffer.alloc(32, 1).toString('base64');
const OTHER_KEY = Buffer.alloc(32, 2).toString('base64');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'patter-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the environment wins over .env, .env over defaults, and an empty variable hides the one of .env', () => {
  writeFileSync(join(folder, '.env'), 'PATTER_GATEWAY_PORT=9000\nPATTER_CONTROL_PORT=9001\nTEMPORAL_NAMESPACE=from-file\n');
  const config = loadConfig({ PATTER_CONTROL_PORT: '9002', TEMPORAL_NAMESPACE: '' }, folder);
  expect(config).toMatchObject({ PATTER_GATEWAY_PORT: 9000, PATTER_CONTROL_PORT: 9002, TEMPORAL_NAMESPACE: 'patter' });
  expect(config.PATTER_HOME).toBe(join(folder, '.patter'));
});

test('every wrong variable is named in one error', () => {
  const wrong = {
    PATTER_GATEWAY_PORT: '70000',
    PATTER_LOG_LEVEL: 'loud',
    PATTER_SECRET_KEY: 'short',
    PATTER_ENCRYPTION_KEY: 'abc',
    OPENAI_BASE_URL: 'no url',
  };
  try {
    loadConfig(wrong, folder);
    throw new Error('it was accepted');
  } catch (error) {
    if (!isPatterError(error, 'PATTER_CONFIG_INVALID')) throw error;
    expect([...(error.details.variables as string[])].sort()).toEqual(Object.keys(wrong).sort());
    // A value may be a secret with a typing error.
    expect(error.message).not.toContain('short');
  }
});

test.each([
  ['https://voice.example.com/', ['https://voice.example.com']],
  ['https://a.example.com, https://b.example.com/x/', ['https://a.example.com', 'https://b.example.com/x']],
  ['http://127.0.0.1:8080', ['http://127.0.0.1:8080']],
])('the public URL %s is accepted', (text, urls) => {
  expect(loadConfig({ PATTER_PUBLIC_URL: text }, folder).PATTER_PUBLIC_URL).toEqual(urls);
});

test.each(['http://voice.example.com', 'voice.example.com', ','])('the public URL %s is refused', (text) => {
  expect(() => loadConfig({ PATTER_PUBLIC_URL: text }, folder)).toThrow(expect.objectContaining({ code: 'PATTER_CONFIG_INVALID' }));
});

test.each([
  ['http://localhost:1', true],
  ['http://127.8.9.1:1', true],
  ['http://[::1]:1', true],
  ['http://localhost.example.com', false],
  ['http://127.0.0.1.example.com', false],
  ['https://api.twilio.com', false],
])('%s is a loopback host: %s', (url, is) => {
  expect(isLoopbackUrl(url)).toBe(is);
});

test.each([
  ['one key', KEY, true],
  ['one with an id', `2026-05:${KEY}`, true],
  ['two', `new:${KEY},${OTHER_KEY}`, true],
  ['two of one id', `a:${KEY},a:${OTHER_KEY}`, false],
  ['an id without a key', 'a:', false],
  ['a key that is too short', KEY.slice(4), false],
])('PATTER_ENCRYPTION_KEY may be %s: %s is %s', (_, keys, valid) => {
  const load = () => loadConfig({ PATTER_ENCRYPTION_KEY: keys }, folder);
  if (valid) expect(load().PATTER_ENCRYPTION_KEY).toBe(keys);
  else expect(load).toThrow(expect.objectContaining({ code: 'PATTER_CONFIG_INVALID' }));
});

test('no real phone can ring only where each carrier that can be used is on this machine', () => {
  const TWILIO_BASE_URL = 'http://127.0.0.1:1';
  const remote = (env: Record<string, string>) => remoteCarriers(loadConfig(env, '/nowhere'));
  expect(remote({ TWILIO_BASE_URL })).toEqual([]);
  expect(remote({ TWILIO_BASE_URL, TELNYX_API_KEY: 'KEY', TELNYX_BASE_URL: 'http://127.0.0.1:2/v2' })).toEqual([]);
  expect(remote({ TWILIO_BASE_URL, TELNYX_API_KEY: 'KEY' })).toEqual(['TELNYX_BASE_URL (https://api.telnyx.com/v2)']);
  expect(remote({})).toEqual(['TWILIO_BASE_URL (https://api.twilio.com)']);
});
