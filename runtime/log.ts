/** JSON logs with call and campaign ids; phone numbers only masked. */
import { destination, type Logger, pino } from 'pino';

export type { Logger };

/** `+15005550006` → `+1500***0006`: enough to recognise, not enough to call. */
export function maskPhone(phone: string): string {
  return phone.length < 12 ? `***${phone.slice(-2)}` : `${phone.slice(0, 5)}***${phone.slice(-4)}`;
}

const PHONE = /(\+|%2B)([1-9]\d{6,14})(?!\d)/gi;

/** Every number in a text masked, however it got there: a vendor's error message quotes the request. */
export function maskPhones(text: string): string {
  if (!text.includes('+') && !/%2b/i.test(text)) return text;
  return text.replace(PHONE, (_, plus: string, digits: string) => maskPhone(`+${digits}`).replace('+', plus));
}

/** A logger to stderr, so that stdout stays free for results. */
export function createLogger(role: string, level: string): Logger {
  const stderr = destination({ dest: 2, sync: true });
  return pino(
    { level, base: { role, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => void stderr.write(maskPhones(line)) },
  );
}
