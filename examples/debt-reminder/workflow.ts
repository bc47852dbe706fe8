/** Reminds of an invoice. Who promises to pay on a day is called again after that day, unless the money has come; a payment ends it at any moment. */
import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import { placeCall, type WorkflowCallOutcome } from 'getpatter/workflow';

export interface Invoice {
  phone: string;
  name: string;
  /** As it is said: `120 dollars`. */
  amount: string;
  /** Milliseconds to the next call where no day was named. @default three days */
  followUpAfterMs?: number;
}

export type Reminder = { kind: 'paid' } | { kind: 'opted_out' } | { kind: 'open'; promises: string[] };

const CALLS = 3;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const THREE_DAYS_MS = 3 * DAY_MS;
/** Whatever they name: nobody is given a year. */
const MOST_MS = 45 * DAY_MS;
/** Outside the hours nobody's phone rings; then it is tried again so often, three days long. */
const LATER_MS = 3 * HOUR_MS;
const MOST_LATER = 24;

/** Sent by whoever sees the money come in. */
export const paidSignal = defineSignal('paid');
/** What was promised until now, in their words. */
export const promisesQuery = defineQuery<string[]>('promises');

export async function remindOfDebt({ amount, followUpAfterMs = THREE_DAYS_MS, name, phone }: Invoice): Promise<Reminder> {
  let paid = false;
  const promises: string[] = [];
  setHandler(paidSignal, () => {
    paid = true;
  });
  setHandler(promisesQuery, () => promises);

  let later = 0;
  for (let calls = 0; calls < CALLS; ) {
    const call = await remind({ amount, name, phone, promise: promises.at(-1) });
    if (call.outcome === 'opted_out' || isSuppressed(call)) return { kind: 'opted_out' };
    if (call.outcome === 'skipped' && later++ < MOST_LATER) {
      if (await condition(() => paid, LATER_MS)) return { kind: 'paid' };
      continue;
    }
    calls++;
    const { date, day, willPay } = (call.extraction ?? {}) as { willPay?: boolean; day?: string; date?: string };
    if (willPay && day) promises.push(day);
    // Wakes at once when the money comes.
    if (await condition(() => paid, (willPay && untilAfter(date)) || followUpAfterMs)) return { kind: 'paid' };
  }
  return { kind: 'open', promises };
}

/** On the do-not-call list, since an earlier call perhaps. */
function isSuppressed({ outcome, reason }: WorkflowCallOutcome): boolean {
  return outcome === 'skipped' && reason?.startsWith('suppressed') === true;
}

/**
 * @param date ISO 8601; what a model has made of what was said, so it may be anything
 * @returns milliseconds until noon (UTC) of the day after: the day is over from Sydney to Hawaii, and the money had its night. Undefined for a date that is none, or over
 */
function untilAfter(date: string | undefined): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date ?? '')) return undefined;
  // A workflow's clock: the same when it is replayed.
  const waitMs = Date.parse(`${date}T12:00:00Z`) + DAY_MS - Date.now();
  return waitMs > 0 ? Math.min(waitMs, MOST_MS) : undefined;
}

function remind({
  amount,
  name,
  phone,
  promise,
}: Pick<Invoice, 'amount' | 'name' | 'phone'> & { promise?: string }): Promise<WorkflowCallOutcome> {
  return placeCall({
    to: phone,
    machineDetection: true,
    variables: { name, amount, promise: promise ?? '' },
    // A reminder may be made by day only, and not too often.
    gate: { window: { start: '08:00', end: '21:00', days: [1, 2, 3, 4, 5, 6] }, maxCallsPerDay: 2 },
    agent: {
      engine: { type: 'openai-realtime' },
      systemPrompt: 'You remind {name} politely that {amount} are open at Acme, and ask when they will pay. Do not press them.',
      firstMessage: promise
        ? 'Hello {name}, Acme here. You wanted to pay {amount} {promise}, and nothing has come yet. Will you pay soon?'
        : 'Hello {name}, Acme here. Your invoice of {amount} is open. Will you pay it soon?',
    },
    postCall: {
      extract: {
        type: 'object',
        properties: {
          willPay: { type: 'boolean', description: 'They promised to pay' },
          day: { type: 'string', description: 'The day on which they will pay, in their words' },
          date: { type: 'string', description: 'The same as an ISO date such as 2026-12-30; empty where they named none' },
        },
        required: ['willPay', 'day', 'date'],
      },
    },
  });
}
