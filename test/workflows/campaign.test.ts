import { randomBytes } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { CampaignActivities, DispatchResult } from '../../contracts/activities';
import {
  autoPauseSignal,
  type CampaignInput,
  campaignViewQuery,
  cancelCampaignUpdate,
  editCampaignUpdate,
  pauseCampaignUpdate,
  resumeCampaignUpdate,
} from '../../contracts/campaign-workflow';
import { type Bench, recordHistory, startBench } from './bench';
import { until } from './call-world';

let bench: Bench | undefined;
// A server each: one that has seen a cancelled activity does not skip time any more.
beforeEach(async () => {
  bench = await startBench();
}, 300_000);
afterEach(() => bench?.stop());

const FINISHED: DispatchResult = { kind: 'finished', started: 0, active: 0 };
const STOPPED: DispatchResult = { kind: 'stopped', started: 0, active: 0 };

class CampaignWorld {
  readonly ran: { name: keyof CampaignActivities; input: unknown }[] = [];
  readonly activities: CampaignActivities;
  /** As Postgres has it. */
  state = 'running';

  constructor(script: Partial<CampaignActivities>) {
    const defaults: CampaignActivities = {
      dispatch: async () => FINISHED,
      setCampaignState: async ({ state }) => {
        this.state = state;
      },
      editCampaign: async () => undefined,
      cancelQueuedCalls: async () => ({ canceled: 0 }),
      closeRemainingContacts: async () => ({ closed: 0, stillActive: 0 }),
      sweepCampaign: async () => ({ settled: 0 }),
      deliverContactOutcomes: async () => ({ delivered: 0 }),
      finishCampaign: async () => undefined,
    };
    this.activities = Object.fromEntries(
      (Object.keys(defaults) as (keyof CampaignActivities)[]).map((name) => [
        name,
        async (input: never) => {
          this.ran.push({ name, input });
          return (script[name] ?? defaults[name])(input);
        },
      ]),
    ) as unknown as CampaignActivities;
  }

  count(name: keyof CampaignActivities): number {
    return this.ran.filter((entry) => entry.name === name).length;
  }

  names(): string[] {
    return this.ran.map((entry) => entry.name);
  }
}

function campaignTest(
  title: string,
  history: string,
  script: Partial<CampaignActivities> | ((world: () => CampaignWorld) => Partial<CampaignActivities>),
  play: (world: CampaignWorld, handle: WorkflowHandle) => Promise<void>,
  input: () => Partial<CampaignInput> = () => ({}),
): void {
  test(title, async () => {
    if (!bench) return;
    const { client, taskQueue } = bench;
    const world: CampaignWorld = new CampaignWorld(typeof script === 'function' ? script(() => world) : script);
    await bench.run(world.activities, async () => {
      const handle = await client.workflow.start('campaign', {
        workflowId: `campaign/test/${randomBytes(8).toString('hex')}`,
        taskQueue,
        args: [{ tenantId: 'default', campaignId: 'cmp_1', ...input() }],
      });
      await play(world, handle);
      await recordHistory(handle, `campaign.${history}`);
    });
  });
}

/** As the real one: goes on until the campaign's state in Postgres changes. */
const dispatchUntilStopped = (world: () => CampaignWorld) => async (): Promise<DispatchResult> => {
  await until(() => world().state !== 'running' || Context.current().cancellationSignal.aborted, 'a stop');
  return STOPPED;
};

campaignTest('ends when every contact has an outcome, and tells the webhooks first', 'completed', {}, async (world, handle) => {
  expect(await handle.result()).toMatchObject({ state: 'completed' });
  expect(world.names()).toEqual(['dispatch', 'deliverContactOutcomes', 'finishCampaign']);
});

campaignTest(
  'sleeps until the next contact is due, and dispatches again',
  'completed_after_sleep',
  (world) => ({
    dispatch: async () =>
      world().count('dispatch') === 1 ? { kind: 'idle', nextDueAt: Date.now() + 3 * 3_600_000, started: 1, active: 0 } : FINISHED,
  }),
  async (world, handle) => {
    await handle.result();
    expect(world.count('dispatch')).toBe(2);
  },
);

campaignTest(
  'pause and resume: the state is written before the update answers, and dialling stops and starts again',
  'paused_and_resumed',
  (world) => ({ dispatch: async () => (world().count('dispatch') === 1 ? dispatchUntilStopped(world)() : FINISHED) }),
  async (world, handle) => {
    await until(() => world.count('dispatch') === 1, 'a dispatch');
    expect(await handle.executeUpdate(pauseCampaignUpdate, { args: [{ reason: 'lunch' }] })).toMatchObject({
      state: 'paused',
      pauseReason: 'lunch',
    });
    expect(world.state).toBe('paused');
    await expect(handle.executeUpdate(pauseCampaignUpdate, { args: [{ reason: 'again' }] })).rejects.toMatchObject({
      cause: { type: 'PATTER_CAMPAIGN_STATE' },
    });
    expect(world.count('dispatch')).toBe(1);
    expect(await handle.executeUpdate(resumeCampaignUpdate)).toMatchObject({ state: 'running' });
    expect(await handle.result()).toMatchObject({ state: 'completed' });
    expect(world.count('dispatch')).toBe(2);
  },
);

