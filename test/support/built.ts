import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFileLock } from '../../runtime/file-lock';

const BUILD_DEADLINE_MS = 120_000;
const ROOT = join(__dirname, '..', '..');

/** Compiles to dist/ if a source is newer, one test file at a time; returns the program that the tests start. */
export async function builtProgram(): Promise<string> {
  await withFileLock(join(tmpdir(), 'patter-test-build.lock'), { timeoutMs: BUILD_DEADLINE_MS }, () => {
    return new Promise<void>((resolve, reject) => {
      execFile(process.execPath, [join(ROOT, 'scripts', 'build.js')], { timeout: BUILD_DEADLINE_MS }, (error, stdout, stderr) =>
        error ? reject(new Error(`the build failed:\n${stdout}${stderr}`)) : resolve(),
      );
    });
  });
  return join(ROOT, 'bin', 'patter.js');
}
