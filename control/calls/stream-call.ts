/** A call's events as Server-Sent Events. Whoever connects again is told the present state first, and misses nothing that still counts. */
import type { FastifyReply } from 'fastify';
import type { ControlContext } from '../context';
import { updatesOf } from './updates';
import { watchCall } from './watch-call';

/** Proxies close what is silent for longer. */
const KEEP_ALIVE_MS = 15_000;

/** Takes the reply over. Ends with the call, or with the client. */
export function streamCall(ctx: ControlContext, callId: string, tenantId: string, reply: FastifyReply): void {
  const { clock, log } = ctx;
  reply.hijack();
  const { raw } = reply;
  const gone = new AbortController();
  raw.on('close', () => gone.abort());
  raw.on('error', () => gone.abort());
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' });
  raw.flushHeaders();
  let cancel = () => {};
  const keepAlive = () => {
    cancel = clock.after(KEEP_ALIVE_MS, () => {
      raw.write(': still here\n\n');
      keepAlive();
    });
  };
  keepAlive();
  const run = async () => {
    for await (const change of watchCall(ctx, callId, { tenantId, signal: gone.signal })) {
      for (const update of updatesOf(change, clock.now())) raw.write(`event: ${update.type}\ndata: ${JSON.stringify(update)}\n\n`);
    }
  };
  run()
    .catch((error: unknown) => log.warn({ callId, err: error }, 'the events of a call could not be followed any more'))
    .finally(() => {
      cancel();
      raw.end();
    });
}
