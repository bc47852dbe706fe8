/** How values are written for people: times as this browser's clock has them, money in dollars. */
import type { Call } from './api';

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const short = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const seconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const clockTime = (at: number) => seconds.format(at);
export const fullTime = (iso: string) => full.format(new Date(iso));

/** The year is that of whoever looks, mostly. */
export const dayAndTime = (iso: string) => short.format(new Date(iso));

/** Today's by the hour, others with their day. */
export function shortTime(iso: string, now = new Date()): string {
  const at = new Date(iso);
  return at.toDateString() === now.toDateString() ? time.format(at) : short.format(at);
}

/** `0:42`, `12:05`, `1:02:03`. */
export function duration(ms: number): string {
  const all = Math.round(ms / 1_000);
  const parts = [Math.floor(all / 3_600), Math.floor(all / 60) % 60, all % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/** Cents, and as many digits more as a small amount needs. */
export function dollars(usd: number): string {
  const digits = usd === 0 || usd >= 1 ? 2 : usd >= 0.01 ? 3 : 4;
  return new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD', minimumFractionDigits: digits }).format(usd);
}

export const milliseconds = (ms: number) => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`);

/** `no_answer` as `no answer`. */
export const words = (name: string) => name.replaceAll('_', ' ').replaceAll('-', ' ');

export type Tone = 'live' | 'good' | 'bad' | 'plain';

export function stateOf({ outcome, status }: Call): { text: string; tone: Tone } {
  if (status !== 'ended') return { text: words(status), tone: 'live' };
  if (outcome === null) return { text: 'put off', tone: 'plain' };
  const tone = /complet|transfer|voicemail_left/.test(outcome) ? 'good' : /fail|error|invalid/.test(outcome) ? 'bad' : 'plain';
  return { text: words(outcome), tone };
}

/** The number on the far end. */
export const otherEnd = (call: Call) => (call.direction === 'inbound' ? call.from : call.to);

/** @param share 0.5 for the median */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
