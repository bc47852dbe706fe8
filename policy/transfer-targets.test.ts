import { numbersInTemplate, transferTarget } from './transfer-targets';

const PROMPT = 'Sales is at +15550001111, billing at +15550002222 (again: +15550001111). Call {name} on {phone}, extension +1555{ext}.';
const spec = (to?: string[], systemPrompt = PROMPT) => ({
  agent: { systemPrompt },
  ...(to ? { transfer: { to, ringTimeout: 20_000, mode: 'warm' as const, whisper: '' } } : {}),
});

describe('whom a caller may be transferred to', () => {
  test('numbers that stand literally in the template, each once; nothing that a variable completes', () => {
    expect(numbersInTemplate(PROMPT)).toEqual(['+15550001111', '+15550002222']);
  });

  test.each(['15550001111', '+0555000111', '+1555', '+1234567890123456', '++15550001111x1', '{a}+15550001111'])('%s is none', (text) => {
    expect(numbersInTemplate(text).filter((number) => number !== '+15550001111')).toEqual([]);
    if (text.startsWith('{')) expect(numbersInTemplate(text)).toEqual([]);
  });

  test.each(['+15550003333', '15550001111', '+1 555 000 1111', '+15550001111 ', '', '+155500011112'])(
    'a named %j is not one of them',
    (named) => {
      expect(transferTarget(spec(['+15559990000']), 1, named)).toEqual({ kind: 'unknown' });
    },
  );

  test('a number of the configuration is not to be named: it is tried in its turn', () => {
    expect(transferTarget(spec(['+15559990000']), 1, '+15559990000')).toEqual({ kind: 'unknown' });
    expect(transferTarget(spec(['+15559990000', '+15559990001']), 2, undefined)).toEqual({ kind: 'target', to: '+15559990001' });
  });

  test('a second round begins with the first', () => {
    expect(transferTarget(spec(['+15559990000', '+15559990001']), 3, undefined)).toEqual({ kind: 'target', to: '+15559990000' });
  });

  test('where only the prompt names people, they are tried in its order', () => {
    expect([1, 2].map((number) => transferTarget(spec(), number, undefined))).toEqual([
      { kind: 'target', to: '+15550001111' },
      { kind: 'target', to: '+15550002222' },
    ]);
    expect(transferTarget(spec(undefined, 'Be kind.'), 1, undefined)).toEqual({ kind: 'nobody' });
  });
});
