/** Each defect that the closest peer was seen to have is impossible here, and a test that is named after it says so. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const ROOT = join(__dirname, '..');
const ROWS = 22;
/** A test's name, or its group's: "peer defect 7: …", "peer defect 12 and 14: …". */
const NAMED = /['"`]peer defect (\d+)(?: and (\d+))?: /g;

test('every row of the peer’s defects has a test that is named after it', () => {
  const covered = new Set<number>();
  for (const file of testFiles()) {
    for (const [, ...rows] of readFileSync(file, 'utf8').matchAll(NAMED)) {
      for (const row of rows) if (row !== undefined) covered.add(Number(row));
    }
  }
  const rows = Array.from({ length: ROWS }, (_, index) => index + 1);
  expect(rows.filter((row) => !covered.has(row))).toEqual([]);
});

function testFiles(): string[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^\.|^(node_modules|dist)$/.test(entry.name))
    .flatMap(({ name }) => readdirSync(join(ROOT, name), { recursive: true, encoding: 'utf8' }).map((file) => join(ROOT, name, file)))
    .filter((file) => file.endsWith('.test.ts') && file !== __filename && !file.includes(`${sep}node_modules${sep}`));
}
