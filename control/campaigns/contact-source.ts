/** Where the contacts of a campaign come from: a CSV file, an array, or an async iterable that is read as it is imported. */
import { PatterError } from '../../contracts/errors';
import { type CsvReject, type CsvRow, columnsOf, openContactsCsv } from './contacts-csv';

export interface ContactSource {
  /** How errors call it. */
  readonly name: string;
  /** @throws PatterError PATTER_CONTACTS_FILE_INVALID when it cannot be used as a whole */
  open(): Promise<ContactRows>;
}

export interface ContactRows {
  /** Names of the variables, as templates call them; undefined where only the rows can tell. */
  columns: string[] | undefined;
  /** Read as they are asked for; closed when no more are. */
  rows: AsyncIterable<CsvRow | CsvReject>;
}

/** A contact as a program has it: `phone`, `timezone` if known, and whatever the texts use. Names are those of CSV columns, in any spelling. */
export type ContactRecord = Readonly<Record<string, unknown>>;
export type ContactRecords = Iterable<ContactRecord> | AsyncIterable<ContactRecord>;

export function csvSource(path: string): ContactSource {
  return { name: path, open: () => openContactsCsv(path) };
}

/** Row 1 is the first record: the line that a rejected one is known by. */
export function recordSource(records: ContactRecords, name = 'the contacts'): ContactSource {
  return { name, open: async () => ({ columns: undefined, rows: rowsOf(records, name) }) };
}

async function* rowsOf(records: ContactRecords, name: string): AsyncGenerator<CsvRow | CsvReject> {
  if (typeof records !== 'object' || records === null || !(Symbol.asyncIterator in records || Symbol.iterator in records)) {
    throw new PatterError(
      'PATTER_CONTACTS_FILE_INVALID',
      `Cannot read ${name}: give the path of a CSV file, an array or an async iterable.`,
    );
  }
  let line = 0;
  for await (const record of records) yield toRow(record, ++line);
}

function toRow(record: unknown, line: number): CsvRow | CsvReject {
  const reject = (reason: string, phone = ''): CsvReject => ({ kind: 'reject', line, phone, code: 'PATTER_CONTACT_ROW_INVALID', reason });
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return reject('the contact is not an object');
  const written = Object.entries(record as ContactRecord);
  const { phone: at, timezone: zoneAt, variables: names } = columnsOf(written.map(([name]) => name));
  const texts = written.map(([, value]) => textOf(value));
  const phone = texts[at] ?? '';
  const variables: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const text = texts[index];
    if (text === undefined) return reject(`${written[index]?.[0]} is neither text nor a number`, phone);
    if (name === '') continue;
    if (Object.hasOwn(variables, name)) return reject(`two fields are called "${name}"`, phone);
    variables[name] = text;
  }
  return { kind: 'row', line, phone, timezone: texts[zoneAt] ?? '', variables };
}

/** Undefined where there is no text for it. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return value instanceof Date ? value.toISOString() : undefined;
}
