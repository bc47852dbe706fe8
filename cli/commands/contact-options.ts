import { type Command, InvalidArgumentError } from 'commander';
import { type CountryCode, isSupportedCountry } from 'libphonenumber-js/max';

/** Which contacts a command is about. */
export interface ContactOptions {
  contacts: string;
  region?: CountryCode;
  only?: string[];
  limit?: number;
}

export function addContactOptions(command: Command): Command {
  return command
    .requiredOption('--contacts <file>', 'CSV with a phone column')
    .option('--region <country>', 'country of numbers written without one (default: US)', countryCode)
    .option('--only <phone...>', 'only these numbers')
    .option('--limit <n>', 'at most so many contacts', positiveInteger);
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('write a whole number above zero');
  return value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('write a number above zero');
  return value;
}

export function countryCode(text: string): CountryCode {
  const code = text.toUpperCase();
  if (!isSupportedCountry(code)) throw new InvalidArgumentError('write a country as two letters, as in US or GB');
  return code;
}
