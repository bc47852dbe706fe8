/** What the carrier has told of the call's own leg, in its order and once: callbacks come late, twice and in any order. */
import type { CarrierEvent } from '../../contracts/call';
import { type CarrierCall, type CarrierCallStatus, isTerminalCarrierStatus } from '../../contracts/carrier';

export interface CallLegEnd {
  status: CarrierCallStatus;
  sipCode?: number;
  sipReason?: string;
  errorCode?: number;
  durationS?: number;
  /** Epoch milliseconds. */
  at: number;
}

type StatusEvent = Extract<CarrierEvent, { kind: 'status' }>;

export class CarrierLeg {
  private readonly seen = new Set<string>();
  ringingAt: number | undefined;
  answeredAt: number | undefined;
  end: CallLegEnd | undefined;

  /** False for an event that has been seen before. */
  isNew(event: CarrierEvent): boolean {
    if (this.seen.has(event.dedupeKey)) return false;
    this.seen.add(event.dedupeKey);
    return true;
  }

  /**
   * Every status is a fact of its own, so the order does not matter: a late `ringing` still tells when it rang, and nothing comes after an end.
   */
  onStatus(event: StatusEvent): void {
    switch (event.status) {
      case 'queued':
        return;
      case 'ringing':
        this.ringingAt = earlier(this.ringingAt, event.at);
        return;
      case 'in_progress':
        this.answeredAt = earlier(this.answeredAt, event.at);
        return;
      case 'completed':
      case 'busy':
      case 'failed':
      case 'no_answer':
      case 'canceled': {
        const { status, sipCode, sipReason, errorCode, durationS, at } = event;
        this.end ??= { status, sipCode, sipReason, errorCode, durationS, at };
        this.answeredByDuration();
        return;
      }
      default:
        event.status satisfies never;
    }
  }

  /** The carrier's answer to a question of ours, where callbacks were lost. */
  onFetched(call: CarrierCall, now: number): void {
    if (call.status === 'ringing') this.ringingAt ??= now;
    if (call.status === 'in_progress') this.answeredAt ??= now;
    if (isTerminalCarrierStatus(call.status)) {
      this.end ??= { status: call.status, sipCode: call.sipCode, durationS: call.durationS, at: call.endedAt ?? now };
      this.answeredByDuration();
    }
  }

  /** The news of the answer went to a gateway that is dead: what the carrier bills tells when it was. */
  private answeredByDuration(): void {
    const { end } = this;
    if (end?.status === 'completed' && end.durationS) this.answeredAt ??= end.at - end.durationS * 1_000;
  }
}

function earlier(a: number | undefined, b: number): number {
  return a === undefined ? b : Math.min(a, b);
}
