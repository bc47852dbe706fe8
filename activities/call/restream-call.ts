/** The workflow's own route to a caller whose gateway is gone. */

import { ApplicationFailure } from '@temporalio/activity';
import type { CallActivities } from '../../contracts/activities';
import { appOf } from '../../contracts/agent';
import { type ErrorCode, isPatterError } from '../../contracts/errors';
import { ANONYMOUS_CALLER } from '../../contracts/line';
import type { ActivityContext } from '../context';
import { newCallToken } from './call-token';
import { pairOf } from './gateway-choice';
import { loadCall } from './load-call';
import { longestCallMs } from './time-limit';

export function createRestreamCall(ctx: ActivityContext): CallActivities['restreamCall'] {
  return async ({ callId, carrierCallId, attachment, answer }) => {
    const { attempt, campaign, carrier, rules } = await loadCall(ctx, callId);
    const live = await ctx.store.gateways.live(new Date(ctx.clock.now()), appOf(campaign.spec.agent));
    // The lost one may look alive for as long as its lease lasts.
    const gateway = live.find((candidate) => candidate.gatewayId !== rules.gatewayId) ?? live[0];
    if (!gateway) throw ApplicationFailure.retryable('no live gateway has room', 'PATTER_NO_GATEWAY' satisfies ErrorCode);
    const pair = pairOf(gateway, live);
    await ctx.store.attempts.moveGateway(callId, gateway.gatewayId);
    const target = {
      ...{ callId, carrierCallId },
      gatewayUrl: pair.gateway.publicUrl,
      fallbackGatewayUrl: pair.fallback.publicUrl,
      token: newCallToken(ctx, rules, attachment),
    };
    try {
      // A call that came in: the record's numbers are the person's and ours.
      const numbers = { to: attempt.fromNumber, from: attempt.toNumber === ANONYMOUS_CALLER ? undefined : attempt.toNumber };
      if (answer) await carrier.answer?.({ ...target, ...numbers, timeLimitMs: longestCallMs(campaign.spec) });
      else await carrier.restream(target);
    } catch (error) {
      // Refused: whoever was to answer it has done so after all.
      const answered = answer && isPatterError(error, 'PATTER_CARRIER_REFUSED');
      if (isPatterError(error, 'PATTER_CALL_ENDED') || answered) throw ApplicationFailure.nonRetryable(error.message, error.code);
      throw error;
    }
    return { gatewayId: gateway.gatewayId };
  };
}
