/** The snippets of the documentation, as modules whose types can be checked and as functions that can be run in this process. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import { transformSync } from '@swc/core';

const ROOT = join(__dirname, '..', '..', '..');
const FOLDER = join(__dirname, '..', 'snippets');

export interface Snippet {
  /** File name without `.ts`. */
  name: string;
  /** As written. */
  source: string;
}

/** What a snippet may presume: the documentation shows it above the snippet, or leaves it to the reader. */
export const PRESUMED = {
  phone: 'Patter',
  agent: 'Agent',
  accountSid: 'string',
  authToken: 'string',
  myLlmHandler: '(text: string, history: readonly HistoryEntry[]) => Promise<string>',
} as const;
export type Scope = Partial<Record<keyof typeof PRESUMED, unknown>>;

/** Where a name of the documentation means something else. */
const OTHERWISE: Readonly<Record<string, Partial<Record<keyof typeof PRESUMED, string>>>> = {
  // "Custom Voice": the handler of the snippets before it is called agent there.
  'readme-custom-voice': { agent: '(msg: IncomingMessage) => Promise<string>' },
};
const TYPES = ['Agent', 'IncomingMessage', 'HistoryEntry', 'CallStartEvent', 'CallEndEvent', 'TranscriptEvent'];

export function snippets(): Snippet[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => ({ name: file.slice(0, -'.ts'.length), source: readFileSync(join(FOLDER, file), 'utf8') }));
}

/** @throws where there is none of that name */
export function snippetOf(name: string): Snippet {
  const found = snippets().find((one) => one.name === name);
  if (!found) throw new Error(`no snippet ${name}`);
  return found;
}

export function presumedBy(snippet: Snippet): (keyof typeof PRESUMED)[] {
  const source = snippet.source.replace(/(^|\s)\/\/[^\n]*/g, '');
  const names = Object.keys(PRESUMED) as (keyof typeof PRESUMED)[];
  return names.filter((name) => new RegExp(`\\b${name}\\b`).test(source) && !new RegExp(`\\bconst ${name}\\b`).test(source));
}

/** Writes a project of all snippets; `tsc -p` of it checks them. @returns the path of its tsconfig.json */
export function writeTypeCheck(folder: string): string {
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const snippet of snippets()) {
    const declared = presumedBy(snippet).map((name) => `declare const ${name}: ${OTHERWISE[snippet.name]?.[name] ?? PRESUMED[name]};`);
    const own = /import \{([^}]*)\} from "getpatter"/.exec(snippet.source)?.[1] ?? '';
    const names = ['Patter', ...TYPES].filter((name) => !new RegExp(`\\b${name}\\b`).test(own));
    const prelude = [`import { ${names.join(', ')} } from "getpatter";`, ...declared].join('\n');
    writeFileSync(join(folder, `${snippet.name}.mts`), `${prelude}\n// as written:\n${snippet.source}`);
  }
  const config = join(folder, 'tsconfig.json');
  writeFileSync(
    config,
    JSON.stringify({
      compilerOptions: {
        ...{ target: 'es2023', lib: ['es2023'], module: 'node20', moduleResolution: 'node16', strict: true, noEmit: true },
        ...{ noUncheckedIndexedAccess: true, skipLibCheck: true, esModuleInterop: true },
        ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules', '@types')] },
        paths: { getpatter: [join(ROOT, 'sdk', 'index.ts')] },
      },
      include: ['*.mts'],
    }),
  );
  return config;
}

const run = new Set<string>();

/** By name: those that this test file has run to their end. */
export function snippetsRunHere(): string[] {
  return [...run].sort();
}

/** What a snippet has made: to close, to look at, to call. */
export interface Ran {
  phone?: unknown;
  agent?: unknown;
  onCallStart?: (event: unknown) => unknown;
  onCallEnd?: (event: unknown) => unknown;
  onTranscript?: (event: unknown) => unknown;
  onMessage?: (event: unknown) => unknown;
}
const MADE = ['phone', 'agent', 'onCallStart', 'onCallEnd', 'onTranscript', 'onMessage'] as const satisfies readonly (keyof Ran)[];

/**
 * Runs a snippet in this process, against the package's own modules, with what it presumes.
 * @param print gets what the snippet writes to the console, line by line
 */
export async function runSnippet(
  snippet: Snippet,
  modules: Readonly<Record<string, unknown>>,
  scope: Scope,
  print: (line: string) => void,
): Promise<Ran> {
  const missing = presumedBy(snippet).filter((name) => !(name in scope));
  if (missing.length > 0) throw new Error(`${snippet.name} presumes ${missing.join(', ')}`);
  // The function of a module, so that `await` may stand where the snippet has it.
  const made = MADE.map((name) => `${name}: typeof ${name} === "undefined" ? undefined : ${name}`);
  const imports = /^import [^;]*\bPatter\b/m.test(snippet.source) ? [] : ['import { Patter } from "getpatter";'];
  const body = snippet.source.replace(/^import [^;]*;$/gm, (line) => {
    imports.push(line);
    return '';
  });
  const source = `${imports.join('\n')}\nexport async function run(${['console', ...presumedBy(snippet)].join(', ')}) {\n${body}\nreturn { ${made.join(', ')} };\n}`;
  const { code } = transformSync(source, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
    isModule: true,
  });
  const module = { exports: {} as { run?: (...presumed: unknown[]) => Promise<Ran> } };
  const load = (name: string) => {
    if (name in modules) return modules[name];
    throw new Error(`${snippet.name} imports ${name}, which it was not given`);
  };
  new Function('module', 'exports', 'require', code)(module, module.exports, load);
  const ran = await (module.exports.run as (...presumed: unknown[]) => Promise<Ran>)(
    { log: (...parts: unknown[]) => print(format(...parts)) },
    ...presumedBy(snippet).map((name) => scope[name]),
  );
  run.add(snippet.name);
  return ran;
}
