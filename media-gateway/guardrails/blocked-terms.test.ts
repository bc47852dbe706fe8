import fc from '../../test/support/property';
import { BlockedTerms } from './blocked-terms';

describe('terms that must not be spoken', () => {
  const terms = new BlockedTerms(['sue', 'legal action', "can't win", 'straße']);

  it.each(['We will SUE you.', 'They take Legal, action now', 'legal\n  action', 'You can’t win', 'Die STRASSE? Nein: Straße!', '“sue”'])(
    'finds one in %j',
    (text) => {
      expect(terms.in(text)).toBe(true);
    },
  );

  it.each(['This is an issue.', 'Sued? Pursue it.', 'legalaction', 'Take action, it is legal.', 'Sué'])('finds none in %j', (text) => {
    expect(terms.in(text)).toBe(false);
  });

  it('finds terms of scripts without spaces anywhere', () => {
    expect(new BlockedTerms(['訴訟']).in('私たちは訴訟を起こします')).toBe(true);
  });

  it('peer defect 15: a term is found however its text is split, before any letter of it was let go', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('sue', 'legal action', "can't win"),
        fc.lorem({ maxCount: 8 }),
        fc.array(fc.nat(6)),
        (term, rest, cuts) => {
          const whole = `${rest} ${term} ${rest}`;
          let text = '';
          let released = 0;
          for (let at = 0, i = 0; at < whole.length && !terms.in(text); i++) {
            const length = 1 + (cuts[i % Math.max(1, cuts.length)] ?? 0);
            text = whole.slice(0, at + length);
            at += length;
            if (!terms.in(text)) released = Math.max(released, terms.settled(text));
          }
          expect(terms.in(text)).toBe(true);
          expect(released).toBeLessThanOrEqual(whole.indexOf(term, rest.length));
        },
      ),
    );
  });

  it('keeps no more back than the words that may still become a term', () => {
    expect(new BlockedTerms(['sue']).settled('Good morning to y')).toBe('Good morning to '.length);
    expect(new BlockedTerms(['sue']).settled('Good morning, ')).toBe('Good morning, '.length);
    expect(new BlockedTerms([]).settled('Good')).toBe(4);
  });
});
