// Runs a TypeScript file of this package without a build: node scripts/run-ts.js bench/gateway.ts [arguments]
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { transformSync } = require('@swc/core');

Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    sourceMaps: 'inline',
    jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } },
    module: { type: 'commonjs' },
  });
  module._compile(code, filename);
};

const file = path.resolve(process.argv[2] ?? '');
process.argv.splice(1, 2, file);
require(file);
