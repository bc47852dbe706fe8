// Enforces the layout table of docs/architecture.md: which folder may import which. Usage: node scripts/check-imports.js [root]
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');

// Each folder may also import itself.
const BEFORE_SDK = [
  'contracts',
  'policy',
  'workflows',
  'store',
  'carriers',
  'providers',
  'runtime',
  'activities',
  'media-gateway',
  'worker',
  'control',
];
const ALLOWED = {
  contracts: [],
  policy: ['contracts'],
  workflows: ['contracts', 'policy'],
  store: ['contracts'],
  carriers: ['contracts'],
  providers: ['contracts'],
  runtime: ['contracts'],
  activities: ['contracts', 'policy', 'runtime', 'store', 'carriers', 'providers'],
  'media-gateway': ['contracts', 'policy', 'runtime', 'carriers', 'providers', 'store'],
  worker: ['contracts', 'runtime', 'workflows', 'activities', 'store'],
  control: ['contracts', 'policy', 'runtime', 'store'],
  sdk: BEFORE_SDK,
  // Types alone: what it imports else would be in the page.
  dashboard: ['control'],
  lab: ['contracts'],
  cli: [...BEFORE_SDK, 'sdk', 'lab'],
};

// Side effects that pure folders must not reach either.
const NO_IO = new Set(['contracts', 'policy', 'workflows']);
const IO_MODULES =
  /^(node:)?(fs|fs\/promises|net|http|https|http2|child_process|dns|tls|dgram|worker_threads|cluster)$|^(pg|ws|fastify|pino|twilio|openai)(\/|$)/;

const SPECIFIERS = [
  /\b(?:import|export)\s+(?:type\s+)?[^'"`;()]*?\bfrom\s*['"]([^'"]+)['"]/g,
  /\bimport\s*['"]([^'"]+)['"]/g,
  /\b(?:import|require|require\.resolve|lazily(?:<[^>]*>+)?)\s*\(\s*['"`]([^'"`]+)['"`]/g,
];

function* typescriptFiles(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== 'dist') yield* typescriptFiles(full);
    } else if (/\.tsx?$/.test(entry.name)) yield full;
  }
}

/** Comments may show imports; strings that hold `//` (URLs) must not hide any. */
function withoutComments(source) {
  return source.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_, text) => text ?? ' ',
  );
}

function importsOf(file) {
  const source = withoutComments(readFileSync(file, 'utf8'));
  const found = new Set();
  for (const pattern of SPECIFIERS) for (const match of source.matchAll(pattern)) found.add(match[1]);
  return [...found];
}

/** @returns {{ file: string, specifier: string, reason: string }[]} */
function violations(root) {
  const wrong = [];
  for (const [folder, allowed] of Object.entries(ALLOWED)) {
    for (const file of typescriptFiles(path.join(root, folder))) {
      if (/\.test\.tsx?$/.test(file)) continue;
      const name = path.relative(root, file);
      for (const specifier of importsOf(file)) {
        if (NO_IO.has(folder) && IO_MODULES.test(specifier)) {
          wrong.push({ file: name, specifier, reason: `${folder}/ does no I/O` });
        }
        if (!specifier.startsWith('.')) continue;
        const target = path.relative(root, path.resolve(path.dirname(file), specifier)).split(path.sep)[0];
        if (target === folder || allowed.includes(target)) continue;
        // package.json and the like lie at the root.
        if (!ALLOWED[target] && !['test', 'bench', 'examples', 'scripts'].includes(target)) continue;
        wrong.push({ file: name, specifier, reason: `${folder}/ may import only ${allowed.join(', ') || 'nothing of ours'}` });
      }
    }
  }
  return wrong;
}

const wrong = violations(path.resolve(process.argv[2] ?? path.join(__dirname, '..')));
for (const { file, specifier, reason } of wrong) console.error(`${file}: imports '${specifier}', but ${reason}`);
if (wrong.length > 0) {
  console.error(`${wrong.length} forbidden import${wrong.length === 1 ? '' : 's'}`);
  process.exit(1);
}
