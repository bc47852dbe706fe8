/** Temporal's time-skipping test server: the SDK's download, else the same program as a jar from Maven, else the reason why not. */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { withFileLock } from '../../runtime/file-lock';
import { runProgram } from '../../runtime/run-program';
import { temporalCacheFolder } from '../../runtime/temporal-binary';

const MAVEN_ARTIFACT = 'io.temporal:temporal-test-server:1.31.0';
const FETCH_DEADLINE_MS = 5 * 60_000;
const DOWNLOAD_DEADLINE_MS = 20_000;

export type TimeSkipping = { environment: TestWorkflowEnvironment } | { unavailable: string };

/** A server of its own for the caller, who calls `environment.teardown()`. */
export async function startTimeSkipping(): Promise<TimeSkipping> {
  const program = await testServerProgram();
  if ('unavailable' in program) return program;
  const executable = { type: 'existing-path', path: program.path } as const;
  for (let left = 5; ; left--) {
    try {
      return { environment: await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } }) };
    } catch (error) {
      // The SDK gives it five seconds, which a virtual machine beside two other tests may need.
      if (left === 0 || !/did not start within/.test(String(error))) throw error;
    }
  }
}

type Program = { path: string } | { unavailable: string };

/** Fetches the program on first use; later calls find it in the cache. */
export async function testServerProgram(): Promise<Program> {
  const folder = join(dirname(temporalCacheFolder()), 'test-server');
  const path = join(folder, 'temporal-test-server');
  if (existsSync(path)) return { path };
  mkdirSync(folder, { recursive: true });
  return withFileLock(join(folder, 'fetch.lock'), { timeoutMs: 2 * FETCH_DEADLINE_MS }, async () => {
    if (existsSync(path)) return { path };
    const problem = await download(folder, path);
    if (problem === undefined) return { path };
    const mavenProblem = await fromMaven(folder, path);
    if (mavenProblem === undefined) return { path };
    return { unavailable: `no time-skipping server: download: ${problem}; Maven: ${mavenProblem}` };
  });
}

/** In a process of its own: the SDK's download has no deadline and cannot be cancelled. */
async function download(folder: string, path: string): Promise<string | undefined> {
  const to = join(folder, 'download');
  mkdirSync(to, { recursive: true });
  const script = `
    const { TestWorkflowEnvironment } = require(${JSON.stringify(require.resolve('@temporalio/testing'))});
    TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'cached-download', downloadDir: process.argv[1] } } })
      .then((environment) => environment.teardown())
      .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
  `;
  const result = await runProgram(process.execPath, ['-e', script, to], { timeoutMs: DOWNLOAD_DEADLINE_MS });
  const file = readdirSync(to)[0];
  if (result.code !== 0 || !file) return result.stderr.trim().split('\n').at(-1) || `no answer in ${DOWNLOAD_DEADLINE_MS / 1_000} s`;
  renameSync(join(to, file), path);
  return undefined;
}

async function fromMaven(folder: string, path: string): Promise<string | undefined> {
  for (const program of ['java', 'mvn']) {
    const check = await runProgram(program, ['-version'], { timeoutMs: 60_000 });
    if (check.code !== 0) return `${program} is not installed`;
  }
  const project = join(folder, 'maven');
  const jars = join(folder, 'jars');
  rmSync(jars, { recursive: true, force: true });
  mkdirSync(project, { recursive: true });
  const [groupId, artifactId, version] = MAVEN_ARTIFACT.split(':');
  writeFileSync(
    join(project, 'pom.xml'),
    `<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>test-server</artifactId><version>1</version><dependencies>
     <dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency></dependencies></project>`,
  );
  const args = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`];
  const result = await runProgram('mvn', args, { timeoutMs: FETCH_DEADLINE_MS, cwd: project });
  if (result.code !== 0) return (result.stdout || result.stderr).trim().slice(0, 300) || 'no answer';
  const java = 'exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx512m';
  const half = `${path}.new`;
  writeFileSync(half, `#!/bin/sh\n${java} -cp '${jars}/*' io.temporal.testserver.TestServer "$@"\n`);
  chmodSync(half, 0o755);
  renameSync(half, path);
  return undefined;
}
