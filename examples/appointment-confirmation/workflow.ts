/** Confirms an appointment by phone. Who wants another time gets it, and the booking system learns what was agreed. */
import { proxyActivities, sleep } from '@temporalio/workflow';
import { placeCall, type WorkflowCallOutcome } from 'getpatter/workflow';
import type { BookingActivities } from './activities';

export interface Appointment {
  id: string;
  phone: string;
  name: string;
  /** As it is said: `Tuesday at ten`. */
  when: string;
  /** Milliseconds between two tries. @default two hours */
  retryAfterMs?: number;
}

export type Confirmation =
  | { kind: 'confirmed' | 'canceled' }
  | { kind: 'rescheduled'; when: string }
  | { kind: 'unreached'; outcome: WorkflowCallOutcome['outcome'] };

const TRIES = 3;
const TWO_HOURS_MS = 7_200_000;

/** Yours: they run in a worker of your own, which has your credentials. */
const { rebook } = proxyActivities<BookingActivities>({ taskQueue: 'booking', startToCloseTimeout: '30s' });

export async function confirmAppointment({ id, name, phone, when, retryAfterMs = TWO_HOURS_MS }: Appointment): Promise<Confirmation> {
  for (let tries = 1; ; tries++) {
    const call = await placeCall({
      to: phone,
      machineDetection: true,
      voicemailMessage: 'Acme Dental here, about your appointment {when}. Please call us back.',
      variables: { name, when },
      agent: {
        engine: { type: 'openai-realtime' },
        systemPrompt: 'You confirm the appointment of {name} at Acme Dental, {when}. If it does not suit them, ask which day does.',
        firstMessage: 'Hello {name}, you have an appointment at Acme Dental {when}. Does it suit you?',
      },
      postCall: {
        extract: {
          type: 'object',
          properties: {
            answer: { type: 'string', enum: ['confirmed', 'another day', 'canceled', 'unknown'] },
            day: { type: 'string', description: 'The day they asked for instead, in their words' },
          },
          required: ['answer', 'day'],
        },
      },
    });
    const { answer, day } = (call.extraction ?? {}) as { answer?: string; day?: string };
    if (answer === 'confirmed') return { kind: 'confirmed' };
    if (answer === 'canceled' || answer === 'another day') {
      const instead = answer === 'another day' && day ? day : null;
      await rebook({ id, when: instead });
      return instead === null ? { kind: 'canceled' } : { kind: 'rescheduled', when: instead };
    }
    const talked = call.outcome === 'completed' || call.outcome === 'opted_out';
    if (talked || tries === TRIES) return { kind: 'unreached', outcome: call.outcome };
    // Waits in Temporal, in no process: days would be no different.
    await sleep(retryAfterMs);
  }
}
