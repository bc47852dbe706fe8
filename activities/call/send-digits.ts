/** Keys are pressed once, or it is not known: whoever listens at the other end has no way to take one back. */

import type { CallMediaActivities } from '../../contracts/activities';
import { appOf } from '../../contracts/agent';
import { type SendDigitsResult, UnknownOutcomeError } from '../../contracts/carrier';
import type { ActivityContext } from '../context';
import { newCallToken } from './call-token';
import { pairOf } from './gateway-choice';
import { loadCall } from './load-call';

export function createSendDigits(ctx: ActivityContext): CallMediaActivities['sendDigits'] {
  return async ({ callId, carrierCallId, requestId, digits, gatewayId, attachment }) => {
    const { attempt, campaign, carrier, rules } = await loadCall(ctx, callId);
    const now = new Date(ctx.clock.now());
    const live = await ctx.store.gateways.live(now, appOf(campaign.spec.agent));
    // The stream comes back to where its conversation is, which has its socket to the provider open.
    const gateway = live.find((candidate) => candidate.gatewayId === gatewayId) ?? live[0];
    if (!gateway) return { kind: 'refused', reason: 'no live gateway' };
    const first = await ctx.store.recordings.firstPress({ tenantId: attempt.tenantId, callId, requestId, now });
    if (!first) return { kind: 'unknown' };
    const pair = pairOf(gateway, live);
    let result: SendDigitsResult;
    try {
      result = await carrier.sendDigits({
        callId,
        carrierCallId,
        digits,
        gatewayUrl: pair.gateway.publicUrl,
        fallbackGatewayUrl: pair.fallback.publicUrl,
        token: newCallToken(ctx, rules, attachment),
      });
    } catch (error) {
      if (!(error instanceof UnknownOutcomeError)) ctx.log.error({ err: error, callId }, 'pressing keys broke');
      return { kind: 'unknown' };
    }
    return result.kind === 'sent' ? result : { kind: 'refused', reason: result.message };
  };
}
