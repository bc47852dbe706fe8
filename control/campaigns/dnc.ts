import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { CountryCode } from 'libphonenumber-js/max';
import { PatterError } from '../../contracts/errors';
import { DEFAULT_TENANT } from '../../contracts/ids';
import { variableName } from '../../policy/template';
import type { Store } from '../../store/store';
import { openContactsCsv } from './contacts-csv';
import { normalizePhone } from './judge-contact';

export interface DncContext {
  store: Pick<Store, 'suppressions'>;
  tenantId?: string;
  /** Country of numbers written without one; default US. */
  region?: CountryCode;
  /** Epoch milliseconds. */
  now: number;
}

export interface DncImport {
  read: number;
  added: number;
  invalid: { line: number; text: string; reason: string }[];
}

const BATCH = 1_000;
/** Only the first ones are kept; the file may be anything. */
const MAX_INVALID = 1_000;

/** @throws PatterError PATTER_CONTACT_PHONE_INVALID */
export async function addToDnc(
  ctx: DncContext,
  phone: string,
  reason: string,
  source: 'cli' | 'api' = 'cli',
): Promise<{ phone: string; added: boolean }> {
  const number = normalized(phone, ctx);
  const { added } = await ctx.store.suppressions.add({
    tenantId: ctx.tenantId ?? DEFAULT_TENANT,
    phone: number,
    source,
    reason,
    now: new Date(ctx.now),
  });
  return { phone: number, added };
}

/** @throws PatterError PATTER_CONTACT_PHONE_INVALID */
export async function removeFromDnc(ctx: DncContext, phone: string): Promise<{ phone: string; removed: boolean }> {
  const number = normalized(phone, ctx);
  return { phone: number, ...(await ctx.store.suppressions.remove(ctx.tenantId ?? DEFAULT_TENANT, number)) };
}

/** @throws PatterError PATTER_CONTACT_PHONE_INVALID */
export async function checkDnc(
  ctx: DncContext,
  phone: string,
): Promise<{ phone: string; entry?: { source: string; reason: string; createdAt: Date } }> {
  const number = normalized(phone, ctx);
  return { phone: number, entry: await ctx.store.suppressions.check(ctx.tenantId ?? DEFAULT_TENANT, number) };
}

/**
 * A CSV with a `phone` column, or one number a line (`#` begins a comment line). Lines that are no number are reported, and do not stop the others.
 * @throws PatterError PATTER_CONTACTS_FILE_INVALID when the file cannot be read
 */
export async function importDnc(ctx: DncContext, file: string, reason: string): Promise<DncImport> {
  const result: DncImport = { read: 0, added: 0, invalid: [] };
  let batch: string[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    const phones = [...new Set(batch)];
    batch = [];
    result.added += (
      await ctx.store.suppressions.addMany(ctx.tenantId ?? DEFAULT_TENANT, phones, 'import', reason, new Date(ctx.now))
    ).added;
  };
  for await (const { line, text } of await numbersOf(file)) {
    result.read += 1;
    const number = normalizePhone(text, ctx.region);
    if ('phone' in number) batch.push(number.phone);
    else if (result.invalid.length < MAX_INVALID) result.invalid.push({ line, text, reason: number.problem });
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  return result;
}

function normalized(text: string, ctx: DncContext): string {
  const number = normalizePhone(text, ctx.region);
  if ('phone' in number) return number.phone;
  throw new PatterError('PATTER_CONTACT_PHONE_INVALID', `${text}: ${number.problem}. Write it in E.164 form, as in +12125550100.`);
}

async function numbersOf(file: string): Promise<AsyncIterable<{ line: number; text: string }>> {
  const head = await firstLine(file);
  const fields = head.split(/[,;\t]/).map((field) => variableName(field.replaceAll('"', '')));
  return fields.some((field) => /^[a-z_]*(phone|number|tel|mobile|msisdn)[a-z_]*$/.test(field)) ? fromCsv(file) : fromLines(file);
}

async function* fromCsv(file: string): AsyncGenerator<{ line: number; text: string }> {
  const csv = await openContactsCsv(file);
  for await (const row of csv.rows) yield { line: row.line, text: row.phone };
}

async function* fromLines(file: string): AsyncGenerator<{ line: number; text: string }> {
  let line = 0;
  for await (const text of lines(file)) {
    line += 1;
    const number = text.replace(/^\uFEFF/, '').trim();
    if (number !== '' && !number.startsWith('#')) yield { line, text: number };
  }
}

async function firstLine(file: string): Promise<string> {
  for await (const text of lines(file)) return text.replace(/^\uFEFF/, '');
  return '';
}

async function* lines(file: string): AsyncGenerator<string> {
  const source = createReadStream(file, 'utf8');
  try {
    yield* createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    throw new PatterError('PATTER_CONTACTS_FILE_INVALID', `Cannot read ${basename(file)}: ${(cause as Error).message}`, { cause });
  } finally {
    source.destroy();
  }
}
