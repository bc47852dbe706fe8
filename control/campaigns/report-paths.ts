import { join } from 'node:path';

/** Files about one campaign. Ids and not names: a name can be used again. */
export function reportPaths(
  home: string,
  campaign: { campaignId: string; name: string },
): { folder: string; report: string; rejects: string } {
  const folder = join(home, 'reports', `${campaign.name}-${campaign.campaignId.slice(4, 12)}`);
  return { folder, report: join(folder, 'report.json'), rejects: join(folder, 'rejected.csv') };
}
