import { randomBytes } from 'node:crypto';
import type { CountryCode } from 'libphonenumber-js/max';
import { within } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { ErasureCounts, RetentionInput } from '../../contracts/privacy';
import { deleteCallWorkflows } from '../../runtime/delete-workflows';
import { normalizePhone } from '../campaigns/judge-contact';
import type { ControlContext } from '../context';

export interface EraseOptions {
  phone: string;
  tenantId?: string;
  /** Country of numbers written without one; default US. */
  region?: CountryCode;
  /** Only says what would be erased. */
  dryRun?: boolean;
}

export interface EraseResult {
  phone: string;
  dryRun: boolean;
  /** All 0: nothing is known of the number, or nothing any more. */
  erased: ErasureCounts;
  /** On the do-not-call list: that the number is on it stays, or it could be called again. */
  suppressed: boolean;
  /** Runs of call and post-call workflows that were deleted in Temporal. */
  workflowsDeleted: number;
  /** True when Temporal could not be reached: the retention schedule deletes them when it can. */
  workflowsPending: boolean;
  /** True while recordings are still to be deleted, here and at the carrier: the worker does it as soon as it can. */
  recordingsPending: boolean;
  /** Under which the carrier knows the calls: its own records are erased there. */
  carrierCallIds: string[];
  /** The audit's row; absent where there was nothing to erase. */
  erasureId?: string;
}

const OPEN_BATCH = 100;
/** Whoever asked waits for so long. */
const RECORDINGS_WITHIN_MS = 20_000;

/**
 * Erases what is known of a person in all campaigns, in Postgres and in Temporal. Idempotent, and safe to kill at any moment: Postgres comes
 * first and notes what Temporal still holds.
 * @throws PatterError PATTER_CONTACT_PHONE_INVALID, PATTER_PERSON_IN_CALL
 */
export async function erasePerson(ctx: ControlContext, options: EraseOptions): Promise<EraseResult> {
  const tenantId = options.tenantId ?? DEFAULT_TENANT;
  const number = normalizePhone(options.phone, options.region);
  if (!('phone' in number)) {
    throw new PatterError(
      'PATTER_CONTACT_PHONE_INVALID',
      `${options.phone}: ${number.problem}. Write it in E.164 form, as in +12125550100.`,
    );
  }
  const { phone } = number;
  if (options.dryRun) {
    const preview = await ctx.store.privacy.previewPerson(tenantId, phone);
    if (preview.activeCallIds.length > 0) throw inCall(preview.activeCallIds);
    const { counts: erased, suppressed } = preview;
    return {
      phone,
      dryRun: true,
      erased,
      suppressed,
      workflowsDeleted: 0,
      workflowsPending: false,
      recordingsPending: false,
      carrierCallIds: [],
    };
  }
  const result = await ctx.store.privacy.erasePerson({ tenantId, phone, now: new Date(ctx.clock.now()) });
  if (result.kind === 'in_call') throw inCall(result.activeCallIds);
  const { counts: erased, suppressed, erasure, carrierCallIds } = result;
  // First: a recording workflow that goes on would fetch what is being deleted.
  const workflows = await finishErasures(ctx, tenantId);
  const recordingsPending = await removeRecordings(ctx, tenantId);
  return {
    phone,
    dryRun: false,
    erased,
    suppressed,
    ...workflows,
    recordingsPending,
    carrierCallIds,
    ...(erasure && { erasureId: erasure.erasureId }),
  };
}

/** Of earlier requests too, whose process died before it came to Temporal. */
async function finishErasures(ctx: ControlContext, tenantId: string): Promise<Pick<EraseResult, 'workflowsDeleted' | 'workflowsPending'>> {
  let workflowsDeleted = 0;
  try {
    for (const { erasureId, callIds } of await ctx.store.privacy.openErasures(tenantId, OPEN_BATCH)) {
      workflowsDeleted += await deleteCallWorkflows(ctx.temporal, callIds, { clock: ctx.clock });
      await ctx.store.privacy.completeErasure(erasureId, new Date(ctx.clock.now()));
    }
    return { workflowsDeleted, workflowsPending: false };
  } catch (error) {
    ctx.log.warn({ err: error }, 'what Temporal holds could not be deleted yet');
    return { workflowsDeleted, workflowsPending: true };
  }
}

/**
 * Files and the carrier are the worker's to reach: the retention workflow is run now, and waited for a while. The schedule runs it too.
 * @returns whether there is still something to delete
 */
async function removeRecordings(ctx: ControlContext, tenantId: string): Promise<boolean> {
  const left = async () => (await ctx.store.recordings.toRemove(tenantId, 1)).length > 0;
  if (!(await left())) return false;
  try {
    const started = ctx.temporal.workflow.execute('retention', {
      workflowId: `retention/now/${randomBytes(8).toString('hex')}`,
      taskQueue: ctx.config.PATTER_TASK_QUEUE,
      args: [{ tenantId } satisfies RetentionInput],
    });
    await within(ctx.clock, RECORDINGS_WITHIN_MS, started);
  } catch (error) {
    ctx.log.warn({ err: error }, 'recordings could not be deleted yet');
  }
  return left();
}

function inCall(callIds: string[]): PatterError {
  return new PatterError(
    'PATTER_PERSON_IN_CALL',
    'The person is being called or talked to at this moment, and nothing was erased. Ask again when the call has ended.',
    { details: { callIds } },
  );
}
