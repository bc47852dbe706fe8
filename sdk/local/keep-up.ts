import { type Clock, sleep, systemClock } from '../../contracts/clock';
import type { Logger } from '../../runtime/log';
import type { Running } from '../../runtime/running';

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;

/**
 * Runs a part, and starts it again when it breaks by itself: there is no supervisor in an embedding process.
 * @throws what the first start throws
 */
export async function keepUp(
  what: string,
  start: () => Promise<Pick<Running, 'stop' | 'closed'>>,
  log: Logger,
  clock: Clock = systemClock,
): Promise<Pick<Running, 'stop'>> {
  const over = new AbortController();
  let current = await start();
  const keeping = (async () => {
    for (;;) {
      const broken = await current.closed.then(
        () => undefined,
        (error: unknown) => error,
      );
      if (over.signal.aborted) return;
      log.error({ err: broken }, `${what} broke; it is started again`);
      for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS)) {
        await sleep(clock, backoffMs, over.signal).catch(() => undefined);
        if (over.signal.aborted) return;
        try {
          current = await start();
          break;
        } catch (error) {
          log.error({ err: error }, `${what} does not start`);
        }
      }
      // Asked to stop while it started.
      if (over.signal.aborted) return current.stop();
    }
  })();
  return {
    async stop() {
      over.abort();
      // One that is broken has nothing left to stop.
      await current.stop().catch((error: unknown) => log.warn({ err: error }, `${what} did not stop as it should`));
      await keeping;
    },
  };
}
