/**
 * The code that loads and feeds Silero. The package onnxruntime-node is no dependency of ours: where it is installed (here, or in the folder that
 * ONNXRUNTIME_FROM names) a model that this file writes byte by byte runs in it; everywhere a package module of the same shape stands in for it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { FRAME_BYTES, MULAW_SILENCE } from '../../../contracts/g711';
import { endpointingSchema } from '../../../contracts/turns';
import { ManualClock } from '../../../test/support/manual-clock';
import { openTurnDetector } from './open';
import { loadSilero, newSileroMemory, SILERO_WINDOW } from './silero-model';
import { SileroVoice } from './silero-voice';

const log = pino({ level: 'silent' });
const speech = (name: string) => readFileSync(join(__dirname, '..', '..', '..', 'test', 'fixtures', 'speech', `${name}.ulaw`));
const silence = (ms: number) => Buffer.alloc(ms * 8, MULAW_SILENCE);

/** Checks what it is fed as the real one would, and takes loud for speech. Counts the windows in the state. */
const STUB = `
class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
const InferenceSession = {
  async create(model) {
    if (model.toString() === 'broken') throw new Error('not a model');
    return {
      inputNames: model.toString() === 'other' ? ['x'] : ['input', 'state', 'sr'],
      async run({ input, state, sr }) {
        if (model.toString() === 'fails') throw new Error('out of memory');
        if (String(input.dims) !== '1,288' || String(state.dims) !== '2,1,128' || sr.data[0] !== 8000n) throw new Error('wrong shapes');
        const loudest = input.data.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        const next = Float32Array.from(state.data);
        next[0] += 1;
        return { output: new Tensor('float32', Float32Array.of(loudest), [1, 1]), stateN: new Tensor('float32', next, [2, 1, 128]) };
      },
    };
  },
};
module.exports = { InferenceSession, Tensor };
`;

let folder: string;
let stub: (name: string) => unknown;
const file = (name: string, bytes: string | Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'silero-'));
  const home = join(folder, 'node_modules', 'onnxruntime-node');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'onnxruntime-node', main: 'index.js' }));
  writeFileSync(join(home, 'index.js'), STUB);
  stub = createRequire(join(folder, 'package.json'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Frame by frame, each decided before the next comes: no time of this machine's in the result. */
async function play(voice: SileroVoice, ...parts: Buffer[]): Promise<string[]> {
  const told: string[] = [];
  let at = 0;
  voice.onVoice = (event) => told.push(`${event.kind} ${at}`);
  for (const part of parts) {
    for (let from = 0; from < part.length; from += FRAME_BYTES) {
      at += 20;
      voice.onAudio(part.subarray(from, from + FRAME_BYTES));
      await new Promise(setImmediate);
    }
  }
  return told;
}

it('tells speech from silence by the model’s probability, after 50 ms of it and 200 ms without', async () => {
  const voice = new SileroVoice(loadSilero(file('model', 'model'), stub), 0.05, log);
  const said = speech('yeah-en');
  const [started, stopped, ...more] = await play(voice, silence(300), said, silence(600));
  expect(more).toEqual([]);
  const [startedAt, stoppedAt] = [started, stopped].map((each) => Number(each?.split(' ')[1]));
  expect(started).toMatch(/^started/);
  expect(startedAt).toBeLessThan(300 + 150);
  expect(stopped).toMatch(/^stopped/);
  expect(stoppedAt).toBeGreaterThanOrEqual(300 + 200);
  expect(stoppedAt).toBeLessThan(300 + said.length / 8 + 200 + 2 * 32 + 20);
});

it('remembers of each caller what the model wants remembered, and the end of the window before', async () => {
  const model = loadSilero(file('model', 'model'), stub);
  const [one, two] = [newSileroMemory(), newSileroMemory()];
  const window = new Float32Array(SILERO_WINDOW);
  window[SILERO_WINDOW - 1] = 0.7;
  await model.probability(window, one);
  // The loud sample is in the context of the next window.
  expect(await model.probability(new Float32Array(SILERO_WINDOW), one)).toBeCloseTo(0.7);
  expect(await model.probability(new Float32Array(SILERO_WINDOW), one)).toBe(0);
  expect([one.state[0], two.state[0]]).toEqual([3, 0]);
});

it('names the line that installs the package when it is missing', () => {
  const missing = createRequire(join(tmpdir(), 'package.json'));
  const path = file('model', 'model');
  const error = (() => {
    try {
      loadSilero(path, missing);
    } catch (thrown) {
      return thrown as { code?: string; message: string };
    }
    return undefined;
  })();
  expect(error?.code).toBe('PATTER_CREDENTIAL_MISSING');
  expect(error?.message).toContain('npm install onnxruntime-node');
});

it('refuses a file that is not there, is no model, or is another one', async () => {
  const code = 'PATTER_CONFIG_INVALID';
  expect(() => loadSilero(join(folder, 'nothing'), stub)).toThrow(expect.objectContaining({ code }));
  for (const kind of ['broken', 'other']) {
    const model = loadSilero(file(kind, kind), stub);
    await expect(model.probability(new Float32Array(SILERO_WINDOW), newSileroMemory())).rejects.toMatchObject({ code });
  }
});

it('goes on by loudness when the model fails in mid-call', async () => {
  const voice = new SileroVoice(loadSilero(file('fails', 'fails'), stub), 0.5, log);
  const told = await play(voice, silence(300), speech('yeah-en'), silence(600));
  expect(told.map((each) => each.split(' ')[0])).toEqual(['started', 'stopped']);
});

it('a call is held even where the package is missing: by loudness', () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const detector = openTurnDetector(endpointingSchema.parse({ type: 'silero', modelPath: join(folder, 'nothing') }), {
    clock,
    log,
    language: 'en',
    listener: { speechStarted: () => told.push('started'), speechStopped: () => undefined, turnEnded: () => told.push('ended') },
  });
  const all = Buffer.concat([speech('yeah-en'), silence(1_000)]);
  for (let at = 0; at < all.length; at += FRAME_BYTES) {
    clock.pass(20);
    detector.onAudio(all.subarray(at, at + FRAME_BYTES));
  }
  expect(told).toEqual(['started', 'ended']);
});

describe('the real package', () => {
  const from = process.env.ONNXRUNTIME_FROM ? createRequire(join(process.env.ONNXRUNTIME_FROM, 'package.json')) : require;
  const installed = (() => {
    try {
      from.resolve('onnxruntime-node');
      return true;
    } catch {
      return false;
    }
  })();

  // In a process of its own: the native part does not know the typed arrays of a jest sandbox.
  (installed ? it : it.skip)('runs a model that has the inputs and outputs of Silero 5', () => {
    const options = { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } };
    const script = `
      const { transformFileSync } = require(${JSON.stringify(require.resolve('@swc/core'))});
      require.extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, ${JSON.stringify(options)}).code, file);
      const { loadSilero, newSileroMemory } = require(${JSON.stringify(join(__dirname, 'silero-model.ts'))});
      const runtime = () => require(${JSON.stringify(installed ? from.resolve('onnxruntime-node') : '')});
      const window = new Float32Array(256);
      window[7] = -0.5;
      const memory = newSileroMemory();
      memory.state[3] = 0.25;
      loadSilero(${JSON.stringify(file('tiny.onnx', loudnessModel()))}, runtime)
        .probability(window, memory)
        .then((probability) => console.log(JSON.stringify([probability, memory.state[3]])));
    `;
    expect(JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 30_000 }))).toEqual([0.5, 0.25]);
  });
});

