/** Every snippet of the documentation against this package's types; those that need no phone are run here. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as getpatter from '../../sdk';
import { compileAgent } from '../../sdk/agent/compile-agent';
import { bothSpellings } from '../../sdk/options/spellings';
import { runSnippet, type Scope, type Snippet, snippets, writeTypeCheck } from './support/snippets';

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

function snippet(name: string): Snippet {
  const found = snippets().find((one) => one.name === name);
  if (!found) throw new Error(`no snippet ${name}`);
  return found;
}

test('no snippet is forgotten', () => {
  const tests = ['snippets.test.ts', 'snippets-local.test.ts', 'support/cloud-snippets.ts']
    .map((file) => readFileSync(join(__dirname, file), 'utf8'))
    .join('');
  const named = snippets().filter(({ name }) => tests.includes(`'${name}'`));
  expect(named).toEqual(snippets());
});

const MODULES = { getpatter, 'dotenv/config': {} };

function scope(): Scope {
  const phone = new getpatter.Patter({ twilioSid: 'AC1', twilioToken: 't', openaiKey: 'sk-1', phoneNumber: '+15005550006' });
  return { phone, myLlmHandler: async (text: string) => `you said ${text}` };
}

// All that are not run here need somebody on the phone: they run in the tests of local and of cloud mode.
test.each(['readme-variables', 'readme-tools', 'advanced-keypad', 'advanced-transfer'])('%s makes an agent', async (name) => {
  const { agent } = await runSnippet(snippet(name), MODULES, scope(), () => {});
  const { spec } = compileAgent(agent as getpatter.Agent, { app: 'test' });
  expect(snippet(name).source).toContain(spec.systemPrompt);
});

test.each([
  ['readme-self-hosting', 'cloud'],
  ['local-mode-initialize', 'local'],
  ['api-reference-constructor', 'local'],
  ['local-mode-disconnect', 'local'],
])('%s makes a Patter in %s mode', async (name, mode) => {
  const { phone } = await runSnippet(snippet(name), MODULES, scope(), () => {});
  expect((phone as getpatter.Patter | undefined)?.mode ?? 'local').toBe(mode);
});

test('every name of the reference is exported', async () => {
  await runSnippet(snippet('api-reference-exports'), MODULES, scope(), () => {});
  const { Patter, Agent, CallControl, Guardrail, STTConfig, TTSConfig, PatterError, PatterConnectionError } = getpatter;
  for (const one of [Patter, Agent, CallControl, Guardrail, STTConfig, TTSConfig, PatterError, PatterConnectionError]) {
    expect(one).toBeInstanceOf(Function);
  }
});

const PARTIES = { callId: 'call_1', caller: '+15005550001', callee: '+15005550002', direction: 'inbound' };
const HISTORY = [
  { role: 'assistant', text: 'Hello! How can I help?', timestamp: '2025-03-15T10:00:01Z' },
  { role: 'user', text: 'My order.', timestamp: '2025-03-15T10:00:05Z' },
];

test.each([
  [
    'events-call-start',
    'onCallStart',
    { ...PARTIES, customParams: { order: '7' } },
    ['Call started: call_1', 'Caller: +15005550001', 'Callee: +15005550002', 'Direction: inbound', 'Custom params: {"order":"7"}'],
  ],
  [
    'events-call-end',
    'onCallEnd',
    { ...PARTIES, transcript: HISTORY },
    ['Call ended: call_1', '  [assistant]: Hello! How can I help?', '  [user]: My order.'],
  ],
  ['events-transcript', 'onTranscript', { ...PARTIES, role: 'user', text: 'My order.', history: HISTORY }, ['[user] My order.']],
  [
    'advanced-history',
    'onTranscript',
    { ...PARTIES, role: 'user', text: 'My order.', history: HISTORY },
    ['[2025-03-15T10:00:01Z] assistant: Hello! How can I help?', '[2025-03-15T10:00:05Z] user: My order.'],
  ],
] as const)('%s says what its event holds', async (name, callback, event, lines) => {
  const printed: string[] = [];
  const ran = await runSnippet(snippet(name), MODULES, scope(), (line) => printed.push(line));
  await ran[callback]?.(bothSpellings(event));
  expect(printed).toEqual(lines);
});

test('events-message answers', async () => {
  const { onMessage } = await runSnippet(snippet('events-message'), MODULES, scope(), () => {});
  expect(await onMessage?.(bothSpellings({ ...PARTIES, text: 'My order.', history: HISTORY }))).toBe('you said My order.');
});
