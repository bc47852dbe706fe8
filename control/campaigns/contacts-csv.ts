import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Info, parse } from 'csv-parse';
import type { ErrorCode } from '../../contracts/errors';
import { PatterError } from '../../contracts/errors';
import { variableName } from '../../policy/template';

/** Other spellings of the two columns that we read ourselves, best first. All else is a variable. */
const PHONE_COLUMNS = [
  'phone',
  'phone_number',
  'phonenumber',
  'telephone',
  'telephone_number',
  'tel',
  'mobile',
  'mobile_phone',
  'mobile_number',
].concat(['cell', 'cell_phone', 'msisdn', 'number', 'contact_number', 'telefon', 'telefonnummer', 'to']);
const TIMEZONE_COLUMNS = ['timezone', 'time_zone', 'tz', 'timezone_name', 'zeitzone'];
const NAME_COLUMNS: Readonly<Record<string, string>> = {
  firstname: 'first_name',
  given_name: 'first_name',
  vorname: 'first_name',
  lastname: 'last_name',
  surname: 'last_name',
  family_name: 'last_name',
  nachname: 'last_name',
};

/** One record may hold so many characters; more means a quotation mark that was never closed. */
const MAX_RECORD = 100_000;
const HEAD_BYTES = 65_536;

export interface CsvRow {
  kind: 'row';
  /** Of its first line, from 1, the header included. */
  line: number;
  phone: string;
  timezone: string;
  variables: Record<string, string>;
}
export interface CsvReject {
  kind: 'reject';
  line: number;
  phone: string;
  code: ErrorCode;
  reason: string;
}
export interface ContactsCsv {
  /** Names of the variables, as templates call them. */
  columns: string[];
  rows: AsyncIterable<CsvRow | CsvReject>;
}

/**
 * Opens a contacts file: commas, semicolons or tabs, quoted fields with line breaks, UTF-8 or UTF-16 with or without a byte order mark. Rows are
 * read as they are asked for, so that a file of any size needs the memory of one.
 * @throws PatterError PATTER_CONTACTS_FILE_INVALID when it cannot be read or has no phone column
 */
export async function openContactsCsv(path: string): Promise<ContactsCsv> {
  const name = basename(path);
  const { head, encoding } = await readHead(path, name);
  const delimiter = delimiterOf(head);
  const records = parse({
    bom: true,
    delimiter,
    info: true,
    raw: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD,
  });
  const source = createReadStream(path, { encoding });
  source.on('error', (error) => records.destroy(error));
  source.pipe(records);
  const iterator = (records as AsyncIterable<RawRecord>)[Symbol.asyncIterator]();
  const close = () => {
    source.destroy();
    records.destroy();
  };
  try {
    const first = await iterator.next();
    if (first.done) throw unreadable(name, 'it is empty');
    const header = headerOf(first.value.record, name);
    return { columns: header.variables.filter((variable) => variable !== ''), rows: rows(iterator, header, close) };
  } catch (error) {
    close();
    throw error instanceof PatterError ? error : unreadable(name, (error as Error).message, error);
  }
}

interface RawRecord {
  record: string[];
  info: Info;
  raw: string;
}
interface Header {
  width: number;
  phone: number;
  timezone: number;
  /** By column; empty for the two that are none. */
  variables: string[];
}

async function* rows(iterator: AsyncIterator<RawRecord>, header: Header, close: () => void): AsyncGenerator<CsvRow | CsvReject> {
  let lastLine = 1;
  let counterAhead = 0;
  try {
    for (;;) {
      let next: IteratorResult<RawRecord>;
      try {
        next = await iterator.next();
      } catch (error) {
        // What follows a broken quotation cannot be told apart any more: one row for the rest of the file.
        const line = lastLine + 1;
        yield {
          kind: 'reject',
          line,
          phone: '',
          code: 'PATTER_CONTACT_ROW_INVALID',
          reason: `${(error as Error).message}; nothing after this line was read`,
        };
        return;
      }
      if (next.done) return;
      const { record, info, raw } = next.value;
      const breaks = raw.replace(/^[\r\n]+|[\r\n]+$/g, '').match(/\r\n|\n|\r/g) ?? [];
      // Within quotation marks the parser counts a CR LF as two lines.
      counterAhead += breaks.filter((lineBreak) => lineBreak === '\r\n').length;
      lastLine = info.lines - counterAhead;
      const line = lastLine - breaks.length;
      // Spreadsheets export the rows below the data as bare separators.
      if (record.every((field) => field.trim() === '')) continue;
      yield toRow(record, line, header);
    }
  } finally {
    close();
  }
}

function toRow(record: string[], line: number, header: Header): CsvRow | CsvReject {
  const phone = (record[header.phone] ?? '').trim();
  if (record.slice(header.width).some((field) => field.trim() !== '')) {
    const reason = `the row has ${record.length} fields, the header ${header.width}: is a quotation mark missing?`;
    return { kind: 'reject', line, phone, code: 'PATTER_CONTACT_ROW_INVALID', reason };
  }
  const variables: Record<string, string> = {};
  for (const [index, variable] of header.variables.entries()) if (variable) variables[variable] = (record[index] ?? '').trim();
  return { kind: 'row', line, phone, timezone: (record[header.timezone] ?? '').trim(), variables };
}

/**
 * Which of the columns hold the number and the time zone (-1: none does), and what templates call the others.
 * @param written names as their author has them
 */
export function columnsOf(written: readonly string[]): { phone: number; timezone: number; variables: string[] } {
  const names = written.map(variableName);
  const find = (spellings: readonly string[]) => names.indexOf(spellings.find((spelling) => names.includes(spelling)) ?? '\0');
  const phone = find(PHONE_COLUMNS);
  const timezone = find(TIMEZONE_COLUMNS);
  return {
    phone,
    timezone,
    variables: names.map((name, index) => (index === phone || index === timezone ? '' : (NAME_COLUMNS[name] ?? name))),
  };
}

function headerOf(record: string[], file: string): Header {
  const { phone, timezone, variables } = columnsOf(record);
  if (phone === -1) {
    const found = record.map((field) => `"${field.trim()}"`).join(', ');
    throw unreadable(file, `its first line must be a header with a column "phone"; it has ${found}`);
  }
  const twice = variables.find((name, index) => name !== '' && variables.indexOf(name) !== index);
  if (twice) throw unreadable(file, `two columns are called "${twice}"`);
  return { width: record.length, phone, timezone, variables };
}

async function readHead(path: string, name: string): Promise<{ head: string; encoding: BufferEncoding }> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const encoding: BufferEncoding = bytesRead >= 2 && buffer[0] === 0xff && buffer[1] === 0xfe ? 'utf16le' : 'utf8';
      return { head: buffer.toString(encoding, 0, bytesRead), encoding };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(name, (error as Error).message, error);
  }
}

/** The separator that occurs most in the header line, outside of quotation marks. */
function delimiterOf(head: string): string {
  const line = head.replace(/"[^"]*"/g, '').split(/\r\n|\n|\r/, 1)[0] ?? '';
  const counts = [',', ';', '\t'].map((delimiter) => ({ delimiter, n: line.split(delimiter).length }));
  counts.sort((a, b) => b.n - a.n);
  return counts[0]?.delimiter ?? ',';
}

function unreadable(name: string, why: string, cause?: unknown): PatterError {
  return new PatterError('PATTER_CONTACTS_FILE_INVALID', `Cannot read the contacts of ${name}: ${why}`, { cause });
}
