/**
 * The workflows as one script for the SDK's sandbox. Bundling takes seconds of CPU, so the result is kept by the hash of its sources; the built package
 * brings one along.
 */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { PatterError } from '../contracts/errors';
import type { Logger } from '../runtime/log';
import type * as workflows from '../workflows';

const ROOT = join(__dirname, '..');
/** Beside the compiled sources; there is none beside the others. */
const BUILT = join(ROOT, 'workflow-bundle');
/** What workflows may import: the layout's table. */
const SOURCES = ['contracts', 'policy', 'workflows'];
/** What a developer's workflows import as `getpatter/workflow`. */
const PUBLIC = join(ROOT, 'sdk', 'workflow');

/**
 * @param home where the bundles are kept: a worker that restarts after a crash is back at once
 * @param failureConverterPath of the data converter: workflows make failures too
 * @param own a file of the developer's, TypeScript or JavaScript, whose exports are workflows too
 * @throws PatterError PATTER_CONFIG_INVALID when that file cannot be used
 */
export async function workflowBundle(home: string, log: Logger, failureConverterPath?: string, own?: string): Promise<WorkflowBundle> {
  if (own !== undefined) return bundleWithOwn(home, log, failureConverterPath, resolve(own));
  const folder = join(home, 'cache');
  const file = join(folder, `workflows-${sourceHash(failureConverterPath)}.js`);
  const kept = (failureConverterPath === undefined ? readKept(builtFile()) : undefined) ?? readKept(file);
  if (kept !== undefined) return { code: kept };
  const bundle = await makeBundle(log, failureConverterPath);
  try {
    mkdirSync(folder, { recursive: true });
    removeOthers(folder);
    // Whole or not at all: a process that is killed here leaves no half of a bundle.
    const own = `${file}.${process.pid}.new`;
    writeFileSync(own, bundle.code);
    renameSync(own, file);
  } catch (error) {
    log.warn({ err: error }, 'the workflow bundle could not be kept; the next start will make it again');
  }
  return bundle;
}

/**
 * For the build: the bundle of a worker without encryption, beside the compiled code.
 * @param lockFile says which versions are in it
 */
export async function buildWorkflowBundle(lockFile: string, log: Logger): Promise<void> {
  const file = builtFile();
  const made = join(BUILT, 'made-with');
  const versions = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (existsSync(file) && readKept(made) === versions) return;
  mkdirSync(BUILT, { recursive: true });
  removeOthers(BUILT);
  writeFileSync(file, (await makeBundle(log, undefined)).code);
  writeFileSync(made, versions);
}

/** Wherever the package lies: made once, with the versions it was tested with. */
function builtFile(): string {
  const hash = createHash('sha256').update(sdkVersion());
  for (const folder of SOURCES) addFolder(hash, join(ROOT, folder));
  return join(BUILT, `workflows-${hash.digest('hex').slice(0, 32)}.js`);
}

function makeBundle(log: Logger, failureConverterPath: string | undefined): Promise<WorkflowBundle> {
  return bundleWorkflowCode({ workflowsPath: require.resolve('../workflows'), logger: silent(log), failureConverterPath });
}

/** Made at every start: what the developer's file imports, nobody knows beforehand. */
async function bundleWithOwn(home: string, log: Logger, failureConverterPath: string | undefined, own: string): Promise<WorkflowBundle> {
  refuseTaken(own);
  const folder = join(home, 'cache');
  mkdirSync(folder, { recursive: true });
  const entry = join(folder, `entry-${process.pid}-${randomBytes(4).toString('hex')}.js`);
  const product = require.resolve('../workflows');
  const said: string[] = [];
  writeFileSync(entry, `module.exports = { ...require(${JSON.stringify(own)}), ...require(${JSON.stringify(product)}) };\n`);
  try {
    return await bundleWorkflowCode({
      workflowsPath: entry,
      logger: { ...silent(log), error: (message: string) => void said.push(...message.split('\n')) },
      failureConverterPath,
      webpackConfigHook: (config) => ({
        ...config,
        resolve: {
          ...config.resolve,
          alias: {
            ...(config.resolve?.alias as Record<string, string | false>),
            'getpatter/workflow$': PUBLIC,
            // One copy for both, whatever the file lies beside: a second one would know nothing of the workflow that runs.
            ...Object.fromEntries(
              ['workflow', 'common'].map((name) => [`@temporalio/${name}`, dirname(require.resolve(`@temporalio/${name}/package.json`))]),
            ),
          },
        },
      }),
    });
  } catch (cause) {
    const at = said.findIndex((line) => line.startsWith('ERROR in'));
    const why = at === -1 ? (cause as Error).message : said.slice(at, at + 3).join('\n');
    throw new PatterError('PATTER_CONFIG_INVALID', `The workflows of ${own} cannot be bundled: ${why}`, { cause });
  } finally {
    rmSync(entry, { force: true });
  }
}

/** A workflow that has the name of one of the product's would never run. */
function refuseTaken(own: string): void {
  let source: string;
  try {
    source = readFileSync(own, 'utf8');
  } catch (cause) {
    throw new PatterError('PATTER_CONFIG_INVALID', `Cannot read the workflows of ${own}: ${(cause as Error).message}`, { cause });
  }
  const taken = PRODUCT_WORKFLOWS.find((name) =>
    new RegExp(
      `\\bexport\\s+(?:async\\s+)?(?:function|const|let)\\s+${name}\\b|\\bexport\\s*\\{[^}]*\\b${name}\\s*[,}]|\\bexports\\.${name}\\b`,
    ).test(source),
  );
  if (taken === undefined) return;
  throw new PatterError('PATTER_CONFIG_INVALID', `${own} exports "${taken}", which is the name of a workflow of Patter itself: rename it.`);
}

/** The compiler sees to it that none is missing. */
const PRODUCT_WORKFLOWS = Object.keys({
  ...{ call: true, callbacks: true, campaign: true, postCall: true, recording: true, recordOptOut: true },
  ...{ reconcilePrices: true, recordPrice: true, retention: true, scheduled: true, sweepLines: true },
} satisfies Record<keyof typeof workflows, true>);

function readKept(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function removeOthers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (/^workflows-[0-9a-f]+\.js$/.test(name)) rmSync(join(folder, name), { force: true });
  }
}

function sourceHash(failureConverterPath: string | undefined): string {
  const hash = createHash('sha256');
  hash.update(`${sdkVersion()} ${process.version} ${ROOT}`);
  // What the sources import is in the bundle too; compiled code lies one folder deeper than its package.
  for (const file of ['package.json', 'package-lock.json', '../package.json', '../package-lock.json']) {
    const full = join(ROOT, file);
    if (existsSync(full)) hash.update(readFileSync(full));
  }
  if (failureConverterPath !== undefined) hash.update(readFileSync(failureConverterPath));
  for (const folder of SOURCES) addFolder(hash, join(ROOT, folder));
  return hash.digest('hex').slice(0, 32);
}

function sdkVersion(): string {
  return (require('@temporalio/workflow/package.json') as { version: string }).version;
}

function addFolder(hash: Hash, folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name))) {
    const full = join(folder, entry.name);
    if (entry.isDirectory()) addFolder(hash, full);
    else if (/\.[jt]s$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name)) hash.update(entry.name).update(readFileSync(full));
  }
}

/** Webpack's progress is of no interest unless it fails, and then it throws. */
function silent(log: Logger) {
  const none = () => {};
  const error = (message: string, meta?: object) => log.error(meta ?? {}, message);
  return { trace: none, debug: none, info: none, warn: none, error, log: none };
}
