// Compiles to dist/ and copies what is not TypeScript. Does nothing when dist/ is newer than every source, so that `npm run demo` starts at once.
const { execFileSync } = require('node:child_process');
const { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const config = require('../tsconfig.json');
const stamp = path.join(root, 'dist', '.built');
const ASSETS = [
  ['store/migrations', /\.(sql|json)$/],
  ['lab/personas', /\.ya?ml$/],
  ['lab/scenarios', /\.ya?ml$/],
];

function* files(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') yield* files(full);
    } else yield full;
  }
}

function newestSource() {
  let newest = 0;
  for (const source of [...config.include, 'dashboard', 'scripts', 'tsconfig.json', 'package.json']) {
    const full = path.join(root, source);
    if (!existsSync(full)) continue;
    const list = statSync(full).isDirectory() ? files(full) : [full];
    for (const file of list) newest = Math.max(newest, statSync(file).mtimeMs);
  }
  return newest;
}

if (existsSync(stamp) && statSync(stamp).mtimeMs >= newestSource()) process.exit(0);

const tsc = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
execFileSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.json')], { stdio: 'inherit' });
// A module that has become a folder must not be found in place of it.
for (const folder of config.include) {
  for (const file of files(path.join(root, 'dist', folder))) {
    const source = path.relative(path.join(root, 'dist'), file).replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, '.ts');
    if (source.endsWith('.ts') && !existsSync(path.join(root, source))) rmSync(file);
  }
}
for (const [folder, pattern] of ASSETS) {
  const from = path.join(root, folder);
  if (!existsSync(from)) continue;
  mkdirSync(path.join(root, 'dist', folder), { recursive: true });
  cpSync(from, path.join(root, 'dist', folder), {
    recursive: true,
    filter: (file) => statSync(file).isDirectory() || pattern.test(file),
  });
}
const vite = path.join(path.dirname(require.resolve('vite/package.json')), 'bin', 'vite.js');
execFileSync(process.execPath, [vite, 'build', '--config', path.join(root, 'dashboard', 'vite.config.mjs')], {
  cwd: root,
  stdio: 'inherit',
});
// So that a worker of the package starts at once.
const bundle = `require('./dist/worker/workflow-bundle').buildWorkflowBundle('package-lock.json', require('./dist/runtime/log').createLogger('build', 'warn'))`;
execFileSync(process.execPath, ['-e', `${bundle}.catch((error) => { console.error(error); process.exit(1); })`], {
  cwd: root,
  stdio: 'inherit',
});
writeFileSync(stamp, `${new Date().toISOString()}\n`);
