/** Where campaigns are: the servers of this program, or a backend. */
import type { Clock } from '../../contracts/clock';
import type { CampaignReport } from '../../contracts/report';
import type { CampaignCommand } from '../../control/campaigns/control-campaign';
import type { CampaignProgress } from './campaign';

/** `key`: a campaign's id, or its name, which means the newest of that name. All throw PATTER_CAMPAIGN_NOT_FOUND. */
export interface CampaignPlace {
  readonly clock: Clock;
  progress(key: string): Promise<CampaignProgress>;
  /** From now on, until the last (`final`) or until `signal` is aborted. Of the campaign that is meant at first, whatever is started later. */
  follow(key: string, options: { signal: AbortSignal; intervalMs?: number }): AsyncIterable<CampaignProgress>;
  /** In force when it resolves. */
  command(key: string, command: CampaignCommand): Promise<void>;
  report(key: string): Promise<CampaignReport>;
  /** Aborted by the next `disconnect()`. */
  signal(): AbortSignal;
}
