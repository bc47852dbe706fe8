/** What a phone company tells its customer, on its way there: lost, doubled, late or in the wrong order when the lab was asked for it. */
import type { FaultKind } from '../faults';
import type { LabServer } from '../lab-server';

export interface Message {
  callId: string;
  /** The called number, for faults. */
  to: string;
  event: string;
  /** Resolves when the customer has it, or will not get it; never rejects. Called twice for a doubled one. */
  deliver(fault: FaultKind | undefined): Promise<void>;
  lost(fault: FaultKind): void;
}

export class DisturbedDelivery {
  private readonly timers = new Set<() => void>();
  private readonly held = new Map<string, (() => void)[]>();

  constructor(private readonly lab: LabServer) {}

  send(message: Message): void {
    const subject = { to: message.to, event: message.event };
    const { faults } = this.lab;
    if (faults.take('callback_missing', subject)) {
      message.lost('callback_missing');
      return;
    }
    const reorder = faults.take('callback_reorder', subject);
    if (reorder) {
      const release = once(() => this.deliver(message, 'callback_reorder'));
      this.held.set(message.callId, [...(this.held.get(message.callId) ?? []), release]);
      // Nothing may follow it: then it is only late.
      this.after(reorder.delayMs, release);
      return;
    }
    const late = faults.take('callback_late', subject);
    if (late) {
      this.after(late.delayMs, () => this.deliver(message, 'callback_late'));
      return;
    }
    if (faults.take('callback_duplicate', subject)) this.deliver(message, 'callback_duplicate');
    this.deliver(message);
  }

  /** Forgotten by `reset`. */
  after(ms: number, fn: () => void): void {
    const cancel = this.lab.clock.after(ms, () => {
      this.timers.delete(cancel);
      fn();
    });
    this.timers.add(cancel);
  }

  /** Forgets what waits. */
  reset(): void {
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.held.clear();
  }

  private deliver(message: Message, fault?: FaultKind): void {
    void message.deliver(fault).then(() => {
      const waiting = this.held.get(message.callId);
      this.held.delete(message.callId);
      for (const release of waiting ?? []) release();
    });
  }
}

function once(fn: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    fn();
  };
}
