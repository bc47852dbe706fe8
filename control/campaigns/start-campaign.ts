import { isDeepStrictEqual } from 'node:util';
import type { CountryCode } from 'libphonenumber-js/max';
import type { CampaignSpec } from '../../contracts/campaign';
import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import type { CampaignRow } from '../../store/store';
import type { ControlContext } from '../context';
import type { ContactSource } from './contact-source';
import { ensureWorkflow } from './ensure-workflow';
import { isEnded } from './find-campaign';
import { forbiddenUrls } from './forbidden-urls';
import { type ImportSummary, importContacts } from './import-contacts';
import { rehearsalOffsetMs } from './rehearsal';
import { reportPaths } from './report-paths';

export type StartOptions = StartSettings & ({ contactsFile: string } | { contacts: ContactSource });

export interface StartSettings {
  spec: CampaignSpec;
  tenantId?: string;
  region?: CountryCode;
  only?: readonly string[];
  limit?: number;
  /** Names this start: with the same key it is the same campaign, also when that is over. Of the tenant. */
  importKey?: string;
  onImportProgress?: (rowsRead: number) => void;
}

export interface StartedCampaign {
  campaign: CampaignRow;
  /** `attached`: one of that name was under way, and nothing was imported. */
  how: 'started' | 'attached';
  /** Set with `started`. */
  imported?: ImportSummary;
  /** What the caller should know, as sentences. */
  notes: string[];
}

/**
 * Starts a campaign, or attaches to the one of that name that is under way. It may be killed between any two of its steps and run again:
 * the row comes first, the import adds only what is missing, the end is fixed once, and the workflow is started last, under an id of which there is one.
 * @throws PatterError PATTER_REHEARSAL_REFUSED, PATTER_CONTACTS_FILE_INVALID, PATTER_CAMPAIGN_FILE_INVALID, PATTER_CAMPAIGN_STATE,
 *   PATTER_IDEMPOTENCY_CONFLICT
 */
export async function startCampaign(ctx: ControlContext, options: StartOptions): Promise<StartedCampaign> {
  const { campaign: found, how, notes } = await openCampaign(ctx, options);
  if (how === 'attached') return { campaign: found, how, notes };
  const imported = await importContacts(ctx.store, found, {
    ...('contactsFile' in options ? { file: options.contactsFile } : { contacts: options.contacts }),
    region: options.region,
    rejectsFile: reportPaths(ctx.config.PATTER_HOME, found).rejects,
    only: options.only,
    limit: options.limit,
    now: ctx.clock.now(),
    onProgress: options.onImportProgress,
  });
  const campaign = await launchCampaign(ctx, found);
  return { campaign, how: 'started', imported, notes };
}

export interface OpenedCampaign {
  campaign: CampaignRow;
  /** `open`: contacts may be imported, and nobody is called before `launchCampaign`. */
  how: 'open' | 'attached';
  notes: string[];
}

/** The first step of a start: the row into which contacts are imported, or the campaign that is there already. @throws as `startCampaign` */
export async function openCampaign(
  ctx: ControlContext,
  { importKey, spec, tenantId = DEFAULT_TENANT }: Pick<StartSettings, 'spec' | 'tenantId' | 'importKey'>,
): Promise<OpenedCampaign> {
  const now = ctx.clock.now();
  const windowOffsetMs = rehearsalOffsetMs(ctx.config, now);
  const known = importKey === undefined ? undefined : await knownStart(ctx, tenantId, spec.name, importKey);
  const { campaign, notes } = known
    ? { campaign: known, notes: [] }
    : await rowFor(ctx, { tenantId, spec, windowOffsetMs, importKey, now });
  if (campaign.startedAt === null) return { campaign, how: 'open', notes: [...notes, ...forbiddenUrls(spec, ctx.config)] };
  if (!isEnded(campaign)) await ensureWorkflow(ctx, campaign);
  return { campaign, how: 'attached', notes };
}

/** The last step: from here on people are called. Safe to repeat. */
export async function launchCampaign(ctx: ControlContext, found: CampaignRow): Promise<CampaignRow> {
  const startedAt = ctx.clock.now();
  await ctx.store.campaigns.markStarted(found.campaignId, new Date(startedAt), endOf(found.spec, startedAt));
  const campaign = (await ctx.store.campaigns.get(found.campaignId)) as CampaignRow;
  await ensureWorkflow(ctx, campaign);
  return campaign;
}

