/** JSON logs with call and campaign ids; phone numbers only masked. */
import { destination, type Logger, pino } from 'pino';

export type { Logger };

/** `+15005550006` → `+1500***0006`: enough to recognise, not enough to call. */
export function maskPhone(phone: string): string {
  return phone.length < 9 ? '***' : `${phone.slice(0, 5)}***${phone.slice(-4)}`;
}

/** A logger to stderr, so that stdout stays free for results. */
export function createLogger(role: string, level: string): Logger {
  return pino({ level, base: { role, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination({ dest: 2, sync: true }));
}
