/** What every command does alike: results on stdout, errors and progress on stderr, stable exit codes. */
import { isPatterError } from '../contracts/errors';

/** 0 well, 1 an error with a code, 2 a wrong command line. */
export const EXIT_CODES = { ok: 0, error: 1, usage: 2 } as const;

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** `error PATTER_CODE: message` on stderr; with `--json` the same as an object on stdout, so that programs need not read two streams. */
export function printError(error: unknown, json: boolean): void {
  const code = isPatterError(error) ? error.code : 'PATTER_UNEXPECTED';
  const message = error instanceof Error ? error.message : String(error);
  const details = isPatterError(error) ? error.details : {};
  if (json) printJson({ error: { code, message, details } });
  process.stderr.write(`error ${code}: ${message}\n`);
  if (!isPatterError(error) && error instanceof Error && error.stack) process.stderr.write(`${error.stack}\n`);
}
