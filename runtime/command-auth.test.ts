import { COMMAND_TOLERANCE_MS, signCommand, verifyCommand } from './command-auth';

const KEY = 'a key that is long enough';
const NOW_MS = 1_800_000_000_000;
const PATH = '/internal/calls/one/commands';
const BODY = '{"kind":"hangup"}';
const COMMAND = { path: PATH, body: BODY };

test('a signed command is accepted within the tolerance, both ways', () => {
  const headers = signCommand(COMMAND, KEY, NOW_MS);
  for (const skew of [-COMMAND_TOLERANCE_MS, 0, COMMAND_TOLERANCE_MS]) {
    expect(() => verifyCommand(COMMAND, headers, KEY, NOW_MS + skew)).not.toThrow();
  }
});

test.each([
  ['another body', { ...COMMAND, body: '{"kind":"hangup","x":1}' }, KEY, {}, 0],
  ['the path of another call', { ...COMMAND, path: '/internal/calls/two/commands' }, KEY, {}, 0],
  ['a part of the path moved into the body', { path: '', body: `${PATH}\n${BODY}` }, KEY, {}, 0],
  ['another key', COMMAND, 'another key altogether', {}, 0],
  ['no signature', COMMAND, KEY, { 'x-patter-signature': undefined }, 0],
  ['a header sent twice', COMMAND, KEY, { 'x-patter-signature': ['a', 'b'] }, 0],
  ['a changed time', COMMAND, KEY, { 'x-patter-timestamp': String(NOW_MS + 1) }, 0],
  ['a replay from the past', COMMAND, KEY, {}, COMMAND_TOLERANCE_MS + 1],
  ['a time from the future', COMMAND, KEY, {}, -COMMAND_TOLERANCE_MS - 1],
])('a command with %s is refused', (_, command, key, change, laterMs) => {
  const headers = { ...signCommand(COMMAND, KEY, NOW_MS), ...change };
  expect(() => verifyCommand(command, headers, key, NOW_MS + laterMs)).toThrow(expect.objectContaining({ code: 'PATTER_UNAUTHORIZED' }));
});
