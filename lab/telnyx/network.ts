/** Telnyx in the lab: the account's numbers and applications, every leg there is, and the commands it has carried out already. */
import { createHash } from 'node:crypto';
import type Telnyx from 'telnyx';
import type { LabServer } from '../lab-server';
import type { Casting, Scenario } from '../scenario';
import { Ticker } from '../ticker';
import { privateKey } from './account';
import { TelnyxApiError } from './errors';
import type { Leg } from './leg';
import { Recordings } from './recordings';
import type { LegCodec } from './stream-options';
import { WebhookSender } from './webhooks';

export interface NetworkOptions {
  scenario: Scenario;
  casting: Casting;
}

export type Application = Telnyx.CallControlApplication & { id: string };

export interface OwnedNumber {
  id: string;
  number: string;
  connectionId: string | null;
}

/** A repeated `command_id` is ignored for so long. */
const COMMAND_ID_MS = 60_000;
/** The rate is measured over so many seconds. */
const RATE_WINDOW_S = 5;

export class TelnyxNetwork {
  readonly userId = '00000000-0000-4000-8000-000000000001';
  readonly ticker: Ticker;
  readonly webhooks: WebhookSender;
  readonly recordings: Recordings;
  readonly scenario: Scenario;
  readonly casting: Casting;
  /** By call_control_id, in the order of their creation. */
  readonly legs = new Map<string, Leg>();
  readonly applications = new Map<string, Application>();
  /** By id. */
  readonly numbers = new Map<string, OwnedNumber>();
  private readonly commands = new Map<string, { at: number; answer: unknown }>();
  private readonly inbound = new Map<string, number>();
  /** On the monotonic clock. */
  private dials: number[] = [];

  constructor(
    readonly lab: LabServer,
    options: NetworkOptions,
  ) {
    this.scenario = options.scenario;
    this.casting = options.casting;
    this.ticker = new Ticker(lab.clock);
    this.webhooks = new WebhookSender(lab, privateKey(options.scenario.telnyx.apiKey));
    this.recordings = new Recordings(this);
    this.furnish();
  }

  add(leg: Leg): void {
    this.legs.set(leg.callControlId, leg);
  }

  application(id: string): Application | undefined {
    return this.applications.get(id);
  }

  owned(number: string): OwnedNumber | undefined {
    return [...this.numbers.values()].find((owned) => owned.number === number);
  }

  codec(personNumber: string): LegCodec {
    const { codecs, codec } = this.scenario.telnyx;
    return codecs[personNumber] ?? codec;
  }

  /** How often this number has called before. */
  inboundIndex(number: string): number {
    const index = this.inbound.get(number) ?? 0;
    this.inbound.set(number, index + 1);
    return index;
  }

  /** @throws TelnyxApiError above the rate */
  countDial(): void {
    const now = this.lab.clock.monotonic();
    this.dials = this.dials.filter((at) => now - at < RATE_WINDOW_S * 1000);
    if (this.dials.length >= this.scenario.telnyx.dialsPerSecond * RATE_WINDOW_S) throw new TelnyxApiError('90103');
    this.dials.push(now);
  }

  /** Carries a command out once: with the same id the first answer is given again. */
  once<T>(scope: string, commandId: string | undefined, perform: () => T): T {
    if (commandId === undefined) return perform();
    const key = `${scope} ${commandId}`;
    const now = this.lab.clock.monotonic();
    const known = this.commands.get(key);
    if (known && now - known.at < COMMAND_ID_MS) return known.answer as T;
    const answer = perform();
    this.commands.set(key, { at: now, answer });
    return answer;
  }

  reset(): void {
    for (const leg of this.legs.values()) leg.end('unspecified', 'unknown', 'lab', 500);
    this.webhooks.reset();
    this.recordings.reset();
    this.legs.clear();
    this.commands.clear();
    this.inbound.clear();
    this.dials = [];
    this.casting.reset();
    this.furnish();
  }

  stop(): void {
    this.reset();
    this.ticker.stop();
  }

  /** As the scenario says. */
  private furnish(): void {
    const { telnyx, numbers } = this.scenario;
    const at = new Date(this.lab.clock.now()).toISOString();
    this.applications.clear();
    this.applications.set(telnyx.connectionId, {
      id: telnyx.connectionId,
      record_type: 'call_control_application',
      active: true,
      application_name: 'Patter lab',
      webhook_api_version: '2',
      webhook_event_url: telnyx.webhookUrl ?? '',
      webhook_event_failover_url: telnyx.webhookFailoverUrl ?? null,
      webhook_timeout_secs: null,
      call_cost_in_webhooks: telnyx.callCostInWebhooks,
      created_at: at,
      updated_at: at,
    });
    this.numbers.clear();
    for (const number of numbers) {
      const id = String(createHash('sha1').update(number).digest().readUIntBE(0, 6)).padStart(16, '1');
      this.numbers.set(id, { id, number, connectionId: telnyx.connectionId });
    }
  }
}
