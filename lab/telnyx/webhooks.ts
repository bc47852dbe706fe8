/** Webhooks on their way to the customer: Telnyx' envelope and signature, its retries and fail-over URL, and the faults that the lab was asked for. */
import { type KeyObject, randomUUID } from 'node:crypto';
import type Telnyx from 'telnyx';
import type { LabServer } from '../lab-server';
import type { CallbackEntry } from '../ledger';
import { DisturbedDelivery } from '../phone/disturbed';
import { signedHeaders } from './account';

/** What each event says, by the vendor's own types. */
export interface WebhookPayloads {
  'call.initiated': Telnyx.CallInitiated.Payload;
  'call.answered': Telnyx.CallAnswered.Payload;
  'call.bridged': Telnyx.CallBridged.Payload;
  'call.hangup': Telnyx.CallHangup.Payload;
  'call.dtmf.received': Telnyx.CallDtmfReceived.Payload;
  'call.gather.ended': Telnyx.CallGatherEnded.Payload;
  'call.machine.detection.ended': Telnyx.CallMachineDetectionEnded.Payload;
  'call.machine.greeting.ended': Telnyx.CallMachineGreetingEnded.Payload;
  'call.machine.premium.detection.ended': Telnyx.CallMachinePremiumDetectionEnded.Payload;
  'call.machine.premium.greeting.ended': Telnyx.CallMachinePremiumGreetingEnded.Payload;
  'call.playback.started': Telnyx.CallPlaybackStarted.Payload;
  'call.playback.ended': Telnyx.CallPlaybackEnded.Payload;
  'call.speak.started': Telnyx.CallSpeakStarted.Payload;
  'call.speak.ended': Telnyx.CallSpeakEnded.Payload;
  'call.recording.saved': Telnyx.CallRecordingSaved.Payload;
  'call.recording.error': Telnyx.CallRecordingError.Payload;
  'call.cost': NonNullable<NonNullable<Telnyx.CallCostWebhookEvent['data']>['payload']>;
  'streaming.started': Telnyx.CallStreamingStarted.Payload;
  'streaming.stopped': Telnyx.CallStreamingStopped.Payload;
  'streaming.failed': Telnyx.CallStreamingFailed.Payload;
}
export type WebhookEvent = keyof WebhookPayloads;

export interface WebhookTarget {
  callControlId: string;
  /** The called number, for faults. */
  to: string;
  url: string;
  failoverUrl: string | undefined;
}

/** Tries of each URL; the real one waits longer in between. */
const MAX_ROUNDS = 3;
const RETRY_AFTER_MS = 300;
const TIMEOUT_MS = 10_000;

/** Told by `GET /call_events`, whether or not a webhook of it arrived anywhere. */
export interface LoggedEvent {
  name: WebhookEvent;
  at: number;
  to: string;
  payload: object & { call_leg_id?: string; call_session_id?: string; from?: string };
}

const LOGGED_EVENTS = 20_000;

export class WebhookSender {
  /** Newest last. */
  log: LoggedEvent[] = [];
  private readonly delivery: DisturbedDelivery;
  private abort = new AbortController();

  constructor(
    private readonly lab: LabServer,
    private readonly key: KeyObject,
  ) {
    this.delivery = new DisturbedDelivery(lab);
  }

  /** @param repeats how often it is sent besides, at once and with the same id */
  send<E extends WebhookEvent>(target: WebhookTarget, event: E, payload: WebhookPayloads[E], repeats = 0): void {
    this.log.push({ name: event, at: this.lab.clock.now(), to: target.to, payload });
    if (this.log.length > LOGGED_EVENTS) this.log = this.log.slice(LOGGED_EVENTS / 2);
    const data = {
      record_type: 'event',
      event_type: event,
      id: randomUUID(),
      occurred_at: new Date(this.lab.clock.now()).toISOString(),
      payload,
    };
    const entry = (fault?: string): CallbackEntry =>
      this.lab.ledger.callback({
        callSid: target.callControlId,
        event,
        url: target.url,
        at: this.lab.clock.now(),
        attempts: 0,
        fault,
      });
    for (let copy = 0; copy <= repeats; copy++) {
      this.delivery.send({
        callId: target.callControlId,
        to: target.to,
        event,
        deliver: (fault) => this.attempt(target, data, entry(fault), this.abort.signal),
        lost: (fault) => void entry(fault),
      });
    }
  }

  /** Forgets what waits and breaks off what is under way. */
  reset(): void {
    this.log = [];
    this.delivery.reset();
    this.abort.abort();
    this.abort = new AbortController();
  }

  /** Never rejects: what went wrong is in the entry. */
  private async attempt(target: WebhookTarget, data: object, entry: CallbackEntry, signal: AbortSignal): Promise<void> {
    const urls = target.failoverUrl === undefined ? [target.url] : [target.url, target.failoverUrl];
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      for (const url of urls) {
        entry.attempts++;
        entry.url = url;
        if (await this.post(url, { data, meta: { attempt: round, delivered_to: url } }, entry, signal)) return;
        if (signal.aborted) return;
      }
      if (round < MAX_ROUNDS) await new Promise<void>((resolve) => this.delivery.after(RETRY_AFTER_MS * round, resolve));
    }
  }

  private async post(url: string, message: object, entry: CallbackEntry, signal: AbortSignal): Promise<boolean> {
    const body = JSON.stringify(message);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'telnyx-webhooks',
          ...signedHeaders(this.key, body, this.lab.clock.now()),
        },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.arrayBuffer();
      entry.status = response.status;
      entry.error = undefined;
      return response.ok;
    } catch (error) {
      const cause = (error as Error).cause ?? error;
      entry.error = String((cause as Error).message || cause);
      return false;
    }
  }
}
