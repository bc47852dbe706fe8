/** Callbacks on their way to the customer, with the retries that Twilio makes and the faults that the lab was asked for. */
import { randomUUID } from 'node:crypto';
import type { LabServer } from '../lab-server';
import type { CallbackEntry } from '../ledger';
import { DisturbedDelivery } from '../phone/disturbed';
import { sendSigned } from './signed-request';

export interface Callback {
  callSid: string;
  /** The called number, for faults. */
  to: string;
  event: string;
  url: string;
  method: string;
  params: Record<string, string>;
}

const RETRY_AFTER_MS = 300;

interface RetryPolicy {
  retries: number;
  /** `ct` no connection, `rt` no answer, `4xx`, `5xx`, `all`. */
  on: string[];
}

export class CallbackSender {
  private readonly delivery: DisturbedDelivery;
  private abort = new AbortController();

  constructor(
    private readonly lab: LabServer,
    private readonly authToken: string,
  ) {
    this.delivery = new DisturbedDelivery(lab);
  }

  send(callback: Callback): void {
    const { callSid: callId, to, event } = callback;
    this.delivery.send({
      callId,
      to,
      event,
      deliver: (fault) => this.attempt(callback, this.lab.ledger.callback({ ...this.entry(callback), fault }), this.abort.signal),
      lost: (fault) => void this.lab.ledger.callback({ ...this.entry(callback), fault }),
    });
  }

  /** Forgets what waits and breaks off what is under way. */
  reset(): void {
    this.delivery.reset();
    this.abort.abort();
    this.abort = new AbortController();
  }

  /** Never rejects: what went wrong is in the entry. */
  private async attempt(callback: Callback, entry: CallbackEntry, signal: AbortSignal): Promise<void> {
    const policy = retryPolicy(callback.url);
    const idempotencyToken = randomUUID();
    for (;;) {
      entry.attempts++;
      let failure: string;
      try {
        const { status } = await sendSigned({ ...callback, authToken: this.authToken, idempotencyToken, signal });
        entry.status = status;
        entry.error = undefined;
        if (status < 400) return;
        failure = status < 500 ? '4xx' : '5xx';
      } catch (error) {
        const cause = (error as Error).cause ?? error;
        entry.error = String((cause as Error).message || cause);
        failure = (error as Error).name === 'TimeoutError' ? 'rt' : 'ct';
      }
      if (signal.aborted || entry.attempts > policy.retries || !(policy.on.includes(failure) || policy.on.includes('all'))) return;
      await new Promise<void>((resolve) => this.delivery.after(RETRY_AFTER_MS, resolve));
    }
  }

  private entry(callback: Callback): CallbackEntry {
    return { callSid: callback.callSid, event: callback.event, url: callback.url, at: this.lab.clock.now(), attempts: 0 };
  }
}

/** Twilio's connection overrides in the URL's fragment: `#rc=2&rp=all`. */
function retryPolicy(url: string): RetryPolicy {
  const fragment = new URLSearchParams(/#(.*)$/.exec(url)?.[1] ?? '');
  return { retries: Math.min(5, Number(fragment.get('rc') ?? 1)), on: (fragment.get('rp') ?? 'ct').split(',') };
}
