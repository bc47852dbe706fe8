/** What `phone.campaign()` and `phone.campaigns.get()` return: a campaign that can be started, watched and steered, from any process. */
import type { CountryCode } from 'libphonenumber-js/max';
import type { CampaignEdit, CampaignState } from '../../contracts/campaign';
import { PatterError } from '../../contracts/errors';
import { microsToUsd } from '../../contracts/money';
import type { Outcome } from '../../contracts/outcomes';
import type { CampaignReport } from '../../contracts/report';
import { buildReport } from '../../control/campaigns/campaign-report';
import { type CampaignCommand, controlCampaign } from '../../control/campaigns/control-campaign';
import { findCampaign } from '../../control/campaigns/find-campaign';
import { type CampaignSnapshot, followCampaign } from '../../control/campaigns/follow';
import { startCampaign } from '../../control/campaigns/start-campaign';
import type { ControlContext } from '../../control/context';
import type { CampaignRow } from '../../store/store';
import type { WorkDesk } from '../backend';
import { PatterConnectionError } from '../errors';
import { type ResolvedCampaign, sourceOf } from './options';
import { placeOf, type RunBy } from './work-place';

export type { CampaignEdit, CampaignState } from '../../contracts/campaign';
export type { CampaignReport } from '../../contracts/report';

/** Where a campaign stands. */
export interface CampaignProgress {
  /** `cmp_…` */
  readonly campaignId: string;
  /** As in its options. */
  readonly name: string;
  /** Whether it dials. */
  readonly state: CampaignState;
  /** Why it is paused or was canceled. */
  readonly reason: string | undefined;
  /** ISO 8601 in UTC. */
  readonly startedAt: string | undefined;
  /** ISO 8601 in UTC. */
  readonly endedAt: string | undefined;
  /** How many stand where. */
  readonly contacts: {
    /** Imported: waiting + active + done. */
    readonly total: number;
    readonly waiting: number;
    /** In a call, or about to be. */
    readonly active: number;
    /** Have their outcome. */
    readonly done: number;
    /** Rows that could not be used; `report()` says why. */
    readonly rejected: number;
    readonly duplicates: number;
  };
  /** How many contacts have ended how. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  /** Calls that counted. */
  readonly attempts: number;
  /** US dollars so far. */
  readonly costUsd: number;
  /** When the next waiting contact is due, ISO 8601 in UTC. */
  readonly nextDueAt: string | undefined;
  /** Over, with summaries and webhooks. */
  readonly final: boolean;
}

/** What `start()` has done. */
export interface CampaignStart {
  /** `cmp_…` */
  readonly campaignId: string;
  /** `attached`: one of that name was under way; nothing was imported. */
  readonly how: 'started' | 'attached';
  /** Rows of the contacts; undefined with `attached`. */
  readonly imported:
    | { readonly total: number; readonly imported: number; readonly rejected: number; readonly duplicates: number }
    | undefined;
  /** Who carries it out. */
  readonly runBy: RunBy;
  /** What the caller should know, as sentences. */
  readonly notes: readonly string[];
}

/** Of a campaign that was started somewhere. */
export interface CampaignHandle {
  /** As it was given: a name means the newest campaign of that name. */
  readonly name: string;
  /** Where it stands now. @throws PatterError PATTER_CAMPAIGN_NOT_FOUND, as all below */
  progress(): Promise<CampaignProgress>;
  /** From now on, twice a second by default, until it is over: the last one is `final`. */
  watch(options?: { intervalMs?: number; signal?: AbortSignal }): AsyncIterable<CampaignProgress>;
  /** In force when it resolves: nobody more is dialled; calls under way go on. @throws PatterError PATTER_CAMPAIGN_STATE */
  pause(reason?: string): Promise<void>;
  /** Dials again. @throws PatterError PATTER_CAMPAIGN_STATE */
  resume(): Promise<void>;
  /** Pace and budget of a running campaign. */
  edit(edit: CampaignEdit): Promise<void>;
  /** Whoever has not been called is not called any more. For good. */
  cancel(reason?: string): Promise<void>;
  /** Every contact with outcome and calls, as it stands now. */
  report(): Promise<CampaignReport>;
  /**
   * Waits for the end, and returns the report. Over restarts of this and any other process.
   * @throws PatterError PATTER_RESULT_TIMEOUT after `timeoutMs`: the campaign goes on
   */
  result(options?: { timeoutMs?: number }): Promise<CampaignReport>;
}

export class KnownCampaign implements CampaignHandle {
  constructor(
    readonly name: string,
    protected readonly desk: WorkDesk,
  ) {}

  async progress(): Promise<CampaignProgress> {
    const { ctx, row } = await this.#row();
    const progress = await ctx.store.campaigns.progress(row.campaignId);
    return progressOf({ campaign: row, progress, final: row.endedAt !== null && progress.postCallOpen === 0 && progress.active === 0 });
  }

