import { microsToUsd } from '../../contracts/money';
import { customParamsOf } from '../../policy/custom-params';
import { estimatedCostMicros } from '../../policy/price-view';
import { recordingView } from '../../policy/recording-view';
import type { WebhookEvent } from '../webhook/send-webhook';
import type { EndedCall } from './load-call';

/** The report's call with whose it was, and the contact's outcome where this call was the last. The same at every try. */
export function callEndedEvent({ call, campaign, contact, recording }: EndedCall): WebhookEvent {
  const iso = (at: Date | null) => at?.toISOString() ?? null;
  const variables = call.variables ?? contact.variables;
  return {
    type: 'call.ended',
    timestamp: (call.endedAt ?? call.createdAt).toISOString(),
    data: {
      campaignId: campaign.campaignId,
      campaign: campaign.name,
      contactId: contact.contactId,
      phone: call.toNumber,
      variables,
      ...(campaign.single && { customParams: customParamsOf(campaign.single, variables), metadata: campaign.single.metadata }),
      direction: call.direction,
      callId: call.callId,
      carrierCallId: call.carrierCallId,
      attempt: call.attempt,
      outcome: call.outcome,
      ...(call.reason !== null && { reason: call.reason }),
      answeredBy: call.answeredBy,
      startedAt: iso(call.createdAt),
      answeredAt: iso(call.answeredAt),
      endedAt: iso(call.endedAt),
      ...(call.transferredTo !== null && { transferredTo: call.transferredTo }),
      transcript: call.turns.map(({ role, text, interrupted }) => ({ role, text, ...(interrupted && { interrupted }) })),
      ...(call.summary !== null && { summary: call.summary }),
      ...(call.extraction !== null && { extraction: call.extraction }),
      // The file comes later: `recording.ready` tells of it.
      ...(recording && { recording: recordingView(recording, true) }),
      // As it was at the end, also where the carrier has told its price before another try: who wants that asks the API.
      costUsd: microsToUsd(estimatedCostMicros(call)),
      costEstimated: call.carrierEstimate.length > 0,
      // Null while the contact will be called again; then `nextAttemptAt` says when.
      contactOutcome: call.contactOutcome,
      nextAttemptAt: iso(call.nextAttemptAt),
    },
  };
}
