import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { CountryCode } from 'libphonenumber-js/max';
import type { CampaignSpec } from '../../contracts/campaign';
import { PatterError } from '../../contracts/errors';
import { shownUnfilled, unfilledIn } from '../../policy/texts';
import type { CampaignRow, NewContact, Store } from '../../store/store';
import { type ContactSource, csvSource } from './contact-source';
import type { CsvReject } from './contacts-csv';
import { ContactJudge, normalizePhone } from './judge-contact';

/** Contacts come from a CSV file, or from whatever else gives rows. */
export type ImportOptions = ImportSettings & ({ file: string } | { contacts: ContactSource });

export interface ImportSettings {
  /** Country of numbers written without one; default US. */
  region?: CountryCode;
  /** Where rejected rows are written; nothing is written without. */
  rejectsFile?: string;
  /** Only these numbers, in any spelling. */
  only?: readonly string[];
  /** At most so many contacts, in the order of the file. */
  limit?: number;
  /** Epoch milliseconds. */
  now: number;
  onProgress?: (rowsRead: number) => void;
}

export interface ImportSummary {
  /** Data rows read; total = imported + rejected + duplicates. */
  total: number;
  imported: number;
  rejected: number;
  duplicates: number;
  /** Set when there are any. */
  rejectsFile?: string;
}

const BATCH = 1_000;

/**
 * Reads contacts into a campaign, in batches: memory does not grow with their number. Doing it again, or again after a crash half-way, adds only
 * what is not there yet, and the counts come out the same.
 * @throws PatterError PATTER_CONTACTS_FILE_INVALID when the file as a whole cannot be used; whatever an iterable throws: what came before it is imported
 */
export async function importContacts(
  store: Pick<Store, 'contacts' | 'campaigns'>,
  campaign: Pick<CampaignRow, 'tenantId' | 'campaignId' | 'spec' | 'windowOffsetMs'>,
  options: ImportOptions,
): Promise<ImportSummary> {
  const source = 'file' in options ? csvSource(options.file) : options.contacts;
  const { columns, rows: read } = await source.open();
  if (columns) requireColumns(campaign.spec, columns, source.name);
  const judge = new ContactJudge(campaign, options.now, options.region);
  const only = selection(options);
  const rejects = new RejectsFile(options.rejectsFile);
  const contacts: NewContact[] = [];
  const rejected: CsvReject[] = [];
  let rows = 0;
  let rejectedRows = 0;
  let inserted = 0;
  const flush = async () => {
    if (contacts.length > 0) inserted += (await store.contacts.import(campaign, contacts.splice(0))).inserted;
    if (rejected.length > 0) {
      const batch = rejected.splice(0);
      await store.contacts.importRejected(
        campaign,
        batch.map(({ line, phone, code, reason }) => ({ line, phone, code, reason })),
      );
      await rejects.write(batch);
    }
    options.onProgress?.(rows);
  };
  try {
    for await (const row of read) {
      const judged = row.kind === 'reject' ? row : judge.judge(row);
      if (judged.kind === 'reject') {
        if (only) continue;
        rejectedRows += 1;
        rejected.push(judged);
      } else {
        if (only && !only.has(judged.contact.phone)) continue;
        contacts.push(judged.contact);
      }
      rows += 1;
      if (options.limit !== undefined && contacts.length + inserted >= options.limit) {
        await flush();
        if ((await store.campaigns.progress(campaign.campaignId)).contacts >= options.limit) break;
      }
      if (contacts.length + rejected.length >= BATCH) await flush();
    }
    await flush();
    await rejects.finish();
  } catch (error) {
    await rejects.discard();
    throw error;
  }
  // Counted from what is in the database, so that a second import of the file tells the same story as the first.
  const { contacts: imported } = await store.campaigns.progress(campaign.campaignId);
  const duplicates = Math.max(0, rows - rejectedRows - imported);
  const total = imported + rejectedRows + duplicates;
  await store.campaigns.recordImport(campaign.campaignId, { total, rejected: rejectedRows, duplicates });
  return { total, imported, rejected: rejectedRows, duplicates, rejectsFile: rejectedRows > 0 ? options.rejectsFile : undefined };
}

/** @throws PatterError PATTER_CONTACTS_FILE_INVALID naming every placeholder that no column can fill */
export function requireColumns(spec: CampaignSpec, columns: readonly string[], file: string): void {
  const unfilled = unfilledIn(spec, [...columns, ...Object.keys(spec.agent.variables ?? {})]);
  if (unfilled.length === 0) return;
  const names = shownUnfilled(unfilled);
  const missing = unfilled.map(({ name }) => name);
  throw new PatterError(
    'PATTER_CONTACTS_FILE_INVALID',
    `The campaign's texts use ${names}, and ${basename(file)} has no such column. Its columns are: ${columns.join(', ') || 'phone only'}.`,
    { details: { missing } },
  );
}

/** @throws PatterError PATTER_CONTACT_PHONE_INVALID */
export function selection(options: { only?: readonly string[]; region?: CountryCode }): Set<string> | undefined {
  if (!options.only || options.only.length === 0) return undefined;
  return new Set(
    options.only.map((text) => {
      const number = normalizePhone(text, options.region);
      if ('problem' in number) throw new PatterError('PATTER_CONTACT_PHONE_INVALID', `--only ${text}: ${number.problem}`);
      return number.phone;
    }),
  );
}

/** CSV of the rejected rows; appears under its name when it is complete. */
class RejectsFile {
  #handle: FileHandle | undefined;

  constructor(private readonly path: string | undefined) {}

  async write(rows: readonly CsvReject[]): Promise<void> {
    if (!this.path) return;
    if (!this.#handle) {
      await mkdir(dirname(this.path), { recursive: true });
      this.#handle = await open(this.#partial(), 'w', 0o600);
      await this.#handle.writeFile('line,phone,code,reason\n');
    }
    const text = rows.map((row) => `${[row.line, row.phone, row.code, row.reason].map(quoted).join(',')}\n`).join('');
    await this.#handle.writeFile(text);
  }

  async finish(): Promise<void> {
    if (!this.#handle || !this.path) return;
    await this.#handle.close();
    await rename(this.#partial(), this.path);
  }

  async discard(): Promise<void> {
    if (!this.#handle) return;
    await this.#handle.close();
    await rm(this.#partial(), { force: true });
  }

  #partial(): string {
    return `${this.path}.${process.pid}.partial`;
  }
}

function quoted(value: string | number): string {
  const text = String(value);
  return /[",\r\n;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
