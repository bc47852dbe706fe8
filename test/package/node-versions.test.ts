/** `npm install` of the tarball in an empty project, and a first call on the lab from there, on every version of Node that is supported. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withFileLock } from '../../runtime/file-lock';
import { until } from '../chaos/until';
import { docBlocks } from '../support/doc-blocks';
import { packTarball } from '../support/packed';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { startTestTemporal } from '../support/temporal';

const exec = promisify(execFile);
/** The runtime itself comes from npm, as the package `node`. */
const VERSIONS = ['20', '22', '24'];
const PORT = 8000;
const INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund'];
let folder: string;
let database: TestDatabase;

// A minute or two for each, and a registry: not in every run.
const matrix = process.env.PATTER_TEST_MATRIX === 'full' ? describe : describe.skip;

matrix('an installed package', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'patter-installed-'));
    database = await createTestDatabase();
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', private: true }));
    await exec('npm', [...INSTALL, '--ignore-scripts', await packTarball(folder)], { cwd: folder, timeout: 400_000 });
  }, 600_000);
  afterAll(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test.each(VERSIONS)(
    'Node %s: the first call of README.md',
    async (version) => {
      const home = mkdtempSync(join(tmpdir(), 'patter-node-'));
      try {
        writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'runtime', private: true }));
        await exec('npm', [...INSTALL, `node@${version}`], { cwd: home, timeout: 300_000 });
        const node = join(home, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
        const { stdout } = await exec(node, ['--version']);
        expect(stdout).toMatch(new RegExp(`^v${version}\\.`));
        await withFileLock(join(tmpdir(), `patter-test-port-${PORT}.lock`), { timeoutMs: 300_000 }, () => firstCall(node));
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
    900_000,
  );
});

async function firstCall(node: string): Promise<void> {
  const temporal = await startTestTemporal();
  const env = {
    ...{ PATH: process.env.PATH, HOME: process.env.HOME, SystemRoot: process.env.SystemRoot },
    ...{ TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace, DATABASE_URL: database.url },
  };
  const patter = join('node_modules', 'getpatter', 'bin', 'patter.js');
  const lab = spawn(node, [patter, 'lab', '--write-env', '.env', '--baud', '1200'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const labEnded = once(lab, 'close');
  try {
    let told = '';
    lab.stdout.on('data', (chunk: Buffer) => {
      told += chunk;
    });
    await until(() => told.includes('ready at'), { withinMs: 60_000, what: 'the lab' });
    const source = docBlocks('README.md').find(({ file }) => file === 'call.mjs')?.source ?? '';
    writeFileSync(join(folder, 'call.mjs'), source);
    writeFileSync(
      join(folder, 'call.cjs'),
      `const { Patter } = require('getpatter');\n${source.replace(/^import .*\n/, 'void (async () => {\n')}})();\n`,
    );
    for (const program of ['call.mjs', 'call.cjs']) {
      const { stdout } = await exec(node, [program], { cwd: folder, env, timeout: 120_000 });
      expect(stdout).toMatch(/^user: Yes, I confirm/m);
      expect(stdout).toMatch(/^completed after \d+ seconds$/m);
    }
  } finally {
    lab.kill('SIGTERM');
    await labEnded;
  }
}
