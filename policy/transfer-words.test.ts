import { transferQuestion, transferWords } from './transfer-words';

const call = { language: 'en', reason: 'wants to move the appointment', variables: {}, whisper: '' };

test('who calls and what they want, as far as it is known', () => {
  expect(transferWords(call)).toEqual({
    summary: 'There is a call for you. What it is about: wants to move the appointment',
    question: expect.stringContaining('Press 1'),
    language: 'en-US',
  });
  expect(transferWords({ ...call, variables: { first_name: 'Ada', last_name: 'Byron' } }).summary).toContain('from Ada Byron.');
  expect(transferWords({ ...call, reason: ' ', variables: { name: 'Ada' } }).summary).toBe('There is a call for you from Ada.');
});

test('the developer says it otherwise', () => {
  expect(transferWords({ ...call, whisper: 'Acme, Tuesday list.', variables: { name: 'Ada' } }).summary).toBe(
    'Acme, Tuesday list. What it is about: wants to move the appointment',
  );
});

test.each([
  ['de', 'de-DE'],
  ['de-at', 'de-AT'],
  ['en-GB', 'en-GB'],
  ['ja', 'en-US'],
])('the agent of %s asks by the voice of %s', (language, voice) => {
  expect(transferWords({ ...call, language })).toMatchObject({ language: voice, question: transferQuestion(language) });
});

test('a reason without an end does not fill the whole document', () => {
  const { summary } = transferWords({ ...call, reason: 'and on '.repeat(500) });
  expect(summary.length).toBeLessThanOrEqual(600);
  expect(summary.endsWith('and') || summary.endsWith('on')).toBe(true);
});
