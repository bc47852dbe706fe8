import { createServer } from 'node:net';

/**
 * A port that was free a moment ago. Another process may take it first: whoever uses it retries.
 * @param preferred taken when it is free: what comes back after a crash should be found where it was
 */
export async function freePort(preferred?: number, host = '127.0.0.1'): Promise<number> {
  if (preferred) {
    const same = await listenOnce(preferred, host);
    if (same) return same;
  }
  const any = await listenOnce(0, host);
  if (!any) throw new Error(`no free port on ${host}`);
  return any;
}

function listenOnce(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(address && typeof address === 'object' ? address.port : undefined));
    });
  });
}
