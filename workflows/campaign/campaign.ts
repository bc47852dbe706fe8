/** A campaign's life: it renews the dispatch, sleeps while nothing is due, and ends when every contact has an outcome. */
import { allHandlersFinished, CancellationScope, condition, continueAsNew, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { DispatchResult } from '../../contracts/activities';
import type { CampaignInput, CampaignView } from '../../contracts/campaign-workflow';
import { dispatch, sweepCampaign } from './activities';
import { CampaignState } from './campaign-state';
import { closeDown, finish } from './closing';
import { handleRequests } from './handlers';

/** Well below what the server suggests: a run stays quick to replay. */
const MAX_EVENTS = 1_000;
/** Calls in progress tell nobody when they put their contact back. */
const LOOK_AGAIN_MS = 5_000;
const SWEEP_EVERY_MS = 60_000;

export async function campaign(input: CampaignInput): Promise<CampaignView> {
  const state = new CampaignState(input);
  handleRequests(state);
  const expiry = watchEnd(state);
  let sweptAt = Date.now();
  if (input.revived) await sweepCampaign({ campaignId: input.campaignId });
  while (!state.closing) {
    if (historyIsLong()) await nextRun(state);
    if (state.state === 'paused') {
      await condition(() => state.state !== 'paused' || state.closing !== undefined);
      continue;
    }
    const result = await dispatchUntilChanged(state);
    // Its data was deleted: nothing is left to be done, and nobody to tell.
    if (result?.kind === 'gone') break;
    if (result?.kind === 'finished') {
      await condition(allHandlersFinished);
      if (state.closing) break;
      state.closing = { outcome: 'expired', state: 'completed' };
      expiry.cancel();
      await finish(state, 'completed');
      return state.view();
    }
    if (Date.now() - sweptAt >= SWEEP_EVERY_MS && !state.closing) {
      sweptAt = Date.now();
      await sweepCampaign({ campaignId: input.campaignId });
    }
    if (result?.kind === 'idle' || result?.kind === 'stopped') await sleepUntilDue(state, result);
  }
  expiry.cancel();
  await condition(allHandlersFinished);
  if (!state.closing) return state.view();
  await closeDown(state, state.closing);
  await condition(allHandlersFinished);
  return state.view();
}

/** One dispatch, given up as soon as the campaign is paused or closes. An edit needs none of this: the dispatch reads the limits as it goes. */
async function dispatchUntilChanged(state: CampaignState): Promise<DispatchResult | undefined> {
  const { tenantId, campaignId } = state.input;
  const scope = new CancellationScope();
  let over = false;
  const running = scope.run(() => dispatch({ tenantId, campaignId, generation: state.generation }));
  void running.then(
    () => {
      over = true;
    },
    () => {
      over = true;
    },
  );
  await condition(() => over || state.state !== 'running' || state.closing !== undefined);
  if (!over) scope.cancel();
  try {
    return await running;
  } catch (error) {
    if (isCancellation(error)) return undefined;
    throw error;
  }
}

async function sleepUntilDue(state: CampaignState, result: DispatchResult): Promise<void> {
  const changes = state.changes;
  const dueInMs = result.nextDueAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, result.nextDueAt - Date.now());
  const waitMs = Math.max(100, Math.min(dueInMs, result.active > 0 || result.nextDueAt === undefined ? LOOK_AGAIN_MS : dueInMs));
  await condition(() => state.changes !== changes || state.closing !== undefined || state.state !== 'running', waitMs);
}

/** The campaign's own end, to the moment. */
function watchEnd(state: CampaignState): CancellationScope {
  const scope = new CancellationScope();
  const { endsAt } = state.input;
  if (endsAt !== undefined) {
    void scope
      .run(() => condition(() => false, Math.max(1, endsAt - Date.now())))
      .then(
        () => {
          state.closing ??= { outcome: 'expired', state: 'completed' };
        },
        () => undefined,
      );
  }
  return scope;
}

function historyIsLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength > MAX_EVENTS;
}

/** No update is cut off half-way: what it has written and what this run believes must be the same. */
async function nextRun(state: CampaignState): Promise<void> {
  await condition(allHandlersFinished);
  if (state.closing) return;
  await continueAsNew<typeof campaign>({
    ...state.input,
    revived: undefined,
    state: state.state,
    pauseReason: state.pauseReason,
    generation: state.generation + 1,
  });
}
