import { wasHeard } from './heard';

const SENTENCE = 'HiBea,yourappointmentisonFriday.';

test.each([
  ['all of it, among other words', `Thisisacall.${SENTENCE}Bye.`],
  ['a letter garbled', SENTENCE.replace('p', '\uFFFD')],
  ['letters swallowed with a trace', SENTENCE.replace('ment', '\uFFFD')],
  ['its beginning garbled', SENTENCE.replace('HiBe', '\uFFFD')],
  ['two places', SENTENCE.replace('your', '\uFFFDr').replace('Fri', '\uFFFD\uFFFDi')],
])('heard: %s', (_, heard) => {
  expect(wasHeard(heard, SENTENCE)).toBe(true);
});

test.each([
  ['nothing', ''],
  ['another day', SENTENCE.replace('Fri', 'Mon')],
  ['a word missing without a trace', SENTENCE.replace('your', '')],
  ['half a sentence behind one garbled place', SENTENCE.replace('appointment', '\uFFFD')],
  ['its end cut off', SENTENCE.slice(0, -6)],
  ['three places', SENTENCE.replace('B', '\uFFFD').replace('y', '\uFFFD').replace('F', '\uFFFD')],
])('not heard: %s', (_, heard) => {
  expect(wasHeard(heard, SENTENCE)).toBe(false);
});
