/** Callbacks on their way to the customer, with the retries that Twilio makes and the faults that the lab was asked for. */
import { randomUUID } from 'node:crypto';
import type { LabServer } from '../lab-server';
import type { CallbackEntry } from '../ledger';
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
  private readonly timers = new Set<() => void>();
  private readonly held = new Map<string, (() => void)[]>();
  private abort = new AbortController();

  constructor(
    private readonly lab: LabServer,
    private readonly authToken: string,
  ) {}

  send(callback: Callback): void {
    const subject = { to: callback.to, event: callback.event };
    const { faults } = this.lab;
    if (faults.take('callback_missing', subject)) {
      this.lab.ledger.callback({ ...this.entry(callback), fault: 'callback_missing' });
      return;
    }
    const reorder = faults.take('callback_reorder', subject);
    if (reorder) {
      const release = this.once(() => this.deliver(callback, 'callback_reorder'));
      this.held.set(callback.callSid, [...(this.held.get(callback.callSid) ?? []), release]);
      // Nothing may follow it: then it is only late.
      this.after(reorder.delayMs, release);
      return;
    }
    const late = faults.take('callback_late', subject);
    if (late) {
      this.after(late.delayMs, () => this.deliver(callback, 'callback_late'));
      return;
    }
    if (faults.take('callback_duplicate', subject)) this.deliver(callback, 'callback_duplicate');
    this.deliver(callback);
  }

  /** Forgets what waits and breaks off what is under way. */
  reset(): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.held.clear();
    this.abort.abort();
    this.abort = new AbortController();
  }

  private deliver(callback: Callback, fault?: string): void {
    const entry = this.lab.ledger.callback({ ...this.entry(callback), fault });
    void this.attempt(callback, entry, this.abort.signal).then(() => {
      const waiting = this.held.get(callback.callSid);
      this.held.delete(callback.callSid);
      for (const release of waiting ?? []) release();
    });
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
      await new Promise<void>((resolve) => this.after(RETRY_AFTER_MS, resolve));
    }
  }

  private entry(callback: Callback): CallbackEntry {
    return { callSid: callback.callSid, event: callback.event, url: callback.url, at: this.lab.clock.now(), attempts: 0 };
  }

  private after(ms: number, fn: () => void): void {
    const cancel = this.lab.clock.after(ms, () => {
      this.timers.delete(cancel);
      fn();
    });
    this.timers.add(cancel);
  }

  private once(fn: () => void): () => void {
    let done = false;
    return () => {
      if (done) return;
      done = true;
      fn();
    };
  }
}

/** Twilio's connection overrides in the URL's fragment: `#rc=2&rp=all`. */
function retryPolicy(url: string): RetryPolicy {
  const fragment = new URLSearchParams(/#(.*)$/.exec(url)?.[1] ?? '');
  return { retries: Math.min(5, Number(fragment.get('rc') ?? 1)), on: (fragment.get('rp') ?? 'ct').split(',') };
}
