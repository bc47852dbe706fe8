/** What a model can use of a campaign's report: its numbers, and a page of its contacts. */
import { PatterError } from '../../contracts/errors';
import type { Outcome } from '../../contracts/outcomes';
import type { CampaignReport } from '../../contracts/report';
import type { McpContext } from './context';

/** Some 20,000 contacts with what was said to them. */
const MOST_BYTES = 64_000_000;

export interface ReportPage {
  /** Undefined: all, those under way too. */
  outcome: Outcome | undefined;
  offset: number;
  limit: number;
  transcripts: boolean;
}

/** @throws PatterError, PATTER_REQUEST_INVALID among them: it is too large for this */
export async function campaignReport(ctx: McpContext, name: string, page: ReportPage, signal: AbortSignal) {
  const { rejected, results, ...head } = await readReport(ctx, name, signal);
  const wanted = page.outcome === undefined ? results : results.filter(({ outcome }) => outcome === page.outcome);
  const next = page.offset + page.limit;
  return {
    ...head,
    contactsInAll: wanted.length,
    results: wanted.slice(page.offset, next).map(({ calls, ...contact }) => ({
      ...contact,
      calls: calls.map(({ transcript, ...call }) => ({ ...call, ...(page.transcripts ? { transcript } : { turns: transcript.length }) })),
    })),
    ...(next < wanted.length && { nextOffset: next }),
    rejected: rejected.slice(0, page.limit),
  };
}

async function readReport({ rest }: McpContext, name: string, signal: AbortSignal): Promise<CampaignReport> {
  const text = new TextDecoder();
  let json = '';
  let bytes = 0;
  for await (const chunk of rest.stream(`/api/campaigns/${encodeURIComponent(name)}/report`, signal)) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) {
      throw new PatterError(
        'PATTER_REQUEST_INVALID',
        `The report is larger than ${MOST_BYTES / 1_000_000} MB. \`patter campaign report\` writes it into a file; campaign_status has its numbers.`,
      );
    }
    json += text.decode(chunk, { stream: true });
  }
  return JSON.parse(json) as CampaignReport;
}
