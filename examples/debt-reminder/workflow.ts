/** Reminds of an invoice. Who promises to pay on a day is called again after it, unless the money has come; a payment ends it at any moment. */
import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import { placeCall, type WorkflowCallOutcome } from 'getpatter/workflow';

export interface Invoice {
  phone: string;
  name: string;
  /** As it is said: `120 dollars`. */
  amount: string;
  /** Milliseconds from a promise to the next call, and from a call without one. @default three days */
  followUpAfterMs?: number;
}

export type Reminder = { kind: 'paid' } | { kind: 'opted_out' } | { kind: 'open'; promises: string[] };

const CALLS = 3;
const THREE_DAYS_MS = 259_200_000;

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

  for (let calls = 0; calls < CALLS; calls++) {
    const call = await remind({ amount, name, phone, promise: promises.at(-1) });
    if (call.outcome === 'opted_out') return { kind: 'opted_out' };
    const { willPay, day } = (call.extraction ?? {}) as { willPay?: boolean; day?: string };
    if (willPay && day) promises.push(day);
    // Wakes at once when the money comes.
    if (await condition(() => paid, followUpAfterMs)) return { kind: 'paid' };
  }
  return { kind: 'open', promises };
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
        },
        required: ['willPay', 'day'],
      },
    },
  });
}
