/** The built package, as programs of both module systems import it. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { builtProgram } from '../support/built';

const ROOT = join(__dirname, '..', '..');
let folder: string;

beforeAll(async () => {
  await builtProgram();
  folder = mkdtempSync(join(tmpdir(), 'patter-package-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'getpatter'), 'junction');
}, 130_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function node(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: folder, timeout: 100_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${args.join(' ')}:\n${stdout}${stderr}`)) : resolve(stdout.trim()),
    );
  });
}

const USE = `
const phone = new Patter({ apiKey: 'pt_1' });
const stt = Patter.deepgram({ apiKey: 'dg_1' });
console.log(phone.mode, stt.provider, typeof tool, new PatterConnectionError('x') instanceof PatterError);
`;
const PRINTED = 'cloud deepgram function true';

test.each([
  ['an ES module', 'use.mjs', `import { Patter, PatterConnectionError, PatterError, tool } from 'getpatter';${USE}`],
  ['a CommonJS module', 'use.cjs', `const { Patter, PatterConnectionError, PatterError, tool } = require('getpatter');${USE}`],
])('%s imports it by name', async (_, file, source) => {
  writeFileSync(join(folder, file), source);
  expect(await node(file)).toBe(PRINTED);
});

test('its types are found by both, and hold', async () => {
  const use = `import { type CallResult, type IncomingMessage, Patter } from 'getpatter';
const phone = new Patter({ apiKey: 'pt_1' });
void phone.connect({ onMessage: async (message: IncomingMessage) => message.call_id + message.callId });
export const outcome = (result: CallResult): string => result.outcome + result.call_id;
// @ts-expect-error a number is no phone number
void phone.call({ to: 5 });
`;
  writeFileSync(join(folder, 'types.mts'), use);
  writeFileSync(join(folder, 'types.cts'), use);
  symlinkSync(join(ROOT, 'node_modules', '@types'), join(folder, 'node_modules', '@types'), 'junction');
  const compilerOptions = { module: 'node20', target: 'es2023', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.mts', 'types.cts'] }));
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  expect(await node(tsc, '-p', folder)).toBe('');
}, 110_000);
