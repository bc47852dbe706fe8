/** Finds or fetches the `temporal` program. */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../contracts/clock';
import { PatterError } from '../contracts/errors';
import { withFileLock } from './file-lock';
import { runProgram } from './run-program';

/** Later versions have `replace` lines in go.mod and cannot be installed with `go install`. */
const GO_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const VERSION_DEADLINE_MS = 10_000;
const DOWNLOAD_DEADLINE_MS = 20_000;
const BUILD_DEADLINE_MS = 15 * 60_000;
const TELL_EVERY_MS = 15_000;

export interface TemporalBinaryOptions {
  env?: NodeJS.ProcessEnv;
  /** Told what takes long; on a terminal the elapsed time is told in one line that rewrites itself. */
  tell?: (line: string) => void;
  /**
   * False leaves the SDK's download out, for machines where it is known to be blocked.
   * @default true
   */
  download?: boolean;
}

/** Kept per user, not per project: the first `go install` takes minutes. */
export function temporalCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base =
    env.XDG_CACHE_HOME || (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(env.HOME || homedir(), '.cache'));
  return join(base, 'patter', 'temporal');
}

/**
 * PATH, cache, the SDK's download, `go install`: the first that works.
 * @returns the path of the program
 * @throws PatterError PATTER_TEMPORAL_UNAVAILABLE that names all of these ways
 */
