/** Checks that several options share. Each throws an error that names the option and says what to write. */
import { VARIABLE_CHARACTERS } from '../../contracts/agent';
import { PatterTypeError, PatterValidationError } from '../errors';
import type { Callback } from './callbacks';
import { snakeCase } from './spellings';

const E164 = /^\+[1-9]\d{6,14}$/;

/** Syntax only: `+` and 7 to 15 digits. */
export function checkE164(option: string, value: unknown): string {
  if (typeof value === 'string' && E164.test(value)) return value;
  throw new PatterValidationError(option, `${option} must be in E.164 format, like +14155551234 (got ${shown(value)}).`);
}

export function checkPort(option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw new PatterValidationError(option, `${option} must be a whole number from 1 to 65535 (got ${shown(value)}).`);
}

export function checkText(option: string, value: unknown, least = 0): string {
  if (typeof value !== 'string') throw new PatterTypeError(option, `${option} must be a string (got ${shown(value)}).`);
  if (value.length < least) throw new PatterValidationError(option, `${option} must not be empty.`);
  return value;
}

export function checkFlag(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new PatterTypeError(option, `${option} must be true or false (got ${shown(value)}).`);
}

export function checkOneOf<Choice extends string>(option: string, value: unknown, choices: readonly Choice[]): Choice {
  if (choices.includes(value as Choice)) return value as Choice;
  throw new PatterValidationError(
    option,
    `${option} must be ${choices
      .map((choice) => `'${choice}'`)
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1')} (got ${shown(value)}).`,
  );
}

/** `app.agent-1`: what may stand in a workflow's specification and in a task queue's name. */
export function checkId(option: string, value: unknown): string {
  if (typeof value === 'string' && /^[a-zA-Z0-9_.-]{1,64}$/.test(value)) return value;
  throw new PatterValidationError(option, `${option} must have 1 to 64 letters, digits, "_", "." or "-" (got ${shown(value)}).`);
}

export function checkUrl(option: string, value: string, schemes: RegExp): string {
  if (URL.canParse(value) && schemes.test(value)) return value;
  throw new PatterValidationError(option, `${option} must be a function or a URL such as https://example.com/hook (got ${shown(value)}).`);
}

const WEBHOOK_SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;

/** '' is none. The value stays out of the message. */
export function checkWebhookSecret(option: string, value: string): string {
  const bytes = Buffer.from(value.slice('whsec_'.length), 'base64').length;
  if (value === '' || (WEBHOOK_SECRET.test(value) && bytes >= 24 && bytes <= 64)) return value;
  throw new PatterValidationError(
    option,
    `${option} must be whsec_ and base64 of 24 to 64 bytes: make one with echo "whsec_$(openssl rand -base64 32)".`,
  );
}

/** A function, or a URL that gets the event as a POST. */
export function checkCallback<Event>(option: string, value: Callback<Event> | undefined): Callback<Event> | undefined {
  if (value === undefined || typeof value === 'function') return value;
  if (typeof value === 'string') return checkUrl(option, value, /^https?:/i);
  throw new PatterTypeError(option, `${option} must be a function or a URL (got ${shown(value)}).`);
}

/** @returns the values as strings, under the names by which templates know them */
export function checkVariables(
  option: string,
  values: Readonly<Record<string, unknown>> | undefined,
  nameOf: (name: string) => string,
): Readonly<Record<string, string>> {
  if (values === undefined) return Object.freeze({});
  if (!isRecord(values)) throw new PatterTypeError(option, `${option} must be an object of names and values (got ${shown(values)}).`);
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      throw new PatterTypeError(`${option}.${name}`, `${option}.${name} must be a string, a number or a boolean (got ${shown(value)}).`);
    }
    const text = String(value);
    if (text.length > VARIABLE_CHARACTERS) {
      throw new PatterValidationError(
        `${option}.${name}`,
        `${option}.${name} has ${text.length} characters; a value may have ${VARIABLE_CHARACTERS} at most.`,
      );
    }
    checked[nameOf(name)] = text;
  }
  return Object.freeze(checked);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws PatterTypeError unless it is an object; PatterValidationError naming the first option that does not exist, with the name that was meant */
export function checkNames(where: string, options: unknown, known: readonly string[]): void {
  if (!isRecord(options)) throw new PatterTypeError(where, `${where} takes an object of options (got ${shown(options)}).`);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const plain = name.replace(/_/g, '').toLowerCase();
    const meant = known.find((other) => other.toLowerCase() === plain || snakeCase(other) === name);
    throw new PatterValidationError(
      name,
      `${where} has no option ${name}${meant ? `: write ${meant}` : `. Its options are: ${known.join(', ')}`}.`,
    );
  }
}

/** A value as it may stand in a message: short, and never a key. */
export function shown(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'function') return 'a function';
  return Array.isArray(value) ? 'an array' : `an object ${value.constructor?.name ?? ''}`.trim();
}