/** What the start of that key has made, over or not. Undefined: it has started nothing. */
async function knownStart(ctx: ControlContext, tenantId: string, name: string, importKey: string): Promise<CampaignRow | undefined> {
  const known = await ctx.store.campaigns.byImportKey(tenantId, importKey);
  if (!known) return undefined;
  if (known.name !== name) {
    throw new PatterError(
      'PATTER_IDEMPOTENCY_CONFLICT',
      `The idempotency key belongs to the campaign "${known.name}". Give each its own.`,
      {
        details: { campaignId: known.campaignId },
      },
    );
  }
  if (known.startedAt !== null) return known;
  if (known.endedAt === null && known.state !== 'canceled') return undefined;
  throw new PatterError(
    'PATTER_CAMPAIGN_STATE',
    `This start of "${name}" was canceled before anybody was called. Another key starts it anew.`,
  );
}

interface NewStart {
  tenantId: string;
  spec: CampaignSpec;
  windowOffsetMs: number;
  importKey: string | undefined;
  now: number;
}

/** The row of the campaign under way, else a new one. */
async function rowFor(
  ctx: ControlContext,
  { importKey, now, spec, tenantId, windowOffsetMs }: NewStart,
): Promise<{ campaign: CampaignRow; notes: string[] }> {
  const notes: string[] = [];
  const latest = await ctx.store.campaigns.latestByName(tenantId, spec.name);
  if (latest && !isEnded(latest)) {
    if (latest.state === 'canceled') {
      throw new PatterError(
        'PATTER_CAMPAIGN_STATE',
        `The campaign "${spec.name}" is being canceled; its last calls are ending. Run again in a moment.`,
      );
    }
    const same = isDeepStrictEqual(asStored(latest.spec), asStored(spec));
    if (latest.startedAt !== null || same) {
      if (!same) notes.push('The campaign file has changed since this campaign was started; it goes on as it was started.');
      return { campaign: await takenBy(ctx, importKey, latest), notes };
    }
    // Its starter died before the first call, and the file has changed since: that one is void.
    await ctx.store.campaigns.takeImport(latest.campaignId, null);
    await ctx.store.campaigns.finish(latest.campaignId, 'canceled', new Date(now));
    notes.push('An earlier start of this campaign, which had not dialled yet, was replaced.');
  }
  const end = endOf(spec, now);
  if (end && end.getTime() <= now) {
    throw new PatterError('PATTER_CAMPAIGN_FILE_INVALID', `The campaign's end (until: ${end.toISOString()}) is over.`, {
      details: { field: 'until' },
    });
  }
  try {
    const row = { tenantId, name: spec.name, spec, windowOffsetMs, importKey, now: new Date(now) };
    return { campaign: await ctx.store.campaigns.create(row), notes };
  } catch (error) {
    // Another process has created it since we looked.
    const other = await ctx.store.campaigns.latestByName(tenantId, spec.name);
    if (other && !isEnded(other)) return { campaign: await takenBy(ctx, importKey, other), notes };
    throw error;
  }
}

/** A campaign that was not started is this start's from now on: of two that import at once the later one goes on, and what both bring is there once. */
async function takenBy(ctx: ControlContext, importKey: string | undefined, campaign: CampaignRow): Promise<CampaignRow> {
  if (importKey === undefined || campaign.startedAt !== null || campaign.importKey === importKey) return campaign;
  await ctx.store.campaigns.takeImport(campaign.campaignId, importKey);
  return (await ctx.store.campaigns.get(campaign.campaignId)) as CampaignRow;
}

/** As it comes back from the database, where `undefined` is no value. */
function asStored(spec: CampaignSpec): unknown {
  return JSON.parse(JSON.stringify(spec));
}

function endOf(spec: CampaignSpec, startedAt: number): Date | null {
  if (!spec.until) return null;
  return 'at' in spec.until ? new Date(spec.until.at) : new Date(startedAt + spec.until.afterMs);
}
