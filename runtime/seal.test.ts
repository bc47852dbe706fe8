import { seal, unseal } from './seal';

const KEY = 'a-secret-key-of-some-length';

describe('a sealed value', () => {
  it('is opened with the same key and for the same call', () => {
    const facts = { from: '+15005550001', parameters: { name: 'Zoë' } };
    expect(unseal(seal(facts, KEY, 'call_1'), KEY, 'call_1')).toEqual(facts);
  });

  it('shows nothing of what is in it, and looks different every time', () => {
    const sealed = seal({ from: '+15005550001' }, KEY, 'call_1');
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('5005550001');
    expect(seal({ from: '+15005550001' }, KEY, 'call_1')).not.toBe(sealed);
  });

  it.each([
    ['another key', (sealed: string) => unseal(sealed, 'another-key-of-some-length', 'call_1')],
    ['another call', (sealed: string) => unseal(sealed, KEY, 'call_2')],
    ['a changed byte', (sealed: string) => unseal(`${sealed[0] === 'A' ? 'B' : 'A'}${sealed.slice(1)}`, KEY, 'call_1')],
    ['nothing in it', () => unseal('', KEY, 'call_1')],
  ])('is not opened with %s', (_what, open) => {
    const sealed = seal({ from: '+15005550001' }, KEY, 'call_1');
    expect(() => open(sealed)).toThrow(expect.objectContaining({ code: 'PATTER_TOKEN_INVALID' }));
  });
});
