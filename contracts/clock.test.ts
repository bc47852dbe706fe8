import { ManualClock } from '../test/support/manual-clock';
import { within } from './clock';

describe('within a time', () => {
  it('is what the promise gives, and no timer is left', async () => {
    const clock = new ManualClock();
    expect(await within(clock, 1_000, Promise.resolve('there'))).toBe('there');
    expect(clock.pending).toBe(0);
  });

  it('is nothing when it takes longer', async () => {
    const clock = new ManualClock();
    const asked = within(clock, 1_000, new Promise(() => {}));
    clock.pass(1_000);
    expect(await asked).toBeUndefined();
  });

  it('fails as the promise does', async () => {
    const clock = new ManualClock();
    await expect(within(clock, 1_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(clock.pending).toBe(0);
  });
});