  watch(options: { intervalMs?: number; signal?: AbortSignal } = {}): AsyncIterable<CampaignProgress> {
    return { [Symbol.asyncIterator]: () => this.#watch(options) };
  }

  async pause(reason = 'paused by its program'): Promise<void> {
    await this.#command({ kind: 'pause', reason });
  }

  async resume(): Promise<void> {
    await this.#command({ kind: 'resume' });
  }

  async edit(edit: CampaignEdit): Promise<void> {
    await this.#command({ kind: 'edit', edit });
  }

  async cancel(reason = 'canceled by its program'): Promise<void> {
    await this.#command({ kind: 'cancel', reason });
  }

  async report(): Promise<CampaignReport> {
    const { ctx, row } = await this.#row();
    return buildReport(ctx.store, row);
  }

  async result({ timeoutMs }: { timeoutMs?: number } = {}): Promise<CampaignReport> {
    const disconnected = this.desk.signal();
    const { ctx, row } = await this.#row();
    const over = new AbortController();
    const cancel = timeoutMs === undefined ? () => undefined : ctx.clock.after(timeoutMs, () => over.abort());
    try {
      for await (const { campaign, final } of followCampaign(ctx, row.campaignId, {
        signal: AbortSignal.any([over.signal, disconnected]),
      })) {
        if (final) return await buildReport(ctx.store, campaign);
      }
    } catch (error) {
      if (!disconnected.aborted) throw error;
    } finally {
      cancel();
    }
    if (disconnected.aborted) throw new PatterConnectionError(`disconnect() was called before the campaign ${this.name} had ended.`);
    throw new PatterError('PATTER_RESULT_TIMEOUT', `The campaign ${this.name} has not ended yet; it goes on.`, {
      details: { campaignId: row.campaignId, timeoutMs },
    });
  }

  /** The one that is meant from now on. */
  protected get key(): string {
    return this.name;
  }

  async *#watch({ intervalMs, signal }: { intervalMs?: number; signal?: AbortSignal }): AsyncGenerator<CampaignProgress> {
    const disconnected = this.desk.signal();
    const { ctx, row } = await this.#row();
    const until = signal ? AbortSignal.any([signal, disconnected]) : disconnected;
    for await (const snapshot of followCampaign(ctx, row.campaignId, { signal: until, intervalMs })) yield progressOf(snapshot);
  }

  async #command(command: CampaignCommand): Promise<void> {
    await controlCampaign(await this.desk.context(), this.key, command);
  }

  async #row(): Promise<{ ctx: ControlContext; row: CampaignRow }> {
    const ctx = await this.desk.context();
    return { ctx, row: await findCampaign(ctx.store, this.key) };
  }
}

/** A campaign with its options: it can be started. */
export class Campaign extends KnownCampaign {
  #id: string | undefined;

  constructor(
    private readonly options: ResolvedCampaign,
    desk: WorkDesk,
  ) {
    super(options.name, desk);
  }

  /**
   * Imports the contacts and starts, or attaches to the campaign of that name that is under way. It may be killed at any moment and run again: what is
   * there is not done twice. Rows that cannot be used are rejected with a reason; the rest go.
   * @throws PatterError PATTER_CONTACTS_FILE_INVALID, PATTER_CAMPAIGN_STATE; whatever the iterable of contacts throws: nobody is called then
   */
  async start(): Promise<CampaignStart> {
    const { agent, callbacks, contacts, name, region, runBy, spec } = this.options;
    const place = await placeOf(this.desk, runBy, { agent, callbacks, key: `campaign/${name}` });
    const { campaign, how, imported, notes } = await startCampaign(place.ctx, {
      spec: { ...spec, agent: place.agent },
      contacts: sourceOf(contacts),
      region: region as CountryCode | undefined,
    });
    this.#id = campaign.campaignId;
    const counts = imported && {
      total: imported.total,
      imported: imported.imported,
      rejected: imported.rejected,
      duplicates: imported.duplicates,
    };
    return { campaignId: campaign.campaignId, how, imported: counts, runBy: place.by, notes };
  }

  /** After `start()` this very campaign, also when a later one has its name. */
  protected override get key(): string {
    return this.#id ?? this.name;
  }
}

function progressOf({ campaign, final, progress }: CampaignSnapshot): CampaignProgress {
  const iso = (date: Date | null) => date?.toISOString();
  const { active, attempts, contacts: total, costMicros, done, outcomes, waiting } = progress;
  return {
    ...{ campaignId: campaign.campaignId, name: campaign.name, state: campaign.state, reason: campaign.stateReason ?? undefined },
    ...{ startedAt: iso(campaign.startedAt), endedAt: iso(campaign.endedAt) },
    contacts: { ...{ total, waiting, active, done }, rejected: campaign.rowsRejected, duplicates: campaign.rowsDuplicate },
    ...{ outcomes, attempts, costUsd: microsToUsd(costMicros), nextDueAt: iso(progress.nextDueAt), final },
  };
}
