/**
 * The call history on disk forgets whom the database has forgotten (`patter privacy`, PATTER_RETENTION_DAYS). Each folder is looked after where it is: by the
 * programs that write into it, at their start and once a minute, and by `patter privacy erase` on that machine. What a folder has forgotten already stands
 * in it: an erasure that came while nobody ran is made up for.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, sleep } from '../../contracts/clock';
import type { Logger } from '../../runtime/log';
import type { ErasedCall, Store } from '../../store/store';
import { callFileOf } from './persist';

const LOOK_EVERY_MS = 60_000;
/** Erasures are dated before they are there for others to see, by clocks that differ. */
const OVERLAP_MS = 3_600_000;
const PAGE = 500;

type Deps = { store: Pick<Store, 'privacy'>; clock: Clock };

/**
 * Deletes the files of calls whose person was erased. Idempotent; may be killed at any moment.
 * @returns how many were there
 */
export async function forgetFiles(root: string, { clock, store }: Deps): Promise<number> {
  const begun = clock.now();
  const since = new Date((await erasedUntil(root)) - OVERLAP_MS);
  let deleted = 0;
  for (let after: ErasedCall | undefined; ; ) {
    const page = await store.privacy.erasedCalls({ since, after, limit: PAGE });
    for (const call of page) if (await removed(fileOf(root, call))) deleted += 1;
    after = page.at(-1);
    if (page.length < PAGE) break;
  }
  await noteErasedUntil(root, begun);
  return deleted;
}

/** Where the record of a call leads to; its end stays known when it is erased. */
export function fileOf(root: string, { callId, createdAt, endedAt }: Pick<ErasedCall, 'callId' | 'createdAt' | 'endedAt'>): string {
  return callFileOf(root, callId, (endedAt ?? createdAt).getTime());
}

/** Looks at once, and once a minute until it is stopped. */
export function keepForgetting(root: string, { log, ...deps }: Deps & { log: Logger }): { stop(): Promise<void> } {
  const stopped = new AbortController();
  const running = (async () => {
    while (!stopped.signal.aborted) {
      try {
        const deleted = await forgetFiles(root, deps);
        if (deleted > 0) log.info({ deleted }, 'files of the call history were deleted: their people were erased');
      } catch (error) {
        log.warn({ err: error }, 'the call history on disk could not be looked through for erased people; it is tried again');
      }
      await sleep(deps.clock, LOOK_EVERY_MS, stopped.signal).catch(() => undefined);
    }
  })();
  return {
    stop() {
      stopped.abort();
      return running;
    },
  };
}

async function removed(file: string): Promise<boolean> {
  try {
    await rm(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Epoch milliseconds; 0 where nobody has looked yet. */
async function erasedUntil(root: string): Promise<number> {
  try {
    return Date.parse((await readFile(markOf(root), 'utf8')).trim()) || 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

async function noteErasedUntil(root: string, at: number): Promise<void> {
  const mark = markOf(root);
  await mkdir(dirname(mark), { recursive: true, mode: 0o700 });
  const own = `${mark}.${process.pid}-${randomBytes(4).toString('hex')}.new`;
  try {
    await writeFile(own, `${new Date(at).toISOString()}\n`, { mode: 0o600 });
    await rename(own, mark);
  } catch (error) {
    await rm(own, { force: true });
    throw error;
  }
}

function markOf(root: string): string {
  return join(root, 'calls', '.erased-until');
}
