import type { CarrierEvent } from '../../contracts/call';
import { type CarrierName, isTerminalCarrierStatus } from '../../contracts/carrier';
import type { LegPrice } from '../../contracts/carrier-price';
import { tellMachine } from '../call-taps';
import type { GatewayContext } from '../gateway-context';

/** Whose webhook it was, for the log and the way on. */
export interface WebhookOrigin {
  callId: string;
  carrier: CarrierName;
  path: string | undefined;
}

/** What a webhook tells, to the workflow. Resolves only when the event is there or on disk: then the webhook may be answered. */
export async function passEvent(gateway: GatewayContext, origin: WebhookOrigin, event: CarrierEvent | undefined): Promise<void> {
  const { callId, carrier, path } = origin;
  if (!event) {
    // Initiated and ringing of a human's leg are of no use; anything else is new to us.
    gateway.log.debug({ callId, path }, 'a webhook without an event');
    return;
  }
  gateway.log.debug({ callId, key: event.dedupeKey }, 'webhook');
  if (event.kind === 'status') {
    if (isTerminalCarrierStatus(event.status)) {
      gateway.prewarm.release(callId);
      for (const host of gateway.calls.of(callId)) host.onCarrierStatus(event.carrierCallId, event.status);
    }
  }
  await gateway.knownNews.unlessKnown(origin, event, async () => {
    if (event.kind === 'amd' && gateway.taps && event.answeredBy !== 'unknown') {
      tellMachine(gateway.taps, callId, event.answeredBy, gateway.log);
    }
    await gateway.outbox.send({ kind: 'carrier_event', callId, carrier, event });
  });
  if (event.kind !== 'amd' || event.answeredBy !== 'human') return;
  for (const host of gateway.calls.of(callId)) host.answered.carrierSaysPerson();
}

/** What a leg cost. Resolves only when it will be written down. */
export async function passPrice(gateway: GatewayContext, callId: string, leg: LegPrice): Promise<void> {
  gateway.log.debug({ callId, micros: leg.micros, currency: leg.currency }, 'the price of a leg');
  await gateway.outbox.send({ kind: 'price', callId, leg, taskQueue: gateway.config.PATTER_TASK_QUEUE });
}
