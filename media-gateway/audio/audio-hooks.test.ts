import { decodeMulaw, encodeMulaw, FRAME_BYTES } from '../../contracts/g711';
import { type AudioHooks, openBackground, openCallerFilter } from './audio-hooks';

const CONTEXT = { callId: 'call_1', language: 'en' };
const FRAME = encodeMulaw(Int16Array.from({ length: FRAME_BYTES }, (_, i) => (i % 20) * 400));

function logged() {
  const warnings: { hook?: string; err?: Error }[] = [];
  return { warnings, log: { warn: (fields: object) => void warnings.push(fields) } as never };
}

test('without a hook there is neither filter nor sound', () => {
  const { log, warnings } = logged();
  for (const hooks of [undefined, {}])
    expect([openCallerFilter(hooks, CONTEXT, log), openBackground(hooks, CONTEXT, log)]).toEqual([undefined, undefined]);
  expect(warnings).toEqual([]);
});

test('a filter is made for the call, with its own `this`, and changes the audio', () => {
  const { log } = logged();
  const asked: object[] = [];
  class Quieter implements AudioHooks {
    readonly #share = 0.5;
    callerFilter(context: object) {
      asked.push(context);
      return { process: (mulaw: Uint8Array) => encodeMulaw(decodeMulaw(mulaw).map((sample) => sample * this.#share)) };
    }
  }
  const heard = decodeMulaw(openCallerFilter(new Quieter(), CONTEXT, log)!.process(FRAME));
  expect(Math.max(...heard)).toBeLessThan(Math.max(...decodeMulaw(FRAME)) * 0.6);
  expect(asked).toEqual([CONTEXT]);
});

test.each<[string, () => never | unknown]>([
  [
    'throws',
    () => {
      throw new Error('no model');
    },
  ],
  ['gives back too little', () => FRAME.subarray(1)],
  ['gives back nothing', () => undefined],
  [
    'is asynchronous and fails',
    async () => {
      throw new Error('nobody waits for this');
    },
  ],
])('a filter that %s is told of once, and the caller is heard as they are', (_, process) => {
  const { log, warnings } = logged();
  const filter = openCallerFilter({ callerFilter: () => ({ process: process as () => Uint8Array }) }, CONTEXT, log)!;
  for (let i = 0; i < 3; i++) expect(filter.process(FRAME)).toBe(FRAME);
  expect(warnings).toMatchObject([{ hook: 'callerFilter' }]);
});

test('a hook that promises a filter has none: its failure ends no process, and the agent’s own filter stays', async () => {
  const { log, warnings } = logged();
  const later = (async () => {
    throw new Error('no model');
  }) as never;
  expect([openCallerFilter({ callerFilter: later }, CONTEXT, log), openBackground({ background: later }, CONTEXT, log)]).toEqual([
    undefined,
    undefined,
  ]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toMatchObject([{ hook: 'callerFilter' }, { hook: 'background' }]);
});

test('a filter and a sound that cannot be made are none', () => {
  const { log, warnings } = logged();
  const fails = () => {
    throw new Error('no model');
  };
  expect([openCallerFilter({ callerFilter: fails }, CONTEXT, log), openBackground({ background: fails }, CONTEXT, log)]).toEqual([
    undefined,
    undefined,
  ]);
  expect(warnings).toMatchObject([{ hook: 'callerFilter' }, { hook: 'background' }]);
});

test('a sound lies under speech and goes on in the pauses, in one piece', () => {
  const { log } = logged();
  let at = 0;
  const next = (samples: number) => Int16Array.from({ length: samples }, () => at++ % 1_000);
  const background = openBackground({ background: () => ({ next }) }, CONTEXT, log)!;
  const pause = decodeMulaw(background.take(2));
  expect(pause).toHaveLength(2 * FRAME_BYTES);
  expect(at).toBe(2 * FRAME_BYTES);
  expect(pause[300]).toBeGreaterThan(280);
  const mixed = decodeMulaw(background.mix(FRAME));
  expect(mixed[19]! - decodeMulaw(FRAME)[19]!).toBeGreaterThan(250);
});

test('what is missing of a sound is silence, and a loud one is cut at the loudest', () => {
  const { log, warnings } = logged();
  const of = (next: () => unknown) => openBackground({ background: () => ({ next: next as () => Int16Array }) }, CONTEXT, log)!;
  const short = decodeMulaw(of(() => new Int16Array(10).fill(5_000)).take(1));
  expect([short[9]! > 4_500, Math.abs(short[10]!) < 10, short.length]).toEqual([true, true, FRAME_BYTES]);
  expect(decodeMulaw(of(() => new Int16Array(FRAME_BYTES).fill(32_000)).mix(FRAME))[19]).toBeGreaterThan(31_000);
  expect(warnings).toEqual([]);
  expect(of(() => 'no sound').mix(FRAME)).toEqual(FRAME);
  expect(warnings).toMatchObject([{ hook: 'background' }]);
});
