import { type CountryCode, parsePhoneNumberFromString, validatePhoneNumberLength } from 'libphonenumber-js/max';
import { VARIABLE_CHARACTERS } from '../../contracts/agent';
import type { CampaignSpec } from '../../contracts/campaign';
import { windowState } from '../../policy/calling-window';
import { placeholdersIn } from '../../policy/template';
import { textsOf, unfilledIn } from '../../policy/texts';
import { PhoneTimezones, timezoneName } from '../../policy/timezone';
import type { NewContact } from '../../store/store';
import type { CsvReject, CsvRow } from './contacts-csv';

export const DEFAULT_REGION: CountryCode = 'US';

/** Names that the campaign's texts use. */
export function usedVariables(spec: CampaignSpec): string[] {
  return [...new Set(textsOf(spec).flatMap(({ text }) => placeholdersIn(text)))];
}

/**
 * A number in E.164, or why it is none.
 * @param region country of numbers written without one
 */
export function normalizePhone(text: string, region: CountryCode = DEFAULT_REGION): { phone: string } | { problem: string } {
  const written = text
    .trim()
    .replace(/^tel:/i, '')
    .replace(/^00(?=[1-9])/, '+');
  if (/^\d+([.,]\d+)?e\+?\d+$/i.test(written)) return { problem: 'a spreadsheet has rounded the number: format the column as text' };
  const number = parsePhoneNumberFromString(written, { defaultCountry: region, extract: false });
  if (number?.ext) return { problem: 'an extension cannot be dialled' };
  if (number?.isValid()) return { phone: number.number };
  const length = validatePhoneNumberLength(written, region);
  switch (length) {
    case 'TOO_SHORT':
      return { problem: 'the number is too short' };
    case 'TOO_LONG':
      return { problem: 'the number is too long' };
    case 'INVALID_COUNTRY':
      return { problem: 'the country code does not exist' };
    default:
      return { problem: number ? `no such number exists in ${number.country ?? 'that country'}` : 'this is not a phone number' };
  }
}

/** Judges the rows of one file. Holds caches: one per import. */
export class ContactJudge {
  readonly #timezones: PhoneTimezones;
  readonly #used: string[];
  readonly #required: string[];
  /** Few sets of zones occur in a file, and the state of a window changes only with the minute. */
  readonly #windows = new Map<string, { dueAt: Date; waitReason: string | null }>();

  constructor(
    private readonly campaign: { spec: CampaignSpec; windowOffsetMs: number },
    private readonly now: number,
    private readonly region: CountryCode = DEFAULT_REGION,
  ) {
    this.#timezones = new PhoneTimezones(new Date(now).getUTCFullYear());
    // What an earlier version stored has no variables of its own.
    const defaults = campaign.spec.agent.variables ?? {};
    this.#used = usedVariables(campaign.spec);
    this.#required = unfilledIn(campaign.spec, Object.keys(defaults)).map(({ name }) => name);
  }

  judge(row: CsvRow): { kind: 'contact'; contact: NewContact } | CsvReject {
    const reject = (code: CsvReject['code'], reason: string): CsvReject => ({
      kind: 'reject',
      line: row.line,
      phone: row.phone,
      code,
      reason,
    });
    if (row.phone === '') return reject('PATTER_CONTACT_PHONE_MISSING', 'the row has no phone number');
    const number = normalizePhone(row.phone, this.region);
    if ('problem' in number) return reject('PATTER_CONTACT_PHONE_INVALID', number.problem);
    let timezones: string[];
    if (row.timezone === '') {
      timezones = this.#timezones.candidates(number.phone, this.campaign.spec.compliance.defaultTimezone);
    } else {
      const timezone = timezoneName(row.timezone);
      if (!timezone)
        return reject('PATTER_CONTACT_TIMEZONE_INVALID', `"${row.timezone}" is not a time zone: write a name as in Europe/Berlin`);
      timezones = [timezone];
    }
    const empty = this.#required.find((name) => !row.variables[name]);
    if (empty) return reject('PATTER_CONTACT_ROW_INVALID', `{${empty}} has no value`);
    const long = this.#used.find((name) => (row.variables[name]?.length ?? 0) > VARIABLE_CHARACTERS);
    if (long) return reject('PATTER_CONTACT_ROW_INVALID', `{${long}} has more than ${VARIABLE_CHARACTERS} characters`);
    return {
      kind: 'contact',
      contact: { line: row.line, phone: number.phone, timezones, variables: row.variables, ...this.#due(timezones) },
    };
  }

  /** When the contact may be dialled first. The gate judges it again at the dial. */
  #due(timezones: string[]): { dueAt: Date; waitReason: string | null } {
    const key = timezones.join();
    let due = this.#windows.get(key);
    if (!due) {
      const { spec, windowOffsetMs } = this.campaign;
      const state = windowState(spec.window, timezones, this.now + windowOffsetMs);
      const waits = !state.open && Number.isFinite(state.opensAt);
      // A window that never opens is due at once: the gate then says so, and its verdict is recorded like any other.
      due = waits
        ? { dueAt: new Date(state.opensAt - windowOffsetMs), waitReason: state.reason }
        : { dueAt: new Date(this.now), waitReason: null };
      this.#windows.set(key, due);
    }
    return due;
  }
}
