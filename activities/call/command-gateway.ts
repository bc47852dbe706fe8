import type { CallActivities } from '../../contracts/activities';
import { commandPath } from '../../contracts/gateway';
import { signCommand } from '../../runtime/command-auth';
import type { ActivityContext } from '../context';

const DEADLINE_MS = 3_000;

/**
 * To the very process that holds the stream. A gateway that is gone, or does not have the call any more, has nothing to be told: its heartbeat,
 * not this, decides whether it lives.
 */
export function createCommandGateway(ctx: ActivityContext): CallActivities['commandGateway'] {
  return async ({ gatewayId, command }) => {
    const gateway = await ctx.store.gateways.get(gatewayId);
    if (!gateway) return { delivered: false };
    const path = commandPath(command.callId);
    const url = `${gateway.internalUrl.replace(/\/+$/, '')}${path}`;
    const body = JSON.stringify(command);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signCommand({ path, body }, ctx.secretKey, ctx.clock.now()) },
        body,
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      await response.body?.cancel();
      if (!response.ok)
        ctx.log.warn({ callId: command.callId, gatewayId, kind: command.kind, status: response.status }, 'gateway refused a command');
      return { delivered: response.ok };
    } catch (error) {
      ctx.log.warn({ callId: command.callId, gatewayId, kind: command.kind, err: error }, 'gateway did not take a command');
      return { delivered: false };
    }
  };
}
