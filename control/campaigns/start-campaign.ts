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
 * @throws PatterError PATTER_REHEARSAL_REFUSED, PATTER_CONTACTS_FILE_INVALID, PATTER_CAMPAIGN_FILE_INVALID, PATTER_CAMPAIGN_STATE
 */
export async function startCampaign(ctx: ControlContext, options: StartOptions): Promise<StartedCampaign> {
  const tenantId = options.tenantId ?? DEFAULT_TENANT;
  const now = ctx.clock.now();
  const windowOffsetMs = rehearsalOffsetMs(ctx.config, now);
  const { campaign: found, notes } = await rowFor(ctx, tenantId, options.spec, windowOffsetMs, now);
  if (found.startedAt !== null) {
    await ensureWorkflow(ctx, found);
    return { campaign: found, how: 'attached', notes };
  }
  const imported = await importContacts(ctx.store, found, {
    ...('contactsFile' in options ? { file: options.contactsFile } : { contacts: options.contacts }),
    region: options.region,
    rejectsFile: reportPaths(ctx.config.PATTER_HOME, found).rejects,
    only: options.only,
    limit: options.limit,
    now,
    onProgress: options.onImportProgress,
  });
  const startedAt = ctx.clock.now();
  await ctx.store.campaigns.markStarted(found.campaignId, new Date(startedAt), endOf(found.spec, startedAt));
  const campaign = (await ctx.store.campaigns.get(found.campaignId)) as CampaignRow;
  await ensureWorkflow(ctx, campaign);
  return { campaign, how: 'started', imported, notes: [...notes, ...forbiddenUrls(options.spec, ctx.config)] };
}

/** The row of the campaign under way, else a new one. */
async function rowFor(
  ctx: ControlContext,
  tenantId: string,
  spec: CampaignSpec,
  windowOffsetMs: number,
  now: number,
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
      return { campaign: latest, notes };
    }
    // Its starter died before the first call, and the file has changed since: that one is void.
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
    return { campaign: await ctx.store.campaigns.create({ tenantId, name: spec.name, spec, windowOffsetMs, now: new Date(now) }), notes };
  } catch (error) {
    // Another process has created it since we looked.
    const other = await ctx.store.campaigns.latestByName(tenantId, spec.name);
    if (other && !isEnded(other)) return { campaign: other, notes };
    throw error;
  }
}

/** As it comes back from the database, where `undefined` is no value. */
function asStored(spec: CampaignSpec): unknown {
  return JSON.parse(JSON.stringify(spec));
}

function endOf(spec: CampaignSpec, startedAt: number): Date | null {
  if (!spec.until) return null;
  return 'at' in spec.until ? new Date(spec.until.at) : new Date(startedAt + spec.until.afterMs);
}
