import { sleep, systemClock } from '../../contracts/clock';

/** Asks until the answer is neither false nor undefined. A question that throws is asked again: what it asks may be dead at the moment. */
export async function until<T>(
  ask: () => Promise<T | false | undefined> | T | false | undefined,
  options: { withinMs: number; what: string; everyMs?: number },
): Promise<T> {
  const giveUpAt = systemClock.monotonic() + options.withinMs;
  let trouble: unknown;
  for (;;) {
    try {
      const answer = await ask();
      trouble = undefined;
      if (answer !== false && answer !== undefined) return answer;
    } catch (error) {
      trouble = error;
    }
    if (systemClock.monotonic() > giveUpAt) throw new Error(`in vain: ${options.what}`, { cause: trouble });
    await sleep(systemClock, options.everyMs ?? 20);
  }
}
