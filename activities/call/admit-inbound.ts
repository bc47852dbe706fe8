/** A call that came in: which line, who called, and everything that is written before anybody answers. */
import { z } from 'zod';
import type { AdmitResult, CallActivities } from '../../contracts/activities';
import type { Variables } from '../../contracts/agent';
import { e164 } from '../../contracts/campaign';
import type { InboundCallFacts } from '../../contracts/line';
import { unseal } from '../../runtime/seal';
import type { ActivityContext } from '../context';
import { rulesFor } from './build-setup';
import { longestCallMs } from './time-limit';

/** The sweeper looks after the workflow from then on. */
const SETTLE_GRACE_MS = 10 * 60_000;

const factsSchema: z.ZodType<InboundCallFacts> = z.strictObject({
  from: e164.optional(),
  to: e164,
  parameters: z.record(z.string(), z.string()),
}) as z.ZodType<InboundCallFacts>;

export function createAdmitInbound(ctx: ActivityContext): CallActivities['admitInbound'] {
  return async ({ callId, inbound }): Promise<AdmitResult> => {
    const { from, to, parameters } = factsSchema.parse(unseal(inbound.sealed, ctx.secretKey, callId));
    const nowMs = ctx.clock.now();
    const variables = variablesOf(from, to, parameters);
    const admission = await ctx.store.lines.admit({
      ...{ callId, from, to, variables },
      ...{ carrier: inbound.carrier, carrierCallId: inbound.carrierCallId, gatewayId: inbound.gatewayId },
      now: new Date(nowMs),
      deadline: ({ spec }) => new Date(nowMs + spec.dialing.ringTimeout + longestCallMs(spec) + SETTLE_GRACE_MS),
    });
    switch (admission.kind) {
      case 'no_line':
        ctx.log.warn({ callId, carrier: inbound.carrier, code: 'PATTER_LINE_NOT_FOUND' }, 'a call to a number that has no line is refused');
        return { kind: 'refused', code: 'PATTER_LINE_NOT_FOUND', reason: 'the number that was called has no line' };
      case 'no_room':
        ctx.log.error({ callId, code: 'PATTER_NO_GATEWAY' }, 'a call that came in finds no room');
        return { kind: 'refused', code: 'PATTER_NO_GATEWAY', reason: 'no live gateway has room' };
      case 'admitted': {
        const { attempt, campaign } = admission;
        // Not to be called is no reason not to be talked to. Noted, for whoever reads the log of a complaint.
        if (attempt.verdict.decision === 'allow' && attempt.verdict.note === 'suppressed')
          ctx.log.info({ callId, campaignId: campaign.campaignId }, 'the caller is on the do-not-call list');
        const rules = rulesFor(
          {
            ...{ callId, tenantId: attempt.tenantId, campaignId: attempt.campaignId, contactId: attempt.contactId, spec: campaign.spec },
            ...{ to: attempt.toNumber, from: attempt.fromNumber, variables: attempt.variables ?? {}, direction: 'inbound' },
          },
          attempt.gatewayId ?? '',
        );
        return { kind: 'admitted', ...rules };
      }
      default:
        return admission satisfies never;
    }
  };
}

/** What the carrier passed on, and who called whom: a caller cannot name the latter. */
function variablesOf(from: string | undefined, to: string, parameters: Readonly<Record<string, string>>): Variables {
  return { ...parameters, caller: from ?? '', called: to };
}
