/** The public surface is what the checked-in report says, all of it documented. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { builtProgram } from '../support/built';

test('etc/*.api.md, docs/reference.md and docs/commands.md are up to date, and everything public has a docstring (else: npm run api)', async () => {
  await builtProgram();
  const told = await new Promise<string>((resolve) => {
    const script = join(__dirname, '..', '..', 'scripts', 'api-report.js');
    execFile(process.execPath, [script, '--check'], { timeout: 100_000 }, (error, _, stderr) =>
      resolve(stderr || (error ? String(error) : '')),
    );
  });
  expect(told).toBe('');
}, 240_000);
