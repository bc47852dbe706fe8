import { COMMAND_TOLERANCE_MS, signCommand, verifyCommand } from './command-auth';

const KEY = 'a key that is long enough';
const NOW_MS = 1_800_000_000_000;
const BODY = '{"kind":"hangup"}';

test('a signed command is accepted within the tolerance, both ways', () => {
  const headers = signCommand(BODY, KEY, NOW_MS);
  for (const skew of [-COMMAND_TOLERANCE_MS, 0, COMMAND_TOLERANCE_MS]) {
    expect(() => verifyCommand(BODY, headers, KEY, NOW_MS + skew)).not.toThrow();
  }
});

test.each([
  ['another body', '{"kind":"hangup","x":1}', KEY, {}, 0],
  ['another key', BODY, 'another key altogether', {}, 0],
  ['no signature', BODY, KEY, { 'x-patter-signature': undefined }, 0],
  ['a header sent twice', BODY, KEY, { 'x-patter-signature': ['a', 'b'] }, 0],
  ['a changed time', BODY, KEY, { 'x-patter-timestamp': String(NOW_MS + 1) }, 0],
  ['a replay from the past', BODY, KEY, {}, COMMAND_TOLERANCE_MS + 1],
  ['a time from the future', BODY, KEY, {}, -COMMAND_TOLERANCE_MS - 1],
])('a command with %s is refused', (_, body, key, change, laterMs) => {
  const headers = { ...signCommand(BODY, KEY, NOW_MS), ...change };
  expect(() => verifyCommand(body, headers, key, NOW_MS + laterMs)).toThrow(expect.objectContaining({ code: 'PATTER_UNAUTHORIZED' }));
});