campaignTest(
  'a dial that meets an error of ours pauses the campaign',
  'auto_paused_then_canceled',
  (world) => ({ dispatch: dispatchUntilStopped(world) }),
  async (world, handle) => {
    await until(() => world.count('dispatch') === 1, 'a dispatch');
    await handle.signal(autoPauseSignal, { reason: 'no credit' });
    await until(() => world.state === 'paused', 'the pause');
    expect(await handle.query(campaignViewQuery)).toMatchObject({ state: 'paused', pauseReason: 'no credit' });
    await handle.executeUpdate(cancelCampaignUpdate, { args: [{ reason: 'given up' }] });
    expect(await handle.result()).toMatchObject({ state: 'canceled' });
  },
);

campaignTest(
  'cancel: waits for the calls in progress, closes the others as canceled',
  'canceled',
  (world) => ({
    dispatch: dispatchUntilStopped(world),
    closeRemainingContacts: async () => ({ closed: 1, stillActive: 2 - world().count('closeRemainingContacts') }),
  }),
  async (world, handle) => {
    await until(() => world.count('dispatch') === 1, 'a dispatch');
    await handle.executeUpdate(cancelCampaignUpdate, { args: [{ reason: 'enough' }] });
    expect(await handle.result()).toMatchObject({ state: 'canceled' });
    expect(world.ran.filter(({ name }) => name === 'closeRemainingContacts').map(({ input }) => input)).toEqual([
      { campaignId: 'cmp_1', outcome: 'canceled' },
      { campaignId: 'cmp_1', outcome: 'canceled' },
    ]);
    expect(world.ran.at(-1)).toEqual({ name: 'finishCampaign', input: { campaignId: 'cmp_1', state: 'canceled' } });
    await expect(handle.executeUpdate(resumeCampaignUpdate)).rejects.toThrow();
  },
);

campaignTest(
  'its end comes: dialling stops, calls in progress end by themselves, the rest expires',
  'expired',
  (world) => ({
    dispatch: async () => ({ kind: 'idle', nextDueAt: Date.now() + 30 * 86_400_000, started: 0, active: 0 }),
    closeRemainingContacts: async () => ({ closed: 3, stillActive: 1 - Math.floor(world().count('closeRemainingContacts') / 2) }),
  }),
  async (world, handle) => {
    expect(await handle.result()).toMatchObject({ state: 'completed' });
    expect(world.names().slice(-4)).toEqual([
      'closeRemainingContacts',
      'closeRemainingContacts',
      'deliverContactOutcomes',
      'finishCampaign',
    ]);
    expect(world.ran.find(({ name }) => name === 'closeRemainingContacts')?.input).toMatchObject({ outcome: 'expired' });
  },
  () => ({ endsAt: Date.now() + 8 * 3_600_000 }),
);

campaignTest(
  'an edit is written, and wakes a campaign that sleeps',
  'edited',
  (world) => ({
    dispatch: async () =>
      world().count('editCampaign') === 0 ? { kind: 'idle', nextDueAt: Date.now() + 30 * 86_400_000, started: 0, active: 0 } : FINISHED,
  }),
  async (world, handle) => {
    await until(() => world.count('dispatch') === 1, 'a dispatch');
    await expect(handle.executeUpdate(editCampaignUpdate, { args: [{ cps: -1 }] })).rejects.toMatchObject({
      cause: { type: 'PATTER_CONFIG_INVALID' },
    });
    await handle.executeUpdate(editCampaignUpdate, { args: [{ budgetTotal: 50 }] });
    expect(await handle.result()).toMatchObject({ state: 'completed' });
    expect(world.ran.find(({ name }) => name === 'editCampaign')?.input).toEqual({ campaignId: 'cmp_1', edit: { budgetTotal: 50 } });
  },
);

campaignTest(
  'goes on in a new run before its history gets long, with its state',
  'continued_as_new',
  (world) => ({ dispatch: async () => (world().count('dispatch') < 200 ? { kind: 'renew', started: 1, active: 1 } : FINISHED) }),
  async (world, handle) => {
    expect(await handle.result()).toMatchObject({ state: 'completed', generation: 1 });
    expect(world.count('dispatch')).toBe(200);
    expect(world.ran.findLast(({ name }) => name === 'dispatch')?.input).toMatchObject({ generation: 1 });
  },
);
