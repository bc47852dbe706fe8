import { randomUUID } from 'node:crypto';
import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type CallOrder, callOrderUpdate } from '../../contracts/call';
import { callWorkflowId } from '../../contracts/call-id';
import { sleep } from '../../contracts/clock';
import { ERRORS, type ErrorCode, PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import { callOrderSchema } from '../../contracts/single-call';
import type { ControlContext } from '../context';
import { noSuchCall, rowsOfCall } from './get-call';
import { isOver } from './snapshot';

/** A worker answers within milliseconds; without one an update waits for ever. */
const UPDATE_DEADLINE_MS = 10_000;
/** Between a single call's rows and its workflow. */
const STARTS_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 250;

export interface CommandOptions {
  tenantId?: string;
  /** Names the order: repeated with the same id it is the same one, and is carried out once. Default: a new one. */
  orderId?: string;
}

/**
 * Orders something of a call under way: of any kind, from any process. Resolves when the call's workflow has taken the order in, which then survives a
 * gateway that dies; what it comes to, the call's record tells. An order to a phone that still rings is carried out when somebody answers, a hang-up
 * at once.
 * @throws PatterError PATTER_CALL_NOT_FOUND, PATTER_CALL_ENDED, PATTER_REQUEST_INVALID; PATTER_TEMPORAL_UNAVAILABLE: repeat it with the same id
 *   (`details.orderId`)
 */
export async function commandCall(
  ctx: ControlContext,
  callId: string,
  order: CallOrder,
  options: CommandOptions = {},
): Promise<{ orderId: string }> {
  const { orderId = randomUUID(), tenantId = DEFAULT_TENANT } = options;
  const checked = callOrderSchema.safeParse(order);
  if (!checked.success) {
    throw new PatterError(
      'PATTER_REQUEST_INVALID',
      checked.error.issues.map((issue) => `${issue.path.join('.') || 'order'}: ${issue.message}`).join('; '),
    );
  }
  const giveUpAt = ctx.clock.monotonic() + STARTS_WITHIN_MS;
  for (;;) {
    const rows = await rowsOfCall(ctx, callId, tenantId);
    if (!rows) throw noSuchCall(callId);
    try {
      await send(ctx, callId, checked.data, orderId);
      return { orderId };
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw explained(error, callId, orderId);
      // Not started yet, or over and not settled yet.
      if (isOver(rows) || ctx.clock.monotonic() >= giveUpAt) throw ended(callId, error);
      await sleep(ctx.clock, LOOK_EVERY_MS);
    }
  }
}

async function send(ctx: ControlContext, callId: string, order: CallOrder, orderId: string): Promise<void> {
  const handle = ctx.temporal.workflow.getHandle(callWorkflowId(callId));
  await ctx.temporal.withDeadline(Date.now() + UPDATE_DEADLINE_MS, () =>
    handle.executeUpdate(callOrderUpdate, { updateId: `order/${orderId}`, args: [{ orderId, order }] }),
  );
}

function explained(error: unknown, callId: string, orderId: string): unknown {
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    const code = cause instanceof ApplicationFailure ? cause.type : undefined;
    if (code && code in ERRORS && code !== 'PATTER_CALL_ENDED')
      return new PatterError(code as ErrorCode, cause?.message ?? '', { cause: error });
    return ended(callId, error);
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcServiceError(error)) {
    return new PatterError('PATTER_TEMPORAL_UNAVAILABLE', 'No worker took the order in. Repeat it with the same order id.', {
      cause: error,
      details: { orderId },
    });
  }
  return error;
}

function ended(callId: string, cause: unknown): PatterError {
  return new PatterError('PATTER_CALL_ENDED', `The call ${callId} has ended.`, { cause, details: { callId } });
}
