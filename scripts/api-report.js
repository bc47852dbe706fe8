// The public surface, from the built declarations: etc/*.api.md, one report for each entry of package.json's `exports`, docs/reference.md, and docs/commands.md.
//   node scripts/api-report.js            writes them
//   node scripts/api-report.js --check    fails when they differ from what the sources say, or when something public has no docstring
const { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { Extractor, ExtractorConfig } = require('@microsoft/api-extractor');
const { referenceOf } = require('./api-reference');
const { commandPage } = require('./command-page');

const root = path.join(__dirname, '..');
const manifest = require('../package.json');
const REFERENCE = 'docs/reference.md';
const COMMANDS = 'docs/commands.md';

/** `getpatter` and `getpatter/workflow`: the name to import, its declarations, and its report. */
function entries() {
  return Object.entries(manifest.exports)
    .filter(([, target]) => target.types !== undefined && existsSync(path.join(root, target.types)))
    .map(([name, { types }]) => {
      const module = path.posix.join(manifest.name, name);
      return { module, types, file: `etc/${module.replace('/', '-')}.api.md` };
    });
}

/** @returns the report, what has no docstring, and the model of all exports */
function extract({ types }, folder) {
  const files = { report: path.join(folder, 'new.api.md'), model: path.join(folder, 'model.json') };
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: path.join(root, types),
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            ...{ target: 'es2023', lib: ['es2023'], module: 'node20', types: ['node'], strict: true, skipLibCheck: true },
            ...{ esModuleInterop: true, noEmit: true },
          },
          files: [path.join(root, types)],
        },
      },
      apiReport: { enabled: true, reportFileName: 'new.api.md', reportFolder: folder, reportTempFolder: path.join(folder, 'temp') },
      docModel: { enabled: true, apiJsonFilePath: files.model },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        extractorMessageReporting: {
          default: { logLevel: 'warning' },
          'ae-missing-release-tag': { logLevel: 'none' },
          'ae-unresolved-link': { logLevel: 'none' },
          'ae-undocumented': { logLevel: 'warning' },
          // A type that is needed to write another one, but not by users.
          'ae-forgotten-export': { logLevel: 'none' },
        },
        // Docstrings are read as text: `{ … }` and `@default` in them are no tags.
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: path.join(root, 'package.json'),
  });
  const undocumented = [];
  const failed = [];
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    showVerboseMessages: false,
    messageCallback: (message) => {
      if (message.messageId === 'ae-undocumented') undocumented.push(`${source(message)}: ${message.text}`);
      else if (message.logLevel === 'error') failed.push(message.text);
      message.handled = true;
    },
  });
  if (failed.length > 0 || (!succeeded && !existsSync(files.report))) throw new Error(`API Extractor: ${failed.join('\n')}`);
  return { report: readFileSync(files.report, 'utf8'), undocumented, model: JSON.parse(readFileSync(files.model, 'utf8')) };
}

function source({ sourceFilePath = '', sourceFileLine }) {
  return `${path.relative(path.join(root, 'dist'), sourceFilePath).replace(/\.d\.ts$/, '.ts')} (line ${sourceFileLine} of its declarations)`;
}

/** The lines that only one of the two has. */
function differing(before, after) {
  const [old, current] = [before.split('\n'), after.split('\n')];
  return [
    ...old.filter((line) => !current.includes(line)).map((line) => `- ${line}`),
    ...current.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ].slice(0, 40);
}

function main(check) {
  const folder = mkdtempSync(path.join(tmpdir(), 'patter-api-'));
  const complaints = [];
  try {
    const parts = entries().map((entry, index) => ({ ...entry, ...extract(entry, mkdtempSync(path.join(folder, `${index}-`))) }));
    const wanted = [...parts.map(({ file, report }) => [file, report]), [REFERENCE, referenceOf(root, parts)], [COMMANDS, commandPage()]];
    complaints.push(...parts.flatMap(({ undocumented }) => undocumented));
    for (const [file, text] of wanted) {
      const full = path.join(root, file);
      const before = existsSync(full) ? readFileSync(full, 'utf8') : '';
      if (before === text) continue;
      if (!check) writeFileSync(full, text);
      else
        complaints.push([`${file} differs from the sources. If the change is meant: npm run api`, ...differing(before, text)].join('\n  '));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (complaints.length === 0) return;
  process.stderr.write(`${complaints.join('\n')}\n`);
  process.exitCode = 1;
}

main(process.argv.includes('--check'));
