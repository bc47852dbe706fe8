import { ManualClock } from '../../test/support/manual-clock';
import { FixedLines } from './fixed-lines';
import { LineCache } from './line-cache';

/** Speaks a line within so long. */
function lines(takesMs: number) {
  const clock = new ManualClock();
  let asked = 0;
  const speech = {
    ...({ sampleRate: 8_000, model: 'voice' } as const),
    synthesize: ({ signal }: { signal?: AbortSignal }) =>
      new Promise<Int16Array>((resolve, reject) => {
        asked++;
        const cancel = clock.after(takesMs, () => resolve(new Int16Array(800)));
        signal?.addEventListener('abort', () => {
          cancel();
          reject(signal.reason);
        });
      }),
  };
  return { clock, fixed: new FixedLines(speech, 'alloy', new LineCache(), clock), asked: () => asked };
}

const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('a fixed line', () => {
  it('that takes longer to be made than a caller waits is there when it is made in time for them', async () => {
    const { fixed, clock, asked } = lines(8_000);
    // A message for a machine is half a minute long, and is begun when the machine's greeting begins.
    fixed.prefetch('A long message.');
    clock.pass(8_000);
    await settle();
    expect(fixed.ready('A long message.')).toHaveLength(800);
    await expect(fixed.get('A long message.')).resolves.toHaveLength(800);
    expect(asked()).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('is waited for no longer than a caller may be kept in silence', async () => {
    const { fixed, clock } = lines(8_000);
    const waiting = fixed.get('A long message.');
    waiting.catch(() => undefined);
    clock.pass(4_000);
    await expect(waiting).rejects.toThrow('was not spoken within 4000 ms');
    expect(fixed.takeUsage()).toEqual([]);
    // And is there, and paid for, for whoever needs it next.
    clock.pass(4_000);
    await settle();
    await expect(fixed.get('A long message.')).resolves.toHaveLength(800);
    expect(fixed.takeUsage()).toMatchObject([{ quantity: 15 }]);
    expect(clock.pending).toBe(0);
  });

  it('that is never made is given up, and asked for anew', async () => {
    const { fixed, clock, asked } = lines(60_000);
    fixed.prefetch('A line.');
    clock.pass(30_000);
    await settle();
    expect(clock.pending).toBe(0);
    fixed.prefetch('A line.');
    expect(asked()).toBe(2);
    fixed.dispose();
    await settle();
    expect(clock.pending).toBe(0);
  });
});
