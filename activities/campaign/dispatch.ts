/** Starts the campaign's calls: one bounded run, renewed by the workflow. Contacts wait in Postgres, the pace and the slots are decided here. */

import { activityInfo, CancelledFailure, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { CampaignActivities, DispatchCursor, DispatchResult } from '../../contracts/activities';
import { appOf } from '../../contracts/agent';
import { sleep } from '../../contracts/clock';
import { windowState } from '../../policy/calling-window';
import { callsWithinBudget } from '../../policy/gate';
import { dialStarts, type Pace, spendPace } from '../../policy/pacing';
import type { CampaignRow, CampaignSlots, ContactRow } from '../../store/store';
import type { ActivityContext } from '../context';
import { startCall } from './start-call';

/** Long enough that renewing costs next to nothing, short enough for a deploy to drain. */
const RUN_MS = 30_000;
/** While calls are under way: how late an ended call's slot, a due contact or a pause is noticed. */
const POLL_MS = 200;
/** Bounds what one look at the table claims. */
const MAX_BATCH = 50;

type Input = Parameters<CampaignActivities['dispatch']>[0];

export function createDispatch(ctx: ActivityContext): CampaignActivities['dispatch'] {
  return async (input) => {
    const run = new DispatchRun(ctx, input, activityInfo().heartbeatDetails as DispatchCursor | undefined);
    return run.result();
  };
}

class DispatchRun {
  readonly #ctx: ActivityContext;
  readonly #input: Input;
  readonly #cancelled = cancellationSignal();
  readonly #endsAt: number;
  #cursor: DispatchCursor;
  #pace: Pace | undefined;

  constructor(ctx: ActivityContext, input: Input, cursor: DispatchCursor | undefined) {
    this.#ctx = ctx;
    this.#input = input;
    this.#endsAt = ctx.clock.monotonic() + RUN_MS;
    this.#cursor = cursor ?? { started: 0, lastAt: 0 };
  }

  async result(): Promise<DispatchResult> {
    const { store, clock } = this.#ctx;
    const { campaignId } = this.#input;
    for (;;) {
      heartbeat(this.#cursor);
      const campaign = await store.campaigns.get(campaignId);
      const slots = await store.campaigns.slots(campaignId);
      const inUse = slots.active + slots.claimed;
      const nextDueAt = slots.nextDueAt?.getTime();
      if (!campaign) return this.#ended('gone', 0);
      if (!this.#isOpen(campaign)) return this.#ended('stopped', inUse);
      if (inUse === 0 && nextDueAt === undefined) return this.#ended('finished', 0);

      const due = slots.claimed > 0 || (nextDueAt !== undefined && nextDueAt <= clock.now());
      if (!due && inUse === 0) return this.#ended('idle', 0, nextDueAt);
      const askAt = due ? await this.#startSome(campaign, slots) : undefined;
      if (askAt === 'stopped') return this.#ended('stopped', inUse);
      if (clock.monotonic() >= this.#endsAt || this.#ctx.draining?.aborted) return this.#ended('renew', inUse, nextDueAt);
      await this.#wait(Math.min(POLL_MS, askAt === undefined ? POLL_MS : askAt - clock.now()));
    }
  }

  /** @returns when the pace allows the next start; `stopped` when the campaign was paused or ended meanwhile */
  async #startSome(campaign: CampaignRow, slots: CampaignSlots): Promise<number | undefined | 'stopped'> {
    const { clock } = this.#ctx;
    const cps = Number(campaign.cps);
    const { starts, askAt } = dialStarts({
      pace: await this.#currentPace(cps),
      cps,
      maxConcurrent: campaign.maxConcurrent,
      // What is claimed and not started (a dispatcher died) has its slot already, and comes first.
      active: slots.active,
      gatewayRoom: Math.min(await this.#gatewayRoom(campaign), this.#budgetRoom(campaign, slots)),
      now: clock.now(),
    });
    if (starts === 0) return askAt;
    const batch = await this.#claim(campaign, Math.min(starts, MAX_BATCH));
    this.#pace = spendPace(await this.#currentPace(cps), cps, batch.length, clock.now());
    const started = await Promise.allSettled(batch.map((contact) => this.#start(contact)));
    const count = started.filter((one) => one.status === 'fulfilled' && one.value).length;
    if (count > 0) this.#cursor = { started: this.#cursor.started + count, lastAt: clock.now() };
    const failed = started.find((one) => one.status === 'rejected');
    // The claims stay: the next try of this activity meets them first.
    if (failed) throw failed.reason;
    return count < batch.length ? 'stopped' : askAt;
  }

  /**
   * Those who may be called at this hour. The gate judges each again at the dial; but a start for somebody who is asleep is one less for somebody
   * who is not, and a campaign over several time zones may have many thousands of them at the head of the line.
   */
  async #claim(campaign: CampaignRow, limit: number): Promise<ContactRow[]> {
    const { store, clock } = this.#ctx;
    const judged = new Set<string>();
    for (;;) {
      const batch = await store.contacts.claimDue(campaign.campaignId, limit, new Date(clock.now()));
      const asleep = batch.filter(({ contactId }) => !judged.has(contactId)).filter((contact) => opensAt(campaign, contact, clock.now()));
      if (asleep.length === 0 || this.#cancelled.aborted) return batch;
      for (const contact of asleep) {
        judged.add(contact.contactId);
        await this.#putOff(campaign, contact);
      }
    }
  }

  /** With all who are where the contact is. */
  async #putOff(campaign: CampaignRow, contact: ContactRow): Promise<void> {
    const { store, clock } = this.#ctx;
    const { campaignId } = campaign;
    const { contactId, sequence, timezones } = contact;
    const now = clock.now();
    const opens = opensAt(campaign, contact, now);
    if (!opens) return;
    await store.contacts.putBack(contactId, sequence, opens.at, opens.reason);
    while (!this.#cancelled.aborted && (await store.contacts.putOff(campaignId, timezones, new Date(now), opens.at, opens.reason)) > 0) {
      heartbeat(this.#cursor);
    }
  }

  /** False, and the contact waits again, when the campaign does not run any more. */
  async #start(contact: ContactRow): Promise<boolean> {
    const { store, clock } = this.#ctx;
    const campaign = await store.campaigns.get(contact.campaignId);
    if (this.#cancelled.aborted || !campaign || !this.#isOpen(campaign)) {
      await store.contacts.putBack(contact.contactId, contact.sequence, new Date(clock.now()), 'the campaign was paused before the call');
      return false;
    }
    await startCall(this.#ctx, contact);
    await store.contacts.markActive(contact.contactId, contact.sequence);
    return true;
  }

  #isOpen(campaign: CampaignRow): boolean {
    return campaign.state === 'running' && (campaign.endsAt === null || this.#ctx.clock.now() < campaign.endsAt.getTime());
  }

  /** Goes on from the last dial, also of an earlier run: a renewal is no reason for a burst. */
  async #currentPace(cps: number): Promise<Pace> {
    if (!this.#pace) {
      const lastDialAt = (await this.#ctx.store.campaigns.lastDialAt(this.#input.campaignId))?.getTime() ?? 0;
      const lastAt = Math.max(this.#cursor.lastAt, lastDialAt);
      this.#pace = { nextAt: Math.max(this.#ctx.clock.now(), lastAt + 1_000 / cps) };
    }
    return this.#pace;
  }

  async #gatewayRoom({ spec }: CampaignRow): Promise<number> {
    const { store, clock } = this.#ctx;
    const live = await store.gateways.live(new Date(clock.now()), appOf(spec.agent));
    return live.reduce((room, gateway) => room + Math.max(1, gateway.maxCalls - gateway.activeCalls), 0);
  }

  /** Whom the gate would put off until calls end and their cost is known is not asked for meanwhile, every few seconds and with a workflow each. */
  #budgetRoom(campaign: CampaignRow, slots: CampaignSlots): number {
    return callsWithinBudget({ campaign, spentMicros: campaign.spentMicros }, slots.active, this.#ctx.prices);
  }

  async #wait(ms: number): Promise<void> {
    try {
      await sleep(this.#ctx.clock, Math.max(1, ms), this.#cancelled);
    } catch {
      throw new CancelledFailure('dispatch was cancelled');
    }
  }

  #ended(kind: DispatchResult['kind'], active: number, nextDueAt?: number): DispatchResult {
    return { kind, active, started: this.#cursor.started, ...(nextDueAt !== undefined && { nextDueAt }) };
  }
}

/** Undefined for who may be called now, and for whose window never opens: that is the gate's to say. */
function opensAt({ spec, windowOffsetMs }: CampaignRow, { timezones }: ContactRow, now: number): { at: Date; reason: string } | undefined {
  const state = windowState(spec.window, timezones, now + windowOffsetMs);
  if (state.open || !Number.isFinite(state.opensAt)) return undefined;
  return { at: new Date(state.opensAt - windowOffsetMs), reason: state.reason };
}
