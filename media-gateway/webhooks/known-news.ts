/**
 * News of a carrier that the workflow has already, or is about to get in another way: each as a signal of its own would be one to six events of
 * its history. Whatever is not surely known is a signal; a gateway that is killed while it waits leaves a webhook without an answer.
 */
import type { CarrierEvent } from '../../contracts/call';
import { isTerminalCarrierStatus } from '../../contracts/carrier';
import { type Clock, sleep, within } from '../../contracts/clock';
import type { Logger } from '../../runtime/log';
import type { Admission } from '../admission';
import type { CallRegistry } from '../call-registry';
import type { PrewarmPool } from '../prewarm';
import type { WorkflowLink } from '../workflow-link';
import type { WebhookOrigin } from './pass-event';

/** Until the answer to the dial's own request, which comes in the same moment, is in the history: milliseconds between two looks. */
const DIAL_LOOKS_MS = [100, 200, 300, 400];
const LOOK_DEADLINE_MS = 1_000;
/** The carrier opens its stream and tells of the answer at the same time, and the attach is answered within some tens of milliseconds. */
const STREAM_ATTACHED_MS = 700;
/** What came before a call's end is told before it, as far as that goes quickly. */
const BEFORE_THE_END_MS = 500;

export interface KnownNewsDeps {
  link: WorkflowLink;
  calls: CallRegistry;
  prewarm: PrewarmPool;
  admission: Admission;
  clock: Clock;
  log: Logger;
}

type StatusEvent = Extract<CarrierEvent, { kind: 'status' }>;

type Hurry = 'later' | 'stopping';

/** A status that is being told, or waits to be known. */
interface Held {
  status: StatusEvent['status'];
  /** Aborted by the news that makes waiting pointless. */
  hurry: AbortController;
  told: Promise<unknown>;
}

export class KnownNews {
  /** By the carrier's id of the call. */
  private readonly held = new Map<string, Set<Held>>();

  constructor(private readonly deps: KnownNewsDeps) {}

  /** Calls `send` unless the workflow needs no signal. That takes a second or so at most, and longer only while Temporal does not answer. */
  async unlessKnown(origin: WebhookOrigin, event: CarrierEvent, send: () => Promise<unknown>): Promise<void> {
    if (event.kind !== 'status') {
      if (!this.isKnown(origin.callId, event)) await send();
      return;
    }
    const { carrierCallId, status } = event;
    if (isTerminalCarrierStatus(status)) {
      await this.tellBefore(carrierCallId);
      await send();
      return;
    }
    const hurry = new AbortController();
    if (status !== 'queued') this.hurry(carrierCallId, 'later', (held) => held.status === 'queued');
    const told = this.isTold(origin, event, hurry.signal).then((known) => (known ? undefined : send()));
    const held: Held = { status, hurry, told };
    const ofCall = this.held.get(carrierCallId) ?? new Set();
    this.held.set(carrierCallId, ofCall.add(held));
    try {
      await told;
    } finally {
      ofCall.delete(held);
      if (ofCall.size === 0 && this.held.get(carrierCallId) === ofCall) this.held.delete(carrierCallId);
    }
  }

  /** What waits is told now. */
  stop(): void {
    for (const carrierCallId of this.held.keys()) this.hurry(carrierCallId, 'stopping');
  }

  private hurry(carrierCallId: string, why: Hurry, which: (held: Held) => boolean = () => true): void {
    for (const held of this.held.get(carrierCallId) ?? []) if (which(held)) held.hurry.abort(why);
  }

  /** An answer that came after its call's end would be for a workflow that is gone. */
  private async tellBefore(carrierCallId: string): Promise<void> {
    this.hurry(carrierCallId, 'later');
    const earlier = [...(this.held.get(carrierCallId) ?? [])].map(({ told }) => told);
    if (earlier.length === 0) return;
    await within(this.deps.clock, BEFORE_THE_END_MS, Promise.allSettled(earlier));
  }

  private isKnown(callId: string, event: Exclude<CarrierEvent, { kind: 'status' }>): boolean {
    const { calls } = this.deps;
    switch (event.kind) {
      case 'amd':
        // The words have told already.
        return event.answeredBy === 'human' && calls.of(callId).some((host) => host.answered.isPerson);
      case 'stream':
        // The attach has told of its start, and the report tells of its end.
        return event.status === 'started' || calls.tellsOf(callId, event.streamId);
      case 'transfer_result':
      case 'consult':
      case 'recording':
        return false;
      default:
        return event satisfies never;
    }
  }

  private async isTold(
    { callId, carrier }: WebhookOrigin,
    { carrierCallId, status, at }: StatusEvent,
    hurry: AbortSignal,
  ): Promise<boolean> {
    const { calls, prewarm, admission } = this.deps;
    switch (status) {
      case 'queued':
        return this.dialTells(callId, hurry);
      case 'ringing':
        // A gateway that has the call's stream is not warmed up for it, nor is one that takes no calls.
        if (calls.of(callId).length > 0 || admission.refusal()) return false;
        return prewarm.warmUp(callId, carrier, carrierCallId, at);
      case 'in_progress':
        return calls.attachedWithin(callId, carrierCallId, STREAM_ATTACHED_MS, hurry);
      default:
        return false;
    }
  }

  /**
   * Only a workflow that still waits for its dial, or has lost it, has to hear that there is a call; and one that is over, so that the call is hung up
   * before it rings.
   */
  private async dialTells(callId: string, hurry: AbortSignal): Promise<boolean> {
    const { clock, link, log } = this.deps;
    try {
      for (const ms of DIAL_LOOKS_MS) {
        await sleep(clock, ms, hurry).catch(() => {});
        // Later news say all that this could: that there is a call.
        if (hurry.aborted) return hurry.reason === ('later' satisfies Hurry);
        const progress = await link.progress(callId, LOOK_DEADLINE_MS);
        if (progress !== 'busy') return progress === 'quiet';
      }
    } catch (error) {
      log.debug({ callId, err: error }, 'whether the dial was answered is not known');
    }
    return false;
  }
}
