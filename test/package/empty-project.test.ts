/** The package, unpacked from its tarball into an empty project, as programs of both module systems use it. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { emptyProject } from '../support/packed';

const ROOT = join(__dirname, '..', '..');
const { exports: entries, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, { types?: string }>;
  peerDependencies: Record<string, string>;
};
const MODULES = Object.entries(entries).flatMap(([name, { types }]) => (types ? [`getpatter${name.slice(1)}`] : []));
let folder: string;

beforeAll(async () => {
  folder = await emptyProject();
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What it prints; none of this machine's keys. */
function node(args: string[], { cwd = folder, input = '' } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, SystemRoot: process.env.SystemRoot };
    const child = execFile(process.execPath, args, { cwd, env, timeout: 100_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${args.join(' ')}:\n${stdout}${stderr}`)) : resolve(stdout.trim()),
    );
    child.stdin?.end(input);
  });
}

function program(file: string, source: string): string {
  writeFileSync(join(folder, file), source);
  return file;
}

test.each(MODULES)(
  '%s gives an ES module every name that it gives a CommonJS module',
  async (module) => {
    const file = program(
      'names.mjs',
      `import { createRequire } from 'node:module';
import * as imported from '${module}';
const required = createRequire(import.meta.url)('${module}');
console.log(JSON.stringify([Object.keys(required).sort(), Object.keys(required).filter((name) => imported[name] !== required[name])]));`,
    );
    const [names, missing] = JSON.parse(await node([file])) as [string[], string[]];
    expect(names.length).toBeGreaterThan(0);
    expect(missing).toEqual([]);
  },
  110_000,
);

const USE = `
const phone = new Patter({ twilioSid: 'AC1', twilioToken: 't', openaiKey: 'sk-1', phoneNumber: '+15005550006' });
const agent = phone.agent({ systemPrompt: 'Hello {name}.', variables: { name: 'Ada' }, tools: [tool({ name: 'stock', handler: () => 3 })] });
let refused;
try { phone.agent({ systemPrompt: 'x', voiec: 'alloy' }); } catch (error) { refused = error; }
console.log(phone.mode, agent.tools[0].name, refused instanceof PatterValidationError, refused.message);
`;
const PRINTED = expect.stringMatching(/^local stock true .*voice/);

test.each([
  ['an ES module', 'use.mjs', `import { Patter, PatterValidationError, tool } from 'getpatter';${USE}`],
  ['a CommonJS module', 'use.cjs', `const { Patter, PatterValidationError, tool } = require('getpatter');${USE}`],
])(
  '%s makes an agent, and is told what was misspelt',
  async (_, file, source) => {
    expect(await node([program(file, source)])).toEqual(PRINTED);
  },
  110_000,
);

test('a conversation with the agent in the terminal', async () => {
  const file = program(
    'talk.mjs',
    `import { Patter } from 'getpatter';
const phone = new Patter({ twilioSid: 'AC1', twilioToken: 't', openaiKey: 'sk-1', phoneNumber: '+15005550006' });
const agent = phone.agent({ systemPrompt: 'x', firstMessage: 'Acme, how can I help?' });
await phone.test(agent, { onMessage: (message) => 'You said ' + message.text, onCallEnd: (call) => console.log(call.outcome, call.transcript.length) });`,
  );
  expect((await node([file], { input: 'hello\n/quit\n' })).split('\n')).toEqual(
    expect.arrayContaining([expect.stringContaining('Acme, how can I help?'), 'Agent: You said hello', expect.stringMatching(/^\w+ \d+$/)]),
  );
}, 110_000);

test('importing it and making a Patter opens nothing, writes nothing and changes nothing of the process', async () => {
  const cwd = join(folder, 'untouched');
  mkdirSync(cwd);
  const file = program(
    'quiet.cjs',
    `// zod keeps its registry, which copies of it share, in globals.
const globals = () => Object.keys(globalThis).filter((name) => !name.startsWith('__zod'));
const seen = () => JSON.stringify([process.getActiveResourcesInfo(), process.eventNames().map(String), globals(), process.env]);
const before = seen();
for (const module of ${JSON.stringify(MODULES)}) require(module);
const imported = seen();
const { Patter } = require('getpatter');
const phone = new Patter({ apiKey: 'pt_1' });
new Patter({ twilioSid: 'AC1', twilioToken: 't', openaiKey: 'sk-1', phoneNumber: '+15005550006' }).agent({ systemPrompt: 'x' });
console.log(imported === before, seen() === before ? '' : before + seen(), phone.mode);`,
  );
  expect(await node([join('..', file)], { cwd })).toBe('true  cloud');
  expect(readdirSync(cwd)).toEqual([]);
}, 110_000);

test('types are found by both module systems, and hold', async () => {
  const use = `import { type CallResult, type IncomingMessage, Patter } from 'getpatter';
const phone = new Patter({ apiKey: 'pt_1' });
void phone.connect({ onMessage: async (message: IncomingMessage) => message.call_id + message.callId });
export const outcome = (result: CallResult): string => result.outcome + result.call_id;
// @ts-expect-error a number is no phone number
void phone.call({ to: 5 });
`;
  const all = MODULES.map((module, index) => `import * as all${index} from '${module}';\nvoid all${index};\n`).join('');
  writeFileSync(join(folder, 'types.mts'), all + use);
  writeFileSync(join(folder, 'types.cts'), all + use);
  const compilerOptions = { module: 'node20', target: 'es2023', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.mts', 'types.cts'] }));
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  expect(await node([tsc, '-p', folder])).toBe('');
}, 110_000);

test('the programs are there', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(await node([join('node_modules', 'getpatter', 'bin', 'patter.js'), '--version'])).toBe(version);
}, 110_000);

/** Where each optional package is loaded. */
const NEEDS: Readonly<Record<string, string>> = {
  cloudflared: `require(dist + 'sdk/local/tunnels').tunnelOf(true).open(1, new AbortController().signal)`,
  '@ngrok/ngrok': `require(dist + 'sdk/local/tunnels').tunnelOf({ type: 'ngrok' }).open(1, new AbortController().signal)`,
  '@aws-sdk/client-s3': `new (require(dist + 'activities/recording/s3-storage').S3Storage)({ bucket: 'b', prefix: '' })`,
  'onnxruntime-node': `require(dist + 'media-gateway/turns/endpointing/silero-model').loadSilero(__filename)`,
  '@elevenlabs/elevenlabs-js': `(() => {
    const { ElevenLabsHttpVoice } = require(dist + 'providers/tts/elevenlabs-http');
    const voice = new ElevenLabsHttpVoice({ voice: 'v' }, {}, { config: { ELEVENLABS_API_KEY: 'k' }, log: { debug: ({ err }) => { throw err; } } });
    voice.warm();
  })()`,
};

test('every optional peer that is not installed is named with the line that installs it', async () => {
  expect(Object.keys(NEEDS).sort()).toEqual(Object.keys(peerDependencies).sort());
  const tried = Object.entries(NEEDS).map(([name, use]) => `[${JSON.stringify(name)}, async () => ${use}]`);
  const file = program(
    'peers.cjs',
    `const dist = __dirname + '/node_modules/getpatter/dist/';
(async () => {
  const told = {};
  for (const [name, use] of [${tried.join(', ')}]) told[name] = await use().then(() => 'it is there', (error) => [error.code, error.message].join(' '));
  console.log(JSON.stringify(told));
})();`,
  );
  const told = JSON.parse(await node([file])) as Record<string, string>;
  for (const name of Object.keys(peerDependencies)) {
    expect(told[name]).toMatch(/^PATTER_/);
    expect(told[name]).toContain(`npm install ${name}`);
  }
}, 110_000);