/** `output` = the largest magnitude of `input`; `stateN` = `state`. Protocol buffers by hand: field numbers of onnx.proto. */
function loudnessModel(): Uint8Array {
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
  const int = (field: number, value: number) => [...varint(field << 3), ...varint(value)];
  const bytes = (field: number, value: number[]) => [...varint((field << 3) | 2), ...varint(value.length), ...value];
  const text = (field: number, value: string) => bytes(field, [...Buffer.from(value)]);
  const FLOAT = 1;
  const INT64 = 7;
  const INTS = 7;
  const INT = 2;
  const value = (field: number, name: string, type: number, dims: number[]) =>
    bytes(field, [
      ...text(1, name),
      ...bytes(
        2,
        bytes(1, [
          ...int(1, type),
          ...bytes(
            2,
            dims.flatMap((dim) => bytes(1, int(1, dim))),
          ),
        ]),
      ),
    ]);
  const node = (operator: string, input: string, output: string, attributes: number[] = []) =>
    bytes(1, [...text(1, input), ...text(2, output), ...text(4, operator), ...attributes]);
  const axes = bytes(5, [...text(1, 'axes'), ...int(8, 1), ...int(20, INTS)]);
  const keep = bytes(5, [...text(1, 'keepdims'), ...int(3, 1), ...int(20, INT)]);
  const graph = [
    ...node('Abs', 'input', 'magnitude'),
    ...node('ReduceMax', 'magnitude', 'output', [...axes, ...keep]),
    ...node('Identity', 'state', 'stateN'),
    ...text(2, 'loudness'),
    ...value(11, 'input', FLOAT, [1, 288]),
    ...value(11, 'state', FLOAT, [2, 1, 128]),
    ...value(11, 'sr', INT64, []),
    ...value(12, 'output', FLOAT, [1, 1]),
    ...value(12, 'stateN', FLOAT, [2, 1, 128]),
  ];
  return Uint8Array.from([...int(1, 7), ...bytes(7, graph), ...bytes(8, [...text(1, ''), ...int(2, 12)])]);
}
