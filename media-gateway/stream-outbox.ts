import type { AttachRequest, ConversationReport, GatewayEvent } from '../contracts/call';
import type { CarrierName } from '../contracts/carrier';
import type { Clock } from '../contracts/clock';
import type { Logger } from '../runtime/log';
import type { Outbox, OutboxItem } from './outbox';
import type { CarrierStream, SessionEvent } from './session';

/** `spooled`: on disk, and not told yet. */
export type Delivery = 'delivered' | 'spooled' | 'lost';

export interface StreamOutboxDeps {
  callId: string;
  carrier: CarrierName;
  stream: Pick<CarrierStream, 'carrierCallId' | 'streamId'>;
  gatewayId: string;
  outbox: Outbox;
  clock: Clock;
  log: Logger;
}

/** What one stream has to tell: its events, numbered in their order, and its end. While the workflow does not know of the stream, all of it waits here. */
export class StreamOutbox {
  private sequence = 0;
  private untold: GatewayEvent[] | undefined;

  constructor(private readonly deps: StreamOutboxDeps) {}

  /** The workflow does not know of the stream. */
  get holding(): boolean {
    return this.untold !== undefined;
  }

  hold(): void {
    this.untold = [];
  }

  /** It knows of it now: what has waited goes out. */
  release(): void {
    const events = this.drop();
    for (const event of events) this.post(event);
  }

  /** What has waited is nobody's. */
  drop(): GatewayEvent[] {
    const events = this.untold ?? [];
    this.untold = undefined;
    return events;
  }

  event(event: SessionEvent): void {
    const { clock, gatewayId, stream } = this.deps;
    this.sequence += 1;
    const whole = { ...event, gatewayId, streamId: stream.streamId, sequence: this.sequence, at: clock.now() };
    if (this.untold) this.untold.push(whole);
    else this.post(whole);
  }

  /** @param seen the activity has answered a heartbeat */
  report(activityId: string, seen: boolean, report: ConversationReport): Promise<Delivery> {
    const { callId, clock, gatewayId, log, outbox, stream } = this.deps;
    return outbox
      .send({ kind: 'report', callId, gatewayId, streamId: stream.streamId, activityId, seen, report, at: clock.now() })
      .catch((error: unknown) => {
        log.error({ err: error }, 'the report was neither delivered nor spooled');
        return 'lost' as const;
      });
  }

  /** For an attach that was never answered: it goes with all that it was for. */
  reportUntold(attach: AttachRequest, report: ConversationReport): Promise<Delivery> {
    const { callId, carrier, log, outbox } = this.deps;
    const over = { report, events: (this.untold ?? []).filter(isFact) };
    const request = { ...attach, talkingSince: report.startedAt, over };
    return outbox.send({ kind: 'untold_talk', callId, carrier, request }).catch((error: unknown) => {
      log.error({ err: error }, 'a talk was neither told nor spooled');
      return 'lost' as const;
    });
  }

  /** Resolves when the carrier has been told, or will be. */
  async hangup(): Promise<void> {
    const { log, outbox } = this.deps;
    await outbox.send(this.hangupItem()).catch((error: unknown) => log.error({ err: error }, 'the call was not hung up'));
  }

  /** Nobody waits for it. */
  postHangup(): void {
    this.deps.outbox.post(this.hangupItem());
  }

  private hangupItem(): OutboxItem {
    const { callId, carrier, clock, stream } = this.deps;
    return { kind: 'hangup', callId, carrier, carrierCallId: stream.carrierCallId, at: clock.now() };
  }

  private post(event: GatewayEvent): void {
    const { callId, outbox } = this.deps;
    outbox.post({ kind: 'gateway_event', callId, event });
  }
}

/** What still counts when the talk is over; the rest asks for something to be done in it. */
function isFact({ kind }: GatewayEvent): boolean {
  return kind !== 'consent_heard' && kind !== 'set_recording' && kind !== 'send_digits';
}
