import { signCallToken, verifyCallToken } from './call-token';

const KEY = 'a key that is long enough';
const NOW_MS = 1_800_000_000_000;
const CLAIMS = { c: 'call_00_1', a: 2, n: 'nonce', e: NOW_MS / 1_000 + 60 };

test('a token gives back what was signed', () => {
  expect(verifyCallToken(signCallToken(CLAIMS, KEY), KEY, NOW_MS)).toEqual(CLAIMS);
});

test('a token is refused from the second on at which it expires', () => {
  const token = signCallToken(CLAIMS, KEY);
  expect(() => verifyCallToken(token, KEY, CLAIMS.e * 1_000 - 1)).not.toThrow();
  expect(() => verifyCallToken(token, KEY, CLAIMS.e * 1_000)).toThrow(expect.objectContaining({ code: 'PATTER_TOKEN_EXPIRED' }));
});

test('claims cannot be changed, keys not guessed, pieces not left out', () => {
  const token = signCallToken(CLAIMS, KEY);
  const [payload, signature] = token.split('.') as [string, string];
  const other = Buffer.from(JSON.stringify({ ...CLAIMS, c: 'call_01_1' })).toString('base64url');
  for (const wrong of [
    '',
    '.',
    payload,
    `${payload}.`,
    `.${signature}`,
    `${other}.${signature}`,
    `${token}.x`,
    `${payload}.${signature.slice(2)}`,
  ]) {
    expect(() => verifyCallToken(wrong, KEY, NOW_MS)).toThrow(expect.objectContaining({ code: 'PATTER_TOKEN_INVALID' }));
  }
  expect(() => verifyCallToken(token, 'another key altogether', NOW_MS)).toThrow(expect.objectContaining({ code: 'PATTER_TOKEN_INVALID' }));
});

test('an expired forgery is called a forgery', () => {
  const token = signCallToken({ ...CLAIMS, e: 1 }, 'another key altogether');
  expect(() => verifyCallToken(token, KEY, NOW_MS)).toThrow(expect.objectContaining({ code: 'PATTER_TOKEN_INVALID' }));
});
