/** What a developer's own workflow needs to make a call. Run by the worker, which is given these activities by whoever starts it. */
import { heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { sleep } from '../../contracts/clock';
import { isPatterError, PatterError } from '../../contracts/errors';
import type { WorkflowCallActivities, WorkflowCallOutcome } from '../../contracts/workflow-call';
import { callOf } from '../../store/call-of';
import { commandCall } from '../calls/command-call';
import { getCall, noSuchCall } from '../calls/get-call';
import { prepareCall } from '../calls/place-call';
import type { CallSnapshot } from '../calls/snapshot';
import type { ControlContext } from '../context';

const LOOK_EVERY_MS = 500;
/** Summary and extraction are worth so much waiting, and no more where the model is down. */
const POST_CALL_PATIENCE_MS = 5 * 60_000;

/** @param app the embedding process's: its gateway takes calls of this app alone */
export function createWorkflowCallActivities(ctx: ControlContext, app?: string): WorkflowCallActivities {
  return {
    async prepareWorkflowCall({ key, from = ctx.config.PATTER_PHONE_NUMBER, ...request }) {
      if (from === undefined) {
        throw refused(new PatterError('PATTER_REQUEST_INVALID', 'The call has no `from`, and PATTER_PHONE_NUMBER is not set.'));
      }
      const agent = app === undefined || request.agent.code !== undefined ? request.agent : { ...request.agent, code: `${app}/workflow` };
      try {
        const { callId, over, rows } = await prepareCall(ctx, { ...request, agent, from, idempotencyKey: key });
        const { tenantId, campaignId, contactId } = rows.contact;
        return over ? { callId } : { callId, input: { tenantId, campaignId, contactId, callId: callOf(rows.contact) } };
      } catch (error) {
        throw refused(error);
      }
    },

    async workflowCallOutcome({ tenantId, callId }) {
      let endedSince: number | undefined;
      for (;;) {
        heartbeat();
        const call = await getCall(ctx, callId, tenantId);
        if (!call) throw refused(noSuchCall(callId));
        if (call.status === 'ended') {
          endedSince ??= ctx.clock.monotonic();
          if (call.postCallDone || ctx.clock.monotonic() - endedSince > POST_CALL_PATIENCE_MS) return outcomeOf(call);
        }
        await sleep(ctx.clock, LOOK_EVERY_MS);
      }
    },

    async orderWorkflowCall({ callId, order, orderId, tenantId }) {
      try {
        await commandCall(ctx, callId, order, { orderId, tenantId });
        return { kind: 'taken' };
      } catch (error) {
        if (isPatterError(error, 'PATTER_CALL_ENDED')) return { kind: 'ended' };
        throw refused(error);
      }
    },
  };
}

/** Whose repetition changes nothing is not repeated. */
function refused(error: unknown): unknown {
  if (!isPatterError(error)) return error;
  const { code, message, details } = error;
  const final = code === 'PATTER_REQUEST_INVALID' || code === 'PATTER_IDEMPOTENCY_CONFLICT' || code === 'PATTER_CALL_NOT_FOUND';
  return ApplicationFailure.create({ message, type: code, nonRetryable: final, details: [details], cause: error });
}

function outcomeOf(call: CallSnapshot): WorkflowCallOutcome {
  const { callId, reason, to, voicemailLeft, transferredTo, costUsd, summary, extraction, endedAt } = call;
  return {
    ...{ callId, reason, to, voicemailLeft, transferredTo, costUsd, summary, extraction, endedAt },
    // Taken back before it was dialled.
    outcome: call.outcome ?? 'skipped',
    answeredBy: call.answeredBy ?? 'unknown',
    durationMs: call.durationMs ?? 0,
    transcript: call.turns.map(({ role, text }) => ({ role, text })),
    toolCalls: call.toolCalls.map(({ name, arguments: given, result, ok }) => ({ name, arguments: given, result, ok })),
  };
}
