/**
 * All that the gateway has to hand over: tried at once, and spooled to disk when it cannot be. What belongs to one call goes out in order.
 * When `send` resolves, the item is delivered, or will be although this process dies.
 */
import type { AttachRequest, CarrierEvent, ConversationReport, GatewayEvent } from '../contracts/call';
import { type Carrier, type CarrierName, isTerminalCarrierStatus } from '../contracts/carrier';
import type { LegPrice } from '../contracts/carrier-price';
import { type Clock, sleep } from '../contracts/clock';
import type { Logger } from '../runtime/log';
import { Spool, type SpoolVerdict } from './spool';
import type { WorkflowLink } from './workflow-link';

export type OutboxItem =
  | { kind: 'carrier_event'; callId: string; carrier: CarrierName; event: CarrierEvent }
  | { kind: 'gateway_event'; callId: string; event: GatewayEvent }
  | {
      kind: 'report';
      callId: string;
      gatewayId: string;
      streamId: string;
      activityId: string;
      /** The activity has answered a heartbeat: if it is not found any more, it is over. */
      seen: boolean;
      report: ConversationReport;
      /** Epoch milliseconds of its making. */
      at: number;
    }
  /** A talk from its beginning to its end, of which the workflow has not heard yet: see `AttachRequest.over`. */
  | { kind: 'untold_talk'; callId: string; carrier: CarrierName; request: AttachRequest }
  /** What the carrier told of the price of one leg, mostly after the call's workflow is over: it gets one of its own. */
  | { kind: 'price'; callId: string; leg: LegPrice; taskQueue: string }
  | { kind: 'hangup'; callId: string; carrier: CarrierName; carrierCallId: string; at: number };

/** An activity that has been asked for is started within a second; with a worker just killed, within a few. */
export const ACTIVITY_START_GRACE_MS = 15_000;
/** A call that long after its end needs no hang-up: the carrier's own time limit has ended it. */
const HANGUP_GIVE_UP_MS = 4 * 3_600_000;
const ATTACH_DEADLINE_MS = 2_000;
/** Before an item goes to disk only because the activity is being started at this very moment. */
const QUICK_RETRIES_MS = [100, 300, 600];

export interface OutboxOptions {
  dir: string;
  link: WorkflowLink;
  /** With the accounts of the call's owner. */
  carriersOf(callId: string): Promise<ReadonlyMap<CarrierName, Carrier>>;
  clock: Clock;
  log: Logger;
  retryMs?: number;
  /** Of the workers. */
  taskQueue: string;
}

export class Outbox {
  /** The last send of each queue, so that the next one waits for it. */
  private readonly tails = new Map<string, Promise<void>>();

  private constructor(
    private readonly options: OutboxOptions,
    private readonly spool: Spool<OutboxItem>,
  ) {}

  static async open(options: OutboxOptions): Promise<Outbox> {
    const { dir, clock, log, retryMs } = options;
    const deliver = (item: OutboxItem) => deliverItem(item, options, (follow) => spool.add(follow, 0));
    const spool: Spool<OutboxItem> = await Spool.open<OutboxItem>({ dir, queueOf, deliver, clock, log, retryMs });
    return new Outbox(options, spool);
  }

  /** Items on disk. */
  get waiting(): number {
    return this.spool.size;
  }

  /** Resolves with whether it went at once. Rejects only when the disk fails too. */
  send(item: OutboxItem): Promise<'delivered' | 'spooled'> {
    const queue = queueOf(item);
    const before = this.tails.get(queue) ?? Promise.resolve();
    const sent = before.then(() => this.sendNow(queue, item));
    const tail = sent.then(
      () => {},
      () => {},
    );
    this.tails.set(queue, tail);
    void tail.then(() => {
      if (this.tails.get(queue) === tail) this.tails.delete(queue);
    });
    return sent;
  }

  /** For events that nobody waits for: a failing disk is logged. */
  post(item: OutboxItem): void {
    this.send(item).catch((error: unknown) => {
      this.options.log.error({ callId: item.callId, kind: item.kind, err: error }, 'neither delivered nor spooled');
    });
  }

  /** What is under way goes out or to disk; what is on disk stays there for the next run. */
  async stop(): Promise<void> {
    while (this.tails.size > 0) await Promise.all(this.tails.values());
    await this.spool.stop();
  }

