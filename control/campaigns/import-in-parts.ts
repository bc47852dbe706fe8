/** Contacts that come over HTTP part by part, as a program reads them: of any number, and each part as often as its answer is lost. */
import type { CountryCode } from 'libphonenumber-js/max';
import { PatterError } from '../../contracts/errors';
import type { CampaignRow, NewContact } from '../../store/store';
import type { ControlContext } from '../context';
import type { CsvReject, CsvRow } from './contacts-csv';
import { ensureWorkflow } from './ensure-workflow';
import { isEnded } from './find-campaign';
import type { ImportSummary } from './import-contacts';
import { ContactJudge } from './judge-contact';
import { launchCampaign } from './start-campaign';

export interface ImportedPart {
  /** Of the rows of this part: new ones, and those that cannot be used. */
  imported: number;
  rejected: number;
}

/**
 * Adds what is not there yet: phone numbers are unique in a campaign, rejected rows by their line.
 * @throws PatterError PATTER_CAMPAIGN_STATE when the campaign has started, is over, or another start has taken over
 */
export async function importPart(
  ctx: ControlContext,
  campaign: CampaignRow,
  { key, region, rows }: { key: string; region?: CountryCode; rows: readonly (CsvRow | CsvReject)[] },
): Promise<ImportedPart> {
  requireOpen(campaign, key);
  const judge = new ContactJudge(campaign, ctx.clock.now(), region);
  const contacts: NewContact[] = [];
  const rejected: CsvReject[] = [];
  for (const row of rows) {
    const judged = row.kind === 'reject' ? row : judge.judge(row);
    if (judged.kind === 'reject') rejected.push(judged);
    else contacts.push(judged.contact);
  }
  const { inserted } = contacts.length > 0 ? await ctx.store.contacts.import(campaign, contacts) : { inserted: 0 };
  if (rejected.length > 0) {
    const noted = rejected.map(({ line, phone, code, reason }) => ({ line, phone, code, reason }));
    await ctx.store.contacts.importRejected(campaign, noted);
  }
  return { imported: inserted, rejected: rejected.length };
}

/**
 * All parts are there: from here on people are called. Asked again, it tells the same.
 * @param end.rows how many there were in all
 * @throws PatterError PATTER_CAMPAIGN_STATE
 */
export async function finishImport(
  ctx: ControlContext,
  campaign: CampaignRow,
  { key, rows }: { key: string; rows: number },
): Promise<{ campaign: CampaignRow; imported: ImportSummary }> {
  const { campaigns, contacts } = ctx.store;
  if (campaign.importKey === key && campaign.startedAt !== null) {
    if (!isEnded(campaign)) await ensureWorkflow(ctx, campaign);
    return { campaign, imported: summaryOf(campaign) };
  }
  requireOpen(campaign, key);
  // Counted from what is in the database, as an import from a file does.
  const { contacts: imported } = await campaigns.progress(campaign.campaignId);
  const rejected = await contacts.countRejected(campaign.campaignId);
  const duplicates = Math.max(0, rows - rejected - imported);
  await campaigns.recordImport(campaign.campaignId, { total: imported + rejected + duplicates, rejected, duplicates });
  const started = await launchCampaign(ctx, campaign);
  return { campaign: started, imported: summaryOf(started) };
}

function summaryOf({ rowsDuplicate: duplicates, rowsRejected: rejected, rowsTotal: total }: CampaignRow): ImportSummary {
  return { total, imported: total - rejected - duplicates, rejected, duplicates };
}

function requireOpen(campaign: CampaignRow, key: string): void {
  const why = isEnded(campaign)
    ? `is ${campaign.state}`
    : campaign.state === 'canceled'
      ? 'is being canceled'
      : campaign.startedAt !== null
        ? 'has started'
        : campaign.importKey !== key
          ? 'is being started by another program, which came later'
          : undefined;
  if (why !== undefined) throw new PatterError('PATTER_CAMPAIGN_STATE', `"${campaign.name}" ${why}: no contacts are added.`);
}
