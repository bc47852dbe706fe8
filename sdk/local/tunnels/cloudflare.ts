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

/** One whose process ends is opened again, under another name. */
export function cloudflareTunnel(load: LoadPackage = loadOptional, clock: Clock = systemClock): Tunnel {
  return {
    name: 'cloudflare',
    async open(port, signal) {
      const cloudflared = load('cloudflared', 'The Cloudflare tunnel') as CloudflaredPackage;
      if (!existsSync(cloudflared.bin)) await cloudflared.install(cloudflared.bin);
      return keepOpen(await openOnce(cloudflared, port, signal), (closing) => openOnce(cloudflared, port, closing), clock);
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

function keepOpen(first: Once, again: (closing: AbortSignal) => Promise<Once>, clock: Clock): OpenTunnel {
  const closing = new AbortController();
  const listeners: ((host: string) => void)[] = [];
  let current = first;
  const watching = (async () => {
    let backoffMs = FIRST_BACKOFF_MS;
    for (;;) {
      await current.exited;
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
    onChange: (listener) => void listeners.push(listener),
    close: async () => {
      closing.abort();
      current.quick.stop();
      await within(clock, EXIT_DEADLINE_MS, watching);
    },
  };
}
