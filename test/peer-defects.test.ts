/** Each defect that the closest peer was seen to have is impossible here, and a test that is named after it says so: "peer defect 7: …". */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const ROOT = join(__dirname, '..');

/** What goes wrong there. The numbers are the tests'. */
const DEFECTS: Readonly<Record<number, string>> = {
  1: 'the eleventh socket from one address is refused, so that calls behind a proxy are',
  2: 'anybody may open a media stream, and with it a paid AI session of their own wording',
  3: 'a tool’s function is never called with a speech-to-speech model, which waits for it for ever',
  4: 'a caller who is being transferred is hung up on, because the stream ended',
  5: 'agent and variables of a single call are ignored, and nothing tells what became of it',
  6: 'a call is recorded twice when the carrier’s news is faster than the end of the stream',
  7: 'concurrent calls share a recogniser: words of one caller reach another',
  8: 'the AI provider dies and the caller hears nothing, up to an hour',
  9: 'Telnyx: the key of the webhooks is refused, and calls that were made get no sound',
  10: 'a language model that refuses is taken for one that says nothing, and no other is asked',
  11: 'transcript, measures and cost of a finished call are gone after a restart',
  12: '“yes” and “no” are thrown away, and the last turn is told to the model twice',
  13: 'the dashboard is open to everybody who finds the tunnel',
  14: 'the greeting is told to the model as the caller’s own words',
  15: 'a forbidden word in two pieces is spoken, and was audible before it was looked at',
  16: 'a transcript has the caller’s half alone',
  17: 'tools and webhooks can be pointed at the inside of the network',
  18: 'busy, no answer and failed are told to nobody',
  19: 'the tool that makes a call forgets what for, and does not hang up when its time is over',
  20: 'a message for one mailbox is left in another',
  21: 'a webhook that comes again opens a second AI session',
  22: 'an interrupted agent is told that all of its audio was heard, and to cancel what is over',
};

/** A test's name, or its group's: "peer defect 7: …", "peer defect 12 and 14: …". */
const NAMED = /['"`]peer defect (\d+)(?: and (\d+))?: /;
const SKIPPED = /\.(?:skip|todo)\b|\bx(?:it|test|describe)\b/;
/** A test function that is none at times: `const full = big ? it : it.skip`. */
const CONDITIONAL = /\bconst (\w+)(?:: [^=]+)? =(?=[^;]*\.skip\b)/g;

/** The rows after which the tests of a file are named, but for those that do not run. Blocks are told by their indentation: the formatter sees to it. */
function rowsIn(text: string): number[] {
  const lines = text.split('\n');
  const atTimes = [...text.matchAll(CONDITIONAL)].map(([, name]) => new RegExp(`\\b${name}\\b`));
  return lines.flatMap((line, index) => {
    const rows =
      NAMED.exec(line)
        ?.slice(1)
        .flatMap((row) => (row === undefined ? [] : Number(row))) ?? [];
    if (rows.length === 0) return [];
    return headsOf(lines, index).some((head) => SKIPPED.test(head) || atTimes.some((name) => name.test(head))) ? [] : rows;
  });
}

/** The line, and the first one of each block that it stands in. */
function headsOf(lines: readonly string[], index: number): string[] {
  const indentation = (line: string) => line.length - line.trimStart().length;
  const heads = [lines[index] as string];
  let depth = indentation(heads[0] as string);
  // "])('name'" belongs to what was opened at its depth.
  let opened = /^\s*[\])]/.test(heads[0] as string);
  for (let above = index - 1; above >= 0; above--) {
    const line = lines[above] as string;
    if (line.trim() === '' || (opened ? indentation(line) !== depth : indentation(line) >= depth)) continue;
    heads.push(line);
    depth = indentation(line);
    opened = /^\s*[\])]/.test(line);
  }
  return heads;
}

test('every row of the peer’s defects has a test that is named after it, and runs', () => {
  const covered = new Set(testFiles().flatMap((file) => rowsIn(readFileSync(file, 'utf8'))));
  expect(Object.entries(DEFECTS).filter(([row]) => !covered.has(Number(row)))).toEqual([]);
  expect([...covered].filter((row) => !(row in DEFECTS))).toEqual([]);
});

const NAME = ["'peer", 'defect'].join(' ');

test.each([
  ['a test', `it(${NAME} 7: x', () => {});`, [7]],
  ['a group', `describe(${NAME} 12 and 14: x', () => {\n  it('a', () => {});\n});`, [12, 14]],
  ['a table', `it.each([\n  ['skipped words', 1],\n])(${NAME} 3: %s', () => {});`, [3]],
  ['a name on a line of its own', `scenario(\n  ${NAME} 4: x',\n  async () => {},\n);`, [4]],
  ['one beside a skipped one', `it.skip('y', () => {\n  const x = 1;\n});\nit(${NAME} 7: x', () => {});`, [7]],
  ['a skipped test', `it.skip(${NAME} 7: x', () => {});`, []],
  ['a skipped test, otherwise', `xit(${NAME} 7: x', () => {});`, []],
  ['one that is to be written', `it.todo(${NAME} 7: x');`, []],
  ['a skipped table', `it.skip.each([\n  ['a', 1],\n])(${NAME} 3: %s', () => {});`, []],
  [
    'a test of a skipped group',
    `describe.skip('y', () => {\n  beforeEach(() => {\n    x();\n  });\n\n  it(${NAME} 7: x', () => {});\n});`,
    [],
  ],
  ['a test that runs at times', `const full = all ? it : it.skip;\nfull(${NAME} 7: x', () => {});`, []],
  ['a test of a group that runs at times', `(all ? describe : describe.skip)('y', () => {\n  it(${NAME} 7: x', () => {});\n});`, []],
] as const)('%s counts as it runs', (_, text, rows) => {
  expect(rowsIn(text)).toEqual(rows);
});

function testFiles(): string[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^\.|^(node_modules|dist)$/.test(entry.name))
    .flatMap(({ name }) => readdirSync(join(ROOT, name), { recursive: true, encoding: 'utf8' }).map((file) => join(ROOT, name, file)))
    .filter((file) => file.endsWith('.test.ts') && file !== __filename && !file.includes(`${sep}node_modules${sep}`));
}
