import { sleep, systemClock } from '../contracts/clock';

/** Does it every so often, one after the other, until it is stopped: a worker may live for months. @returns stops, and waits for what is under way */
export function again(everyMs: number, work: () => Promise<unknown>): () => Promise<void> {
  const stopped = new AbortController();
  const doing = (async () => {
    while (!stopped.signal.aborted) {
      await sleep(systemClock, everyMs, stopped.signal).catch(() => undefined);
      if (!stopped.signal.aborted) await work();
    }
  })();
  return async () => {
    stopped.abort();
    await doing;
  };
}
