import { systemClock } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import type { OpenTunnel, Tunnel } from '../options/tunnel';

const OPEN_DEADLINE_MS = 60_000;

/** @throws PatterError PATTER_PROCESS_FAILED when it has no address within a minute, else what the tunnel throws */
export async function openTunnel(tunnel: Tunnel, port: number): Promise<OpenTunnel> {
  const over = new AbortController();
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = systemClock.after(OPEN_DEADLINE_MS, () => {
      over.abort();
      reject(new PatterError('PATTER_PROCESS_FAILED', `The ${tunnel.name} tunnel gave no address within ${OPEN_DEADLINE_MS / 1_000} s.`));
    });
  });
  const opening = tunnel.open(port, over.signal);
  try {
    return await Promise.race([opening, late]);
  } catch (error) {
    // One that opens all the same has nobody to lead to.
    opening.then((open) => open.close()).catch(() => undefined);
    throw error;
  } finally {
    cancel();
  }
}
