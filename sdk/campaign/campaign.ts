/** What `phone.campaign()` and `phone.campaigns.get()` return: a campaign that can be started, watched and steered, from any process. */
import type { CampaignEdit, CampaignState } from '../../contracts/campaign';
import { PatterError } from '../../contracts/errors';
import type { Outcome } from '../../contracts/outcomes';
import type { CampaignReport } from '../../contracts/report';
import type { CampaignCommand } from '../../control/campaigns/control-campaign';
import { PatterConnectionError } from '../errors';
import type { CampaignPlace } from './place';
import type { RunBy } from './work-place';

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
  /** From now on, twice a second by default (once a second in cloud mode), until it is over: the last one is `final`. */
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
    protected readonly place: CampaignPlace,
  ) {}

  progress(): Promise<CampaignProgress> {
    return this.place.progress(this.key);
  }

  watch(options: { intervalMs?: number; signal?: AbortSignal } = {}): AsyncIterable<CampaignProgress> {
    const { signal, ...rest } = options;
    return {
      [Symbol.asyncIterator]: () => {
        const disconnected = this.place.signal();
        const until = signal ? AbortSignal.any([signal, disconnected]) : disconnected;
        return this.place.follow(this.key, { ...rest, signal: until })[Symbol.asyncIterator]();
      },
    };
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

  report(): Promise<CampaignReport> {
    return this.place.report(this.key);
  }

  async result({ timeoutMs }: { timeoutMs?: number } = {}): Promise<CampaignReport> {
    const { place } = this;
    const disconnected = place.signal();
    const over = new AbortController();
    const cancel = timeoutMs === undefined ? () => undefined : place.clock.after(timeoutMs, () => over.abort());
    let campaignId: string | undefined;
    try {
      for await (const progress of place.follow(this.key, { signal: AbortSignal.any([over.signal, disconnected]) })) {
        campaignId = progress.campaignId;
        if (progress.final) return await place.report(campaignId);
      }
    } catch (error) {
      if (!disconnected.aborted) throw error;
    } finally {
      cancel();
    }
    if (disconnected.aborted) throw new PatterConnectionError(`disconnect() was called before the campaign ${this.name} had ended.`);
    throw new PatterError('PATTER_RESULT_TIMEOUT', `The campaign ${this.name} has not ended yet; it goes on.`, {
      details: { campaignId, timeoutMs },
    });
  }

  /** The one that is meant from now on. */
  protected get key(): string {
    return this.name;
  }

  async #command(command: CampaignCommand): Promise<void> {
    await this.place.command(this.key, command);
  }
}

/** A campaign with its options: it can be started. */
export class Campaign extends KnownCampaign {
  #id: string | undefined;

  constructor(
    name: string,
    place: CampaignPlace,
    private readonly begin: () => Promise<CampaignStart>,
  ) {
    super(name, place);
  }

  /**
   * Imports the contacts and starts, or attaches to the campaign of that name that is under way. It may be killed at any moment and run again: what is
   * there is not done twice. Rows that cannot be used are rejected with a reason; the rest go.
   * @throws PatterError PATTER_CONTACTS_FILE_INVALID, PATTER_CAMPAIGN_STATE; whatever the iterable of contacts throws: nobody is called then
   */
  async start(): Promise<CampaignStart> {
    const started = await this.begin();
    this.#id = started.campaignId;
    return started;
  }

  /** After `start()` this very campaign, also when a later one has its name. */
  protected override get key(): string {
    return this.#id ?? this.name;
  }
}
