import type { CountryCode } from 'libphonenumber-js/max';
import type { CampaignSpec } from '../../contracts/campaign';
import type { Micros } from '../../contracts/money';
import { windowState } from '../../policy/calling-window';
import { estimateCallMicros, estimateVoicemailMicros } from '../../policy/cost';
import { optionsWithoutEffect } from '../../policy/options-without-effect';
import { transferOrder } from '../../policy/transfer-targets';
import type { NewContact, Store } from '../../store/store';
import { openContactsCsv } from './contacts-csv';
import { requireColumns, selection } from './import-contacts';
import { ContactJudge } from './judge-contact';

export interface CheckOptions {
  spec: CampaignSpec;
  contactsFile: string;
  tenantId: string;
  region?: CountryCode;
  only?: readonly string[];
  limit?: number;
  /** Added to the clock where windows are judged; 0 but in rehearsals. */
  windowOffsetMs?: number;
  /** Epoch milliseconds. */
  now: number;
}

export interface CheckRow {
  line: number;
  phone: string;
  reason: string;
}

export interface CampaignCheck {
  total: number;
  /** Would be dialled. */
  callable: number;
  /** Of those, who must wait for their window. */
  later: CheckRow[];
  /** Would not be dialled: on the do-not-call list, or the window does not open before the end. */
  held: CheckRow[];
  rejected: CheckRow[];
  duplicates: number;
  /** False: the do-not-call list was not asked, because no stack is up. */
  suppressionsChecked: boolean;
  forecast: {
    /** Everybody leaves with a machine at the first try. */
    lowMicros: Micros;
    /** Everybody talks for about a minute, at the first try. */
    highMicros: Micros;
    budgetMicros?: Micros;
    /** Dialling everybody once at the file's pace and concurrency. */
    dialingMs: number;
    /** Moment of the end, epoch milliseconds. */
    endsAt?: number;
  };
  /** Sentences: what will hardly work as the file has it. */
  warnings: string[];
}

const BATCH = 1_000;
/** Ringing and a minute of talk: what a place is taken for, on average. */
const SLOT_MS = 75_000;

/**
 * Who would be called, who not, and why, and what it may cost. Dials nobody and writes nothing.
 * @param suppressions undefined when no database is up
 * @throws PatterError PATTER_CONTACTS_FILE_INVALID
 */
export async function checkCampaign(suppressions: Store['suppressions'] | undefined, options: CheckOptions): Promise<CampaignCheck> {
  const { spec, now } = options;
  const windowOffsetMs = options.windowOffsetMs ?? 0;
  const endsAt = spec.until ? ('at' in spec.until ? Date.parse(spec.until.at) : now + spec.until.afterMs) : undefined;
  const csv = await openContactsCsv(options.contactsFile);
  requireColumns(spec, csv.columns, options.contactsFile);
  const judge = new ContactJudge({ spec, windowOffsetMs }, now, options.region);
  const only = selection(options);
  const seen = new Set<string>();
  const check: CampaignCheck = {
    total: 0,
    callable: 0,
    later: [],
    held: [],
    rejected: [],
    duplicates: 0,
    suppressionsChecked: suppressions !== undefined,
    forecast: { lowMicros: 0, highMicros: 0, dialingMs: 0, endsAt },
    warnings: [],
  };
  let batch: NewContact[] = [];
  const flush = async () => {
    const blocked = suppressions
      ? await suppressions.checkMany(
          options.tenantId,
          batch.map((contact) => contact.phone),
        )
      : new Set<string>();
    for (const contact of batch) {
      const row = (reason: string): CheckRow => ({ line: contact.line, phone: contact.phone, reason });
      const state = windowState(spec.window, contact.timezones, now + windowOffsetMs);
      if (blocked.has(contact.phone)) check.held.push(row('on the do-not-call list'));
      else if (!state.open && endsAt !== undefined && state.opensAt - windowOffsetMs >= endsAt) {
        check.held.push(row(`${state.reason}, which does not open before the campaign's end`));
      } else if (!state.open && !Number.isFinite(state.opensAt)) check.held.push(row(state.reason));
      else {
        check.callable += 1;
        if (!state.open) check.later.push(row(`${state.reason}; opens ${new Date(state.opensAt - windowOffsetMs).toISOString()}`));
      }
    }
    batch = [];
  };
  for await (const row of csv.rows) {
    if (options.limit !== undefined && seen.size >= options.limit) break;
    const judged = row.kind === 'reject' ? row : judge.judge(row);
    if (judged.kind === 'reject') {
      if (only) continue;
      check.rejected.push({ line: judged.line, phone: judged.phone, reason: judged.reason });
    } else {
      const { contact } = judged;
      if (only && !only.has(contact.phone)) continue;
      if (seen.has(contact.phone)) check.duplicates += 1;
      else {
        seen.add(contact.phone);
        batch.push(contact);
      }
    }
    check.total += 1;
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  forecast(check, spec, now);
  return check;
}

function forecast(check: CampaignCheck, spec: CampaignSpec, now: number): void {
  const perPlace = (check.callable / spec.dialing.maxConcurrent) * SLOT_MS;
  const dialingMs = Math.max((check.callable / spec.dialing.cps) * 1_000, perPlace);
  const { endsAt } = check.forecast;
  check.forecast = {
    lowMicros: check.callable * estimateVoicemailMicros(spec),
    highMicros: check.callable * estimateCallMicros(spec),
    budgetMicros: spec.budget ? Math.round(spec.budget.total * 1_000_000) : undefined,
    dialingMs,
    endsAt,
  };
  if (endsAt !== undefined && endsAt <= now) check.warnings.push('The end of the campaign (until) is over: nobody would be called.');
  else if (endsAt !== undefined && now + dialingMs > endsAt) {
    const share = Math.max(0, Math.floor(((endsAt - now) / dialingMs) * 100));
    check.warnings.push(
      `At this pace about ${share} % of the contacts are reached before the end: raise dialing.cps or dialing.maxConcurrent, or move until.`,
    );
  }
  if (check.forecast.budgetMicros !== undefined && check.forecast.lowMicros > check.forecast.budgetMicros) {
    check.warnings.push('The budget is spent before everybody has been called once, even if only machines answer.');
  }
  if (check.callable === 0) check.warnings.push('Nobody would be called.');
  check.warnings.push(...optionsWithoutEffect(spec.agent));
  if (spec.agent.onProviderFailure === 'transfer' && transferOrder(spec).length === 0) {
    check.warnings.push(
      'agent.onProviderFailure is transfer, and there is nobody to transfer to: such a call ends after the apology. Name people in transfer.',
    );
  }
}
