import type { Outcome } from '../contracts/outcomes';
import type { CampaignReport } from '../contracts/report';
import { type ReportHead, type ReportResult, reportHead, reportRejected, reportResults } from '../control/campaigns/campaign-report';
import type { CampaignRow, Store } from '../store/store';

/** What of a report is shown: of a campaign of any size it fits into memory and on a screen. */
export interface ReportView {
  head: ReportHead;
  /** Contacts with a conversation, of as many outcomes as there are. */
  samples: ReportResult[];
  /** Why contacts were not reached, the most frequent first. */
  reasons: { outcome: Outcome; reason: string; contacts: number }[];
  rejected: CampaignReport['rejected'];
}

const SAMPLES = 4;
/** Reasons are our own sentences, so they are few; a limit all the same. */
const MAX_REASONS = 200;
const EXPLAINED: readonly Outcome[] = ['skipped', 'expired', 'failed', 'rejected', 'canceled'];

export async function readReportView(store: Store, campaign: CampaignRow): Promise<ReportView> {
  const builder = new ViewBuilder();
  for await (const result of reportResults(store, campaign.campaignId)) builder.add(result);
  return builder.build(await reportHead(store, campaign), await reportRejected(store, campaign.campaignId));
}

export function reportViewOf({ results, rejected, ...head }: CampaignReport): ReportView {
  const builder = new ViewBuilder();
  for (const result of results) builder.add(result);
  return builder.build(head, rejected);
}

class ViewBuilder {
  readonly #samples = new Map<Outcome, ReportResult[]>();
  readonly #reasons = new Map<string, ReportView['reasons'][number]>();

  add(result: ReportResult): void {
    const { outcome } = result;
    if (outcome === null) return;
    const kept = this.#samples.get(outcome) ?? [];
    if (kept.length < SAMPLES && turns(result) > 1) this.#samples.set(outcome, [...kept, result]);
    if (!result.reason || !EXPLAINED.includes(outcome)) return;
    const key = `${outcome} ${result.reason}`;
    const entry = this.#reasons.get(key);
    if (entry) entry.contacts += 1;
    else if (this.#reasons.size < MAX_REASONS) this.#reasons.set(key, { outcome, reason: result.reason, contacts: 1 });
  }

  build(head: ReportHead, rejected: CampaignReport['rejected']): ReportView {
    const samples: ReportResult[] = [];
    // One of each outcome first, those with the most said, then second ones.
    const pools = [...this.#samples.values()].map((pool) => pool.toSorted((a, b) => turns(b) - turns(a)));
    pools.sort((a, b) => turns(b[0] as ReportResult) - turns(a[0] as ReportResult));
    for (let round = 0; round < SAMPLES && samples.length < SAMPLES; round++) {
      for (const pool of pools) {
        const result = pool[round];
        if (result && samples.length < SAMPLES) samples.push(result);
      }
    }
    const reasons = [...this.#reasons.values()].sort((a, b) => b.contacts - a.contacts);
    return { head, samples, reasons, rejected };
  }
}

function turns(result: ReportResult): number {
  return Math.max(0, ...result.calls.map((call) => call.transcript.length));
}
