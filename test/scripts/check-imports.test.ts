import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const SCRIPT = join(__dirname, '..', '..', 'scripts', 'check-imports.js');
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'patter-imports-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function check(files: Record<string, string>): Promise<{ code: number; stderr: string }> {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, root], (error, _, stderr) => resolve({ code: error ? Number(error.code) : 0, stderr }));
  });
}

test.each([
  ['an import', "import { a } from '../store/open';"],
  ['a type import', "import type { A } from '../store/open';"],
  ['an import over several lines', "import {\n  a,\n  b,\n} from '../store/open';"],
  ['a re-export', "export * from '../store/open';"],
  ['an import for its effect', "import '../store/open';"],
  ['require', "const a = require('../store/open');"],
  ['a dynamic import', "await import('../store/open');"],
  ['an import after a URL in a string', "const u = 'https://example.com'; import { a } from '../store/open';"],
])('%s of a folder that the table does not name is refused', async (_, line) => {
  const { code, stderr } = await check({ 'policy/x.ts': line });
  expect(stderr).toContain("policy/x.ts: imports '../store/open', but policy/ may import only contracts");
  expect(code).toBe(1);
});

test('what the table names, comments, packages and test files are let through', async () => {
  const result = await check({
    'policy/x.ts':
      "// import '../store/open'\n/* import '../cli/main' */\nimport { a } from '../contracts/a';\nimport { b } from './b';\nimport { z } from 'zod';",
    'policy/x.test.ts': "import { openStore } from '../store/open';",
    'cli/main.ts': "import { runLab } from '../lab/main';",
  });
  expect(result).toEqual({ code: 0, stderr: '' });
});

test('a pure folder that reaches for files, sockets or a database is refused', async () => {
  const { code, stderr } = await check({
    'policy/x.ts': "import { readFileSync } from 'node:fs';",
    'workflows/y.ts': "import { Client } from 'pg';",
  });
  expect(code).toBe(1);
  expect(stderr).toContain('policy/ does no I/O');
  expect(stderr).toContain('workflows/ does no I/O');
});
