/** A campaign that Postgres knows to be under way has a workflow: one that was terminated, or lost with Temporal's data, is started again. */
import { type Clock, sleep } from '../../contracts/clock';
import type { ControlContext } from '../context';
import { ensureLineSweep } from '../lines/line-sweep';
import { ensureWorkflow } from './ensure-workflow';

const LOOK_EVERY_MS = 15_000;
/** A start in progress writes the row before the workflow. */
const START_GRACE_MS = 30_000;

export interface CampaignKeeper {
  stop(): Promise<void>;
}

/** The first look is at once: whoever restarts everything after a loss waits for nothing. */
export function keepCampaigns(ctx: ControlContext, clock: Clock = ctx.clock): CampaignKeeper {
  const stopped = new AbortController();
  const running = (async () => {
    while (!stopped.signal.aborted) {
      await keepOnce(ctx).catch((error: unknown) => ctx.log.warn({ err: error }, 'the campaigns could not be looked after'));
      await sleep(clock, LOOK_EVERY_MS, stopped.signal).catch(() => undefined);
    }
  })();
  return {
    stop() {
      stopped.abort();
      return running;
    },
  };
}

/** @returns ids of the campaigns whose workflow was started anew */
export async function keepOnce(ctx: ControlContext): Promise<string[]> {
  const revived: string[] = [];
  for (const campaign of await ctx.store.campaigns.underWay(new Date(ctx.clock.now() - START_GRACE_MS))) {
    if (!(await ensureWorkflow(ctx, campaign, { revived: true }))) continue;
    ctx.log.warn({ campaignId: campaign.campaignId }, 'a campaign had lost its workflow, which was started again');
    revived.push(campaign.campaignId);
  }
  // Lost with Temporal's data, as a campaign's workflow is.
  if ((await ctx.store.lines.any()) || (await ctx.store.singles.anyOpen())) await ensureLineSweep(ctx);
  return revived;
}
