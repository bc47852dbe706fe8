/** A call's events as Server-Sent Events. Whoever connects again is told the present state first, and misses nothing that still counts. */
import type { FastifyReply } from 'fastify';
import type { ControlContext } from '../context';
import { EventStream } from '../event-stream';
import { updatesOf } from './updates';
import { watchCall } from './watch-call';

/** Takes the reply over. Ends with the call, or with the client. */
export function streamCall(ctx: ControlContext, callId: string, tenantId: string, reply: FastifyReply): void {
  const { clock, log } = ctx;
  reply.hijack();
  const events = new EventStream(reply.raw, clock);
  const run = async () => {
    for await (const change of watchCall(ctx, callId, { tenantId, signal: events.gone })) {
      for (const update of updatesOf(change, clock.now())) events.send(update);
    }
  };
  run()
    .catch((error: unknown) => log.warn({ callId, err: error }, 'the events of a call could not be followed any more'))
    .finally(() => events.end());
}
