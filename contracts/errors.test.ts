import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS, isPatterError, PatterError } from './errors';

const page = readFileSync(join(__dirname, '..', 'docs', 'errors.md'), 'utf8');
const documented = [...page.matchAll(/^### (PATTER_[A-Z_]+)$/gm)].map((match) => match[1] as string);

describe('the error catalogue', () => {
  it('explains every code once in docs/errors.md, and no other', () => {
    expect([...documented].sort()).toEqual(Object.keys(ERRORS).sort());
  });

  it('is recognised across module copies by name and code', () => {
    const copy = Object.assign(new Error('from another realm'), { name: 'PatterError', code: 'PATTER_NO_GATEWAY' });
    expect(isPatterError(copy, 'PATTER_NO_GATEWAY')).toBe(true);
    expect(isPatterError(copy, 'PATTER_CALL_ENDED')).toBe(false);
    expect(isPatterError(new Error('other'))).toBe(false);
    expect(isPatterError(new PatterError('PATTER_CALL_ENDED', 'gone', { details: { callId: 'c' } }))).toBe(true);
  });
});
