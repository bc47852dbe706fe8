/** Campaigns of cloud mode: at a backend, asked for over REST, from any program with a key of the tenant. */
import { randomUUID } from 'node:crypto';
import { sleep } from '../../contracts/clock';
import type { Outcome } from '../../contracts/outcomes';
import type { CampaignReport } from '../../contracts/report';
import type { CampaignCommand } from '../../control/campaigns/control-campaign';
import { requireColumns } from '../../control/campaigns/import-contacts';
import type { RemoteDesk } from '../backend';
import { PatterConnectionError } from '../errors';
import type { CampaignProgress, CampaignStart, CampaignState } from './campaign';
import type { CampaignEntry } from './list';
import { type ResolvedCloudCampaign, sourceOf } from './options';
import { partsOf } from './parts';
import type { CampaignPlace } from './place';

const INTERVAL_MS = 1_000;
/** Of a backend that is asked for one thing. */
const ASK_FOR_MS = 5_000;
/** In the middle of an import, or while a campaign is watched, a backend that restarts is waited for. */
const PATIENCE_MS = 120_000;
/** Webhooks of the last calls are worth waiting for, one that is down for an hour is not. */
const POST_CALL_PATIENCE_MS = 60_000;

/** As `GET /api/campaigns/:id` has it. */
interface Snapshot {
  readonly campaignId: string;
  readonly name: string;
  readonly state: CampaignState;
  readonly stateReason: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly contacts: { readonly rejected: number; readonly duplicates: number };
  readonly progress: {
    readonly contacts: number;
    readonly waiting: number;
    readonly active: number;
    readonly done: number;
    readonly outcomes: Partial<Record<Outcome, number>>;
    readonly attempts: number;
    readonly costUsd: number;
    readonly postCallOpen: number;
    readonly nextDueAt: string | null;
  };
}

const pathOf = (key: string) => `/api/campaigns/${encodeURIComponent(key)}`;

export function cloudPlace(remote: RemoteDesk): CampaignPlace {
  const { clock, rest } = remote;
  const snapshotOf = (key: string, forMs: number, signal: AbortSignal) =>
    rest.patiently<Snapshot>('GET', pathOf(key), undefined, { forMs, signal });
  return {
    clock,
    async progress(key) {
      const snapshot = await snapshotOf(key, ASK_FOR_MS, remote.signal());
      return progressOf(snapshot, isQuiet(snapshot));
    },
    async *follow(key, { intervalMs = INTERVAL_MS, signal }) {
      let id = key;
      let endSeenAt: number | undefined;
      while (!signal.aborted) {
        const asked = await snapshotOf(id, id === key ? ASK_FOR_MS : PATIENCE_MS, signal).catch((error: unknown) => {
          if (signal.aborted) return undefined;
          throw error;
        });
        if (!asked) return;
        id = asked.campaignId;
        if (asked.endedAt !== null) endSeenAt ??= clock.monotonic();
        const final = isQuiet(asked) || (endSeenAt !== undefined && clock.monotonic() - endSeenAt >= POST_CALL_PATIENCE_MS);
        yield progressOf(asked, final);
        if (final) return;
        await sleep(clock, intervalMs, signal).catch(() => undefined);
      }
    },
    async command(key, command) {
      await rest.patiently('POST', `${pathOf(key)}/${command.kind}`, bodyOf(command), { forMs: ASK_FOR_MS, signal: remote.signal() });
    },
    report: (key) => rest.long<CampaignReport>(`${pathOf(key)}/report`, { forMs: ASK_FOR_MS, signal: remote.signal() }),
    signal: () => remote.signal(),
  };
}

function bodyOf(command: CampaignCommand): object {
  switch (command.kind) {
    case 'pause':
    case 'cancel':
      return { reason: command.reason };
    case 'edit':
      return command.edit;
    case 'resume':
      return {};
    default:
      return command satisfies never;
  }
}

/** Over, and so is what comes after the last call. */
function isQuiet({ endedAt, progress }: Snapshot): boolean {
  return endedAt !== null && progress.postCallOpen === 0 && progress.active === 0;
}

function progressOf(
  { campaignId, contacts, endedAt, name, progress, startedAt, state, stateReason }: Snapshot,
  final: boolean,
): CampaignProgress {
  const { active, attempts, contacts: total, costUsd, done, nextDueAt, outcomes, waiting } = progress;
  return {
    ...{ campaignId, name, state, reason: stateReason ?? undefined },
    ...{ startedAt: startedAt ?? undefined, endedAt: endedAt ?? undefined },
    contacts: { ...{ total, waiting, active, done }, rejected: contacts.rejected, duplicates: contacts.duplicates },
    ...{ outcomes, attempts, costUsd, nextDueAt: nextDueAt ?? undefined, final },
  };
}

export async function campaignsAt(remote: RemoteDesk): Promise<CampaignEntry[]> {
  const waiting = { forMs: ASK_FOR_MS, signal: remote.signal() };
  const { campaigns } = await remote.rest.patiently<{ campaigns: Snapshot[] }>('GET', '/api/campaigns', undefined, waiting);
  return campaigns.map(({ campaignId, name, state, startedAt, endedAt }) => ({
    ...{ campaignId, name, state, startedAt: startedAt ?? undefined, endedAt: endedAt ?? undefined },
  }));
}

/** Starts of one campaign object: one that has failed and is repeated goes on under its key. */
export function cloudStarter(options: ResolvedCloudCampaign, remote: RemoteDesk): () => Promise<CampaignStart> {
  let key: string | undefined;
  return async () => {
    key ??= options.idempotencyKey ?? randomUUID();
    const started = await startAt(remote, options, key);
    key = undefined;
    return started;
  };
}

async function startAt(remote: RemoteDesk, options: ResolvedCloudCampaign, key: string): Promise<CampaignStart> {
  const { campaign, contacts, name, region, spec } = options;
  const { rest } = remote;
  const signal = remote.signal();
  const ask = async <Answer>(path: string, body: object, forMs = PATIENCE_MS): Promise<Answer> => {
    try {
      return await rest.patiently<Answer>('POST', path, body, { forMs, signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new PatterConnectionError(`disconnect() was called before the campaign ${name} had started. Start it again: it goes on.`, {
        cause: error,
      });
    }
  };
  // Whether a file can be used is told before anything is there.
  if (typeof contacts === 'string') {
    const { columns, rows } = await sourceOf(contacts).open();
    for await (const _ of rows) break;
    if (columns && spec) requireColumns(spec, columns, contacts);
  }
  const opened = await ask<{ campaignId: string; how: 'open' | 'attached'; notes: string[] }>(
    '/api/campaigns/open',
    { key, campaign },
    ASK_FOR_MS,
  );
  const { campaignId, notes } = opened;
  if (opened.how === 'attached') return { campaignId, how: 'attached', imported: undefined, runBy: 'workers', notes };
  let read = 0;
  for await (const rows of partsOf((await sourceOf(contacts).open()).rows)) {
    await ask(`${pathOf(campaignId)}/contacts`, { key, region, rows });
    read += rows.length;
  }
  const { imported } = await ask<{ imported: NonNullable<CampaignStart['imported']> }>(`${pathOf(campaignId)}/start`, { key, rows: read });
  return { campaignId, how: 'started', imported, runBy: 'workers', notes };
}
