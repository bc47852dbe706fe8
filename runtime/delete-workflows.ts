/** Deletes what Temporal holds of calls: inputs, transcripts and results live in histories for the namespace's retention time otherwise. */
import { type Client, isGrpcServiceError } from '@temporalio/client';
import { callWorkflowId, optOutWorkflowId, postCallWorkflowId, recordingWorkflowId } from '../contracts/call-id';
import { type Clock, systemClock } from '../contracts/clock';

const REQUEST_DEADLINE_MS = 10_000;
/** Ids in one query of the visibility store. */
const BATCH = 40;
const NOT_FOUND = 5;

/**
 * The call, post-call, recording and opt-out workflows of these calls, with every run; running ones are terminated. The server deletes in the background:
 * those that closed just now were there for half a minute (measured with the dev server). Idempotent.
 * @returns how many runs were there
 * @throws Error of the connection; what was deleted before stays deleted
 */
export async function deleteCallWorkflows(
  client: Client,
  callIds: readonly string[],
  options: { clock?: Clock; onProgress?: () => void } = {},
): Promise<number> {
  const clock = options.clock ?? systemClock;
  const workflowIds = callIds.flatMap((callId) => [
    ...[callWorkflowId(callId), postCallWorkflowId(callId)],
    ...[recordingWorkflowId(callId), optOutWorkflowId(callId)],
  ]);
  let deleted = 0;
  for (let at = 0; at < workflowIds.length; at += BATCH) {
    const ids = workflowIds.slice(at, at + BATCH);
    const runs = await runsOf(client, ids, clock);
    // What visibility does not show yet, or any more, is asked for by its id alone: the latest run.
    const seen = new Set(runs.map(({ workflowId }) => workflowId));
    const targets = [...runs, ...ids.filter((id) => !seen.has(id)).map((workflowId) => ({ workflowId, runId: undefined }))];
    const results = await Promise.all(targets.map((target) => deleteRun(client, target, clock)));
    deleted += results.filter(Boolean).length;
    options.onProgress?.();
  }
  return deleted;
}

/** Ids are ours, of letters, digits, `_` and `/`: nothing to escape. */
async function runsOf(client: Client, ids: readonly string[], clock: Clock): Promise<{ workflowId: string; runId: string }[]> {
  const query = `WorkflowId IN (${ids.map((id) => `'${id}'`).join(', ')})`;
  return client.withDeadline(clock.now() + REQUEST_DEADLINE_MS, async () => {
    const runs: { workflowId: string; runId: string }[] = [];
    for await (const { workflowId, runId } of client.workflow.list({ query })) runs.push({ workflowId, runId });
    return runs;
  });
}

async function deleteRun(client: Client, run: { workflowId: string; runId?: string }, clock: Clock): Promise<boolean> {
  try {
    await client.withDeadline(clock.now() + REQUEST_DEADLINE_MS, () =>
      client.workflowService.deleteWorkflowExecution({ namespace: client.options.namespace, workflowExecution: run }),
    );
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && (error.code as number) === NOT_FOUND) return false;
    throw error;
  }
}
