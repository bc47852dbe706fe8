/** Every snippet of the documentation against this package's types; those that need no phone are run here. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as getpatter from '../../sdk';
import { everySnippetWasRun, RUN_IN } from './support/run-in';
import { runSnippet, type Scope, snippetOf, snippets, writeTypeCheck } from './support/snippets';

const KEYS: Readonly<Record<string, string>> = {
  ...{
    TWILIO_ACCOUNT_SID: 'AC0123456789',
    TWILIO_SID: 'AC0123456789',
    TWILIO_AUTH_TOKEN: 'token-of-a-test',
    TWILIO_TOKEN: 'token-of-a-test',
  },
  ...{ OPENAI_API_KEY: 'sk-of-a-test', OPENAI_KEY: 'sk-of-a-test', PHONE_NUMBER: '+15005550006', WEBHOOK_URL: 'phone.example.com' },
  ...{ PATTER_API_KEY: 'pt_of_a_test', PATTER_BACKEND_URL: 'ws://127.0.0.1:9', PATTER_REST_URL: 'http://127.0.0.1:9' },
};

let folder: string;
const before: Record<string, string | undefined> = {};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'patter-snippets-'));
  for (const [name, value] of Object.entries(KEYS)) {
    before[name] = process.env[name];
    process.env[name] = value;
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

test('every snippet has the types that it presumes', async () => {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const { code, stdout } = await new Promise<{ code: number; stdout: string }>((resolve) => {
    execFile(process.execPath, [tsc, '-p', writeTypeCheck(folder)], { timeout: 100_000 }, (error, out, err) =>
      resolve({ code: error ? 1 : 0, stdout: out + err }),
    );
  });
  expect(stdout).toBe('');
  expect(code).toBe(0);
}, 110_000);

test('no snippet is forgotten', () => {
  expect([...new Set<string>(Object.values(RUN_IN).flatMap((names) => [...names]))].sort()).toEqual(snippets().map(({ name }) => name));
});

test('those of the main page stand here letter by letter', () => {
  // Made from the page itself, when it was read: whoever changes a snippet so that it passes changes what was promised.
  const digests = readFileSync(join(__dirname, 'snippets', 'readme.sha256'), 'utf8')
    .trimEnd()
    .split('\n');
  const present = snippets()
    .filter(({ name }) => name.startsWith('readme-') && name !== 'readme-self-hosting')
    .map(({ name, source }) => `${createHash('sha256').update(source.trimEnd()).digest('hex')}  ${name}.ts`);
  expect(present).toEqual(digests);
});

const MODULES = { getpatter, 'dotenv/config': {} };

function scope(): Scope {
  const phone = new getpatter.Patter({ twilioSid: 'AC1', twilioToken: 't', openaiKey: 'sk-1', phoneNumber: '+15005550006' });
  return { phone };
}

// All that are not run here need somebody on the phone: they run in the tests of local and of cloud mode.
test.each([
  ['readme-self-hosting', 'cloud'],
  ['local-mode-initialize', 'local'],
  ['api-reference-constructor', 'local'],
  ['local-mode-disconnect', 'local'],
])('%s makes a Patter in %s mode', async (name, mode) => {
  const { phone } = await runSnippet(snippetOf(name), MODULES, scope(), () => {});
  expect((phone as getpatter.Patter | undefined)?.mode ?? 'local').toBe(mode);
});

test('every name of the reference is exported', async () => {
  await runSnippet(snippetOf('api-reference-exports'), MODULES, scope(), () => {});
  const { Patter, Agent, CallControl, Guardrail, STTConfig, TTSConfig, PatterError, PatterConnectionError } = getpatter;
  for (const one of [Patter, Agent, CallControl, Guardrail, STTConfig, TTSConfig, PatterError, PatterConnectionError]) {
    expect(one).toBeInstanceOf(Function);
  }
});

everySnippetWasRun('snippets.test.ts');