  private async sendNow(queue: string, item: OutboxItem): Promise<'delivered' | 'spooled'> {
    if (!this.spool.has(queue)) {
      const delays = item.kind === 'report' ? QUICK_RETRIES_MS : [];
      for (let tries = 0; ; tries++) {
        const verdict = await deliverItem(item, this.options, (follow) => this.spool.add(follow, 0)).catch((error: unknown) => {
          this.options.log.warn({ callId: item.callId, kind: item.kind, err: error }, 'not delivered at once');
          return 'retry' as const;
        });
        if (verdict === 'done') return 'delivered';
        const delay = delays[tries];
        if (delay === undefined) break;
        await sleep(this.options.clock, delay);
      }
    }
    await this.spool.add(item);
    return 'spooled';
  }
}

/** A hang-up does not wait behind a call's events: it goes to the carrier, they go to Temporal. A price has no order with anything. */
function queueOf(item: OutboxItem): string {
  if (item.kind === 'hangup') return `hangup/${item.carrierCallId}`;
  return item.kind === 'price' ? `price/${item.leg.carrierCallId}` : item.callId;
}

/** A phone that rings, or somebody who talks. */
function goesOn(event: CarrierEvent): boolean {
  if (event.kind === 'status') return !isTerminalCarrierStatus(event.status);
  return event.kind === 'consult' && event.step !== 'ended' && event.step !== 'bridged';
}

async function deliverItem(
  item: OutboxItem,
  { link, carriersOf, clock, log, taskQueue }: OutboxOptions,
  follow: (item: OutboxItem) => Promise<void>,
): Promise<SpoolVerdict> {
  /** Whatever else of a call comes too late is dropped. That somebody is not to be called again is not. */
  const keepOptOut = async (callId: string, events: readonly GatewayEvent[]) => {
    const optOut = events.find((event) => event.kind === 'opt_out');
    if (optOut) await link.startRecordOptOut({ callId, by: optOut.by, text: optOut.text }, taskQueue);
  };
  switch (item.kind) {
    case 'carrier_event': {
      const answer = await link.carrierEvent(item.callId, item.event);
      if (answer === 'gone' && goesOn(item.event)) {
        // The attempt was superseded or has ended, and its phone rings all the same: decision 1.
        log.warn({ callId: item.callId, carrierCallId: item.event.carrierCallId }, 'a call without a workflow: hanging it up');
        await follow({
          kind: 'hangup',
          callId: item.callId,
          carrier: item.carrier,
          carrierCallId: item.event.carrierCallId,
          at: clock.now(),
        });
      } else if (answer !== 'delivered') {
        log.warn({ callId: item.callId, key: item.event.dedupeKey, answer }, 'a carrier event was dropped');
      }
      return 'done';
    }
    case 'gateway_event': {
      const answer = await link.gatewayEvent(item.callId, item.event);
      if (answer === 'gone') await keepOptOut(item.callId, [item.event]);
      if (answer !== 'delivered') log.warn({ callId: item.callId, kind: item.event.kind, answer }, 'a gateway event was dropped');
      return 'done';
    }
    case 'report': {
      const answer = await link.complete(item.callId, item.activityId, item.report);
      if (answer === 'delivered') return 'done';
      if (!item.seen && clock.now() - item.at < ACTIVITY_START_GRACE_MS) return 'retry';
      // Timed out while Temporal was away, or abandoned by a workflow that is over: the first still wants to know.
      const { gatewayId, streamId, report, at } = item;
      const late = await link.gatewayEvent(item.callId, { kind: 'late_report', gatewayId, streamId, sequence: 0, at, report });
      log.warn({ callId: item.callId, activityId: item.activityId, answer: late }, 'a report came after its activity');
      return 'done';
    }
    case 'untold_talk': {
      const { callId, carrier, request } = item;
      const answer = await link.attach(callId, request, `stream/${request.streamId}/over`, ATTACH_DEADLINE_MS);
      if (answer.kind === 'attached') return 'done';
      await keepOptOut(callId, request.over?.events ?? []);
      log.warn({ callId, code: answer.code, reason: answer.reason }, 'a talk that the workflow had not heard of is not taken any more');
      const { carrierCallId } = request;
      if (answer.action === 'hangup') await follow({ kind: 'hangup', callId, carrier, carrierCallId, at: clock.now() });
      return 'done';
    }
    case 'price': {
      const { callId, leg } = item;
      await link.startRecordPrice({ callId, leg }, item.taskQueue);
      return 'done';
    }
    case 'hangup': {
      if (clock.now() - item.at > HANGUP_GIVE_UP_MS) return 'done';
      const carrier = (await carriersOf(item.callId)).get(item.carrier);
      if (!carrier) {
        log.error({ callId: item.callId, carrier: item.carrier }, 'a call cannot be hung up: no credentials of its carrier');
        return 'retry';
      }
      await carrier.hangup(item.carrierCallId);
      return 'done';
    }
  }
}
