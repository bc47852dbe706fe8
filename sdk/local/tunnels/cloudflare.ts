/** A quick tunnel of Cloudflare: no account, a new random name each time. */
import type { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { type Clock, sleep, systemClock, within } from '../../../contracts/clock';
import { PatterError } from '../../../contracts/errors';
import type { OpenTunnel, Tunnel } from '../../options/tunnel';
import { type LoadPackage, loadOptional } from './optional-package';

/** Emits `url` (the address), `connected`, `error` and `exit`. */
type QuickTunnel = EventEmitter & { stop(): boolean };

/** The part of `cloudflared` that is used. */
interface CloudflaredPackage {
  readonly bin: string;
  install(to: string): Promise<string>;
  Tunnel: { quick(url: string): QuickTunnel };
}

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;
const EXIT_DEADLINE_MS = 3_000;

const LOOK_EVERY_MS = 30_000;
const LOOK_DEADLINE_MS = 10_000;
/** In a row: one may be the network's. */
const MAX_MISSED = 3;
/** Answered by every gateway, and of no cost. */
const LOOK_AT = '/healthz';

/** Whether a URL is answered at all by what should be behind it. Never rejects. */
export type Look = (url: string) => Promise<boolean>;

const look: Look = async (url) => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(LOOK_DEADLINE_MS), redirect: 'manual' });
    await response.body?.cancel();
    return response.status < 500;
  } catch {
    return false;
  }
};

/** One whose process ends, or whose name leads here no more, is opened again, under another name. */
export function cloudflareTunnel(load: LoadPackage = loadOptional, clock: Clock = systemClock, looks: Look = look): Tunnel {
  return {
    name: 'cloudflare',
    async open(port, signal) {
      const cloudflared = load('cloudflared', 'The Cloudflare tunnel') as CloudflaredPackage;
      if (!existsSync(cloudflared.bin)) await cloudflared.install(cloudflared.bin);
      const again = (closing: AbortSignal) => openOnce(cloudflared, port, closing);
      const lost = (once: Once, over: AbortSignal) => leadsNowhere(once.host, port, { clock, looks, over });
      return keepOpen(await openOnce(cloudflared, port, signal), { again, lost, clock });
    },
  };
}

interface Once {
  host: string;
  quick: QuickTunnel;
  exited: Promise<void>;
}

async function openOnce(cloudflared: CloudflaredPackage, port: number, signal: AbortSignal): Promise<Once> {
  const quick = cloudflared.Tunnel.quick(`http://127.0.0.1:${port}`);
  // One that comes later is followed by its end.
  quick.on('error', () => undefined);
  const exited = new Promise<void>((resolve) => {
    quick.once('exit', () => resolve());
  });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      let found: string | undefined;
      let connected = false;
      const look = () => found && connected && resolve(found);
      quick.once('url', (address: string) => {
        found = address;
        look();
      });
      quick.once('connected', () => {
        connected = true;
        look();
      });
      quick.once('error', reject);
      quick.once('exit', (code: number | null) => reject(new Error(`cloudflared ended with ${code ?? 'a signal'}`)));
      signal.addEventListener('abort', () => reject(new Error('cloudflared gave no address in time')), { once: true });
      if (signal.aborted) reject(new Error('it was not wanted any more'));
    });
    return { host: new URL(url).host, quick, exited };
  } catch (cause) {
    quick.stop();
    throw new PatterError('PATTER_PROCESS_FAILED', `The Cloudflare tunnel does not open: ${(cause as Error).message}`, { cause });
  }
}

interface Keeping {
  again(closing: AbortSignal): Promise<Once>;
  /** Resolves when the name leads here no more. Never, once `over`. */
  lost(once: Once, over: AbortSignal): Promise<void>;
  clock: Clock;
}

function keepOpen(first: Once, { again, lost, clock }: Keeping): OpenTunnel {
  const closing = new AbortController();
  const listeners: ((host: string) => void)[] = [];
  let current = first;
  const watching = (async () => {
    let backoffMs = FIRST_BACKOFF_MS;
    for (;;) {
      const ended = new AbortController();
      await Promise.race([current.exited, lost(current, AbortSignal.any([ended.signal, closing.signal]))]);
      ended.abort();
      // One that still runs.
      current.quick.stop();
      while (!closing.signal.aborted) {
        await sleep(clock, backoffMs, closing.signal).catch(() => undefined);
        backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS);
        const opened = await again(closing.signal).catch(() => undefined);
        if (!opened) continue;
        current = opened;
        backoffMs = FIRST_BACKOFF_MS;
        for (const listener of listeners) listener(opened.host);
        break;
      }
      if (closing.signal.aborted) return;
    }
  })();
  return {
    host: first.host,
    onChange: (listener) => {
      listeners.push(listener);
      // Whoever comes late hears what they have missed.
      if (current.host !== first.host) listener(current.host);
    },
    close: async () => {
      closing.abort();
      current.quick.stop();
      await within(clock, EXIT_DEADLINE_MS, watching);
    },
  };
}

/**
 * A tunnel's program may run on with its connection gone. Its name is asked only while this server answers on its port (else the tunnel is not why), and
 * counts only once it has led here: from a network that cannot find it, nothing is known of it.
 */
async function leadsNowhere(
  host: string,
  port: number,
  { clock, looks, over }: { clock: Clock; looks: Look; over: AbortSignal },
): Promise<void> {
  let seen = false;
  let missed = 0;
  while (missed < MAX_MISSED) {
    await sleep(clock, LOOK_EVERY_MS, over).catch(() => undefined);
    // Whoever waits has heard of the end in another way.
    if (over.aborted) return new Promise(() => undefined);
    if (!(await looks(`http://127.0.0.1:${port}${LOOK_AT}`))) continue;
    if (await looks(`https://${host}${LOOK_AT}`)) {
      seen = true;
      missed = 0;
    } else if (seen) missed++;
  }
}