export async function temporalBinary(options: TemporalBinaryOptions = {}): Promise<string> {
  const env = options.env ?? process.env;
  const tell = options.tell ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const suffix = process.platform === 'win32' ? '.exe' : '';
  for (const folder of (env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':')) {
    const candidate = join(folder, `temporal${suffix}`);
    if (folder !== '' && existsSync(candidate) && (await works(candidate))) return candidate;
  }
  const cache = temporalCacheFolder(env);
  const cached = join(cache, `temporal${suffix}`);
  if (existsSync(cached) && (await works(cached))) return cached;
  mkdirSync(cache, { recursive: true });
  const lock = { timeoutMs: BUILD_DEADLINE_MS, onWait: (pid: number) => tell(`Process ${pid} is fetching Temporal; waiting for it.`) };
  return withFileLock(join(cache, 'fetch.lock'), lock, async () => {
    if (existsSync(cached) && (await works(cached))) return cached;
    // Of fetches that were killed; the lock says that none is under way.
    for (const left of readdirSync(cache).filter((name) => name.startsWith('new-')))
      rmSync(join(cache, left), { recursive: true, force: true });
    const scratch = mkdtempSync(join(cache, 'new-'));
    try {
      const problems: string[] = [];
      const skipped: Fetch = async () => ({ problem: 'not wanted' });
      for (const fetch of [options.download === false ? skipped : download, build] satisfies Fetch[]) {
        const result = await fetch(scratch, env, tell);
        if ('file' in result && (await works(result.file))) {
          chmodSync(result.file, 0o755);
          renameSync(result.file, cached);
          return cached;
        }
        problems.push('problem' in result ? result.problem : `${result.file} does not run`);
      }
      throw new PatterError(
        'PATTER_TEMPORAL_UNAVAILABLE',
        [
          'There is no Temporal to use. Any one of these helps:',
          '  - set TEMPORAL_ADDRESS to a server that runs',
          '  - put the `temporal` program on PATH (https://docs.temporal.io/cli)',
          `  - put it at ${cached}`,
          `  - let it be downloaded (tried: ${problems[0]})`,
          `  - install Go, for \`go install ${GO_MODULE}\` (tried: ${problems[1]})`,
        ].join('\n'),
        { details: { cache: cached, download: problems[0], build: problems[1] } },
      );
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
}

type Fetched = { file: string } | { problem: string };
type Fetch = (scratch: string, env: NodeJS.ProcessEnv, tell: (line: string) => void) => Promise<Fetched>;

async function works(file: string): Promise<boolean> {
  const result = await runProgram(file, ['--version'], { timeoutMs: VERSION_DEADLINE_MS });
  return result.code === 0 && /temporal version/i.test(result.stdout);
}

/**
 * The SDK downloads only in order to start a server, and cannot be stopped half-way: so in a process of its own, which can. Its file is found in the folder
 * that it was given.
 */
async function download(scratch: string, env: NodeJS.ProcessEnv): Promise<Fetched> {
  const folder = join(scratch, 'download');
  mkdirSync(folder);
  const script = `
    const { Runtime, DefaultLogger } = require(${JSON.stringify(require.resolve('@temporalio/worker'))});
    const { native } = require(${JSON.stringify(require.resolve('@temporalio/core-bridge'))});
    const { version } = require(${JSON.stringify(require.resolve('@temporalio/worker/package.json'))});
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const exe = { type: 'cached-download', downloadDir: process.argv[1], version: 'default', ttl: 86400000, sdkName: 'sdk-typescript', sdkVersion: version };
    const config = { type: 'dev-server', exe, ip: '127.0.0.1', port: null, ui: false, uiPort: null, namespace: 'default', dbFilename: null, log: { format: 'pretty', level: 'error' }, extraArgs: [] };
    const runtime = Runtime.instance();
    runtime.createEphemeralServer(config)
      .then((server) => runtime.shutdownEphemeralServer(server))
      .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
  `;
  const result = await runProgram(process.execPath, ['-e', script, folder], { timeoutMs: DOWNLOAD_DEADLINE_MS, env });
  const file = readdirSync(folder)
    .map((name) => join(folder, name))
    .find((path) => statSync(path).isFile() && statSync(path).size > 1_000_000);
  if (result.code !== 0 || !file) return { problem: (result.stderr.trim().split('\n').at(-1) || 'no answer in 20 s').slice(0, 300) };
  const copy = join(scratch, 'temporal-downloaded');
  copyFileSync(file, copy);
  return { file: copy };
}

async function build(scratch: string, env: NodeJS.ProcessEnv, tell: (line: string) => void): Promise<Fetched> {
  const go = await findGo(env);
  if (!go) return { problem: 'Go is not installed' };
  tell('Temporal is not installed. Building it once with Go; this takes about two minutes.');
  const began = systemClock.monotonic();
  const rewrite = process.stderr.isTTY;
  const elapsed = () => `${Math.round((systemClock.monotonic() - began) / 1_000)} s`;
  const ticker = setInterval(
    () => (rewrite ? process.stderr.write(`\r  building Temporal … ${elapsed()} `) : tell(`  building Temporal … ${elapsed()}`)),
    rewrite ? 1_000 : TELL_EVERY_MS,
  );
  try {
    const result = await runGo(go, scratch, env);
    if (rewrite) process.stderr.write('\n');
    if (result.code !== 0) return { problem: `go install failed: ${result.stderr.trim().split('\n').slice(-3).join(' ').slice(0, 500)}` };
    tell(`  Temporal was built in ${elapsed()} and is kept for the next time.`);
    return { file: join(scratch, process.platform === 'win32' ? 'temporal.exe' : 'temporal') };
  } finally {
    clearInterval(ticker);
  }
}

async function findGo(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  // Where Go's own instructions put it; a login shell's PATH has it, a service's often not.
  const candidates = [...(env.PATH ?? '').split(':').map((folder) => join(folder, 'go')), '/usr/local/go/bin/go'];
  for (const go of candidates.filter((file) => existsSync(file))) {
    if ((await runProgram(go, ['version'], { timeoutMs: VERSION_DEADLINE_MS, env })).code === 0) return go;
  }
  return undefined;
}

function runGo(go: string, gobin: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(go, ['install', GO_MODULE], {
      env: { ...env, GOBIN: gobin },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = `${stderr}${chunk}`.slice(-8_000);
    });
    const stopWaiting = systemClock.after(BUILD_DEADLINE_MS, () => child.kill('SIGKILL'));
    child.once('error', (error) => {
      stopWaiting();
      resolve({ code: null, stderr: error.message });
    });
    child.once('close', (code) => {
      stopWaiting();
      resolve({ code, stderr });
    });
  });
}
