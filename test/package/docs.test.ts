/** What the pages for users show: code has the package's types, commands and their options exist, links lead somewhere. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { createProgram } from '../../cli/main';
import { builtProgram } from '../support/built';
import { docBlocks, PAGES } from '../support/doc-blocks';

const ROOT = join(__dirname, '..', '..');
const blocks = PAGES.flatMap(docBlocks);
const code = blocks.filter(({ language }) => ['js', 'ts', 'mjs'].includes(language));
/** What a page has shown above a block, or leaves to the reader. */
const PRESUMED = {
  phone: 'Patter',
  agent: 'Agent',
  call: 'CallHandle',
  campaign: 'ReturnType<Patter["campaign"]>',
  database: '{ stock(product: string): Promise<number> }',
  model: '{ answer(history: unknown): Promise<string> }',
} as const;

test('every block of code has the types that it presumes', async () => {
  await builtProgram();
  const folder = mkdtempSync(join(tmpdir(), 'patter-docs-'));
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const files = code.map(({ at, source }, index) => {
      const declared = Object.entries(PRESUMED).filter(
        ([name]) => new RegExp(`\\b${name}\\b`).test(source) && !new RegExp(`(?:const|let) (?:\\{[^}]*)?\\b${name}\\b`).test(source),
      );
      const own = [...source.matchAll(/import (?:type )?\{([^}]*)\} from 'getpatter'/g)].map(([, names]) => names).join();
      const needed = ['Patter', 'type Agent', 'type CallHandle'].filter(
        (name) => !new RegExp(`\\b${name.replace('type ', '')}\\b`).test(own),
      );
      const file = `block-${index}.mts`;
      const prelude = [
        `import { ${needed.join(', ')} } from 'getpatter';`,
        ...declared.map(([name, type]) => `declare const ${name}: ${type};`),
      ];
      writeFileSync(join(folder, file), `// ${at}\n${prelude.join('\n')}\n${source}\nexport {};\n`);
      return file;
    });
    const compilerOptions = {
      ...{ target: 'es2023', lib: ['es2023'], module: 'node20', moduleResolution: 'node16', strict: true, noEmit: true },
      ...{ skipLibCheck: true, esModuleInterop: true, types: ['node'], typeRoots: [join(ROOT, 'node_modules', '@types')] },
      paths: {
        getpatter: [join(ROOT, 'dist', 'sdk', 'index.d.ts')],
        'getpatter/workflow': [join(ROOT, 'dist', 'sdk', 'workflow', 'index.d.ts')],
      },
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
    const told = await new Promise<string>((resolve) => {
      execFile(process.execPath, [tsc, '-p', folder], { timeout: 100_000 }, (_, stdout, stderr) => resolve(stdout + stderr));
    });
    // By the place in the page, not in the file that was made of it.
    expect(told.replace(/block-(\d+)\.mts/g, (_, index: string) => code[Number(index)]?.at ?? '')).toBe('');
    expect(files.length).toBeGreaterThan(10);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 240_000);

/** `npx patter campaign run …`, word by word. */
function commands(): { at: string; words: string[] }[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ at, source }) =>
      source
        .replace(/\\\n/g, ' ')
        .split('\n')
        .map((line) => /^(?:[A-Z_]+=\S+ )*(?:npx )?patter (.*)$/.exec(line.replace(/(^|\s)#.*$/, '').trim())?.[1])
        .filter((line) => line !== undefined)
        .map((line) => ({ at, words: line.split(/\s+/) })),
    );
}

/** What is wrong with it. */
function unknownIn(program: Command, words: string[]): string[] {
  let command = program;
  const wrong: string[] = [];
  let rest = words;
  for (;;) {
    const [first] = rest;
    const next = command.commands.find((one) => one.name() === first);
    if (!next) break;
    command = next;
    rest = rest.slice(1);
  }
  if (command.commands.length > 0) wrong.push(`patter ${words.join(' ')}: no such command`);
  for (const word of rest) {
    const flag = /^(--[a-z-]+)/.exec(word)?.[1];
    if (flag && !command.options.some((option) => option.long === flag)) wrong.push(`patter ${words.join(' ')}: no ${flag}`);
  }
  return wrong;
}

test('every command exists, with its options', () => {
  const program = createProgram();
  expect(commands().length).toBeGreaterThan(10);
  expect(commands().flatMap(({ at, words }) => unknownIn(program, words).map((wrong) => `${at}: ${wrong}`))).toEqual([]);
});

test('every link to another page or file leads to one', () => {
  const missing = [...PAGES, 'docs/README.md'].flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target]) => target as string)
      .filter((target) => !/^https?:/.test(target) && !existsSync(join(ROOT, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
  expect(missing).toEqual([]);
});
