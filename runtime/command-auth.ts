/** Commands between our processes are signed: path, body and time by HMAC-SHA256. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { PatterError } from '../contracts/errors';

const PURPOSE = 'patter command v2\n';
const TIME_HEADER = 'x-patter-timestamp';
const SIGNATURE_HEADER = 'x-patter-signature';

/** How old a command may be, and how far the clocks of two machines may differ. */
export const COMMAND_TOLERANCE_MS = 60_000;

export interface Command {
  /** As in `commandPath`: a signature of one call's command is none for another call. */
  path: string;
  body: string;
}

/** @returns the headers to send with exactly this body to exactly this path */
export function signCommand(command: Command, key: string, nowMs: number): Record<string, string> {
  const time = String(Math.trunc(nowMs));
  return { [TIME_HEADER]: time, [SIGNATURE_HEADER]: signatureOf(time, command, key).toString('hex') };
}

/**
 * @param headers as Node gives them, names in lower case
 * @throws PatterError PATTER_UNAUTHORIZED
 */
export function verifyCommand(
  command: Command,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  key: string,
  nowMs: number,
): void {
  const time = headers[TIME_HEADER];
  const signature = headers[SIGNATURE_HEADER];
  if (typeof time !== 'string' || typeof signature !== 'string' || !/^\d{1,15}$/.test(time)) throw unauthorized('it is not signed');
  const given = Buffer.from(signature, 'hex');
  const expected = signatureOf(time, command, key);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw unauthorized('its signature does not match; all processes need the same PATTER_SECRET_KEY');
  }
  if (Math.abs(nowMs - Number(time)) > COMMAND_TOLERANCE_MS) throw unauthorized('it is too old, or the clocks of the two machines differ');
}

function signatureOf(time: string, { path, body }: Command, key: string): Buffer {
  // A path has no line break, so no path and body read as another pair.
  return createHmac('sha256', key).update(PURPOSE).update(time).update('\n').update(path).update('\n').update(body).digest();
}

function unauthorized(reason: string): PatterError {
  return new PatterError('PATTER_UNAUTHORIZED', `The command was refused: ${reason}.`);
}
