/** One leg: from the dialled number, or from the caller who waits, to the end, with the webhooks of its progress. What is heard on it is `Line`'s. */
import { randomBytes, randomUUID } from 'node:crypto';
import type Telnyx from 'telnyx';
import type { CallEntry, EndedBy } from '../ledger';
import type { HumanPersona, Persona } from '../persona';
import { Phone, type PhoneEvents } from '../persona-runner';
import { ring } from '../phone/ring';
import { seededPick } from '../random';
import type { Detection } from './detection';
import { causeOf, finalStatus, type HangupCause, type HangupSource } from './hangup-cause';
import { legCost } from './leg-cost';
import { detectionOn } from './leg-detection';
import { Line } from './line';
import type { TelnyxNetwork } from './network';
import type { StreamOptions } from './stream-options';
import type { WebhookEvent, WebhookPayloads } from './webhooks';

export type LegState =
  /** An outgoing leg on its way, or an incoming one whose caller hears it ring. */
  | { kind: 'dialing' }
  | { kind: 'ringing' }
  | { kind: 'answered'; at: number }
  | { kind: 'ended'; at: number; answeredAt: number | undefined };

export interface LegParams {
  to: string;
  from: string;
  direction: 'outgoing' | 'incoming';
  connectionId: string;
  webhookUrl: string | undefined;
  /** By event, instead of `webhookUrl`. */
  webhookUrls?: Record<string, string[]> | undefined;
  clientState: string | undefined;
  /** How long it rings at most. */
  timeoutMs: number;
  timeLimitMs: number;
  /** Whose session it joins. */
  linkedTo: Leg | undefined;
  /** What the bridging of a transfer calls `bridging`. */
  initialState: 'parked' | 'bridging';
  customHeaders: Telnyx.CustomSipHeader[];
  /** As the phone network shows it, where it does. */
  callerName?: string | undefined;
  /** How often its first webhook is sent besides the one that counts, as where its answer was late: with the same id. */
  repeats?: number;
  detection: { mode: ConstructorParameters<typeof Detection>[0]; config: ConstructorParameters<typeof Detection>[1] } | undefined;
  stream: { options: StreamOptions; beforeDialing: boolean } | undefined;
  /** Stays on the line when the other leg of a bridge goes. */
  parkAfterUnbridge: boolean;
  answered(leg: Leg): void;
}

export class Leg {
  readonly callControlId = `v3:${randomBytes(36).toString('base64url')}`;
  readonly callLegId = randomUUID();
  readonly callSessionId: string;
  readonly startedAt: number;
  readonly entry: CallEntry;
  readonly line: Line;
  state: LegState = { kind: 'dialing' };
  clientState: string | undefined;
  parkAfterUnbridge: boolean;
  persona: Persona | undefined;
  phone: Phone | undefined;
  private detection: Detection | undefined;
  private callIndex = 0;
  private readonly timers = new Set<() => void>();
  private readonly dependents: (() => void)[] = [];
  private leaveTicker: () => void = () => undefined;

  constructor(
    readonly network: TelnyxNetwork,
    readonly params: LegParams,
  ) {
    const { to, from, linkedTo } = params;
    this.startedAt = network.lab.clock.now();
    this.callSessionId = linkedTo?.callSessionId ?? randomUUID();
    this.clientState = params.clientState;
    this.parkAfterUnbridge = params.parkAfterUnbridge;
    this.entry = network.lab.ledger.call({
      carrier: 'telnyx',
      direction: params.direction === 'outgoing' ? 'outbound' : 'inbound',
      callSid: this.callControlId,
      to,
      from,
      parentCallSid: linkedTo?.callControlId,
      persona: '',
      createdAt: this.startedAt,
      rings: [],
      heard: [],
      said: [],
      longestSilenceMs: 0,
      streams: [],
      dtmfPressed: '',
      mustHear: [],
      errors: [],
    });
    this.line = new Line(this);
    network.add(this);
  }

  get isOver(): boolean {
    return this.state.kind === 'ended';
  }

  get isAnswered(): boolean {
    return this.state.kind === 'answered';
  }

  /** The person's number, whoever called. */
  get personNumber(): string {
    return this.params.direction === 'outgoing' ? this.params.to : this.params.from;
  }

  /** The ids that every webhook about this leg carries. */
  get ids() {
    return {
      call_control_id: this.callControlId,
      call_leg_id: this.callLegId,
      call_session_id: this.callSessionId,
      connection_id: this.params.connectionId,
      ...(this.clientState === undefined ? {} : { client_state: this.clientState }),
    };
  }

  get parties() {
    return { from: this.params.from, to: this.params.to };
  }

  tell<E extends WebhookEvent>(event: E, payload: WebhookPayloads[E], repeats = 0): void {
    const application = this.network.application(this.params.connectionId);
    const url = this.params.webhookUrl ?? application?.webhook_event_url;
    if (!url) return;
    const failoverUrl = this.params.webhookUrl === undefined ? (application?.webhook_event_failover_url ?? undefined) : undefined;
    const target = { callControlId: this.callControlId, to: this.params.to, url, failoverUrl };
    for (const mapped of this.params.webhookUrls?.[event] ?? [url]) {
      this.network.webhooks.send({ ...target, url: mapped }, event, payload, repeats);
    }
  }

  /** Calls `fn` after `ms`, unless the leg has ended by then. */
  after(ms: number, fn: () => void): () => void {
    const cancel = this.network.lab.clock.after(ms, () => {
      this.timers.delete(cancel);
      fn();
    });
    this.timers.add(cancel);
    return () => {
      this.timers.delete(cancel);
      cancel();
    };
  }

  /** Calls `fn` when the leg has ended. */
  whenOver(fn: () => void): void {
    this.dependents.push(fn);
  }

  /** Calls the number. */
  dial(): void {
    const { casting, lab, scenario } = this.network;
    const { name, persona, callIndex } = casting.next(this.params.to);
    this.cast(name, persona, callIndex);
    this.initiated();
    if (this.params.stream?.beforeDialing) this.line.openStream(this.params.stream.options);
    ring(persona, scenario.network.ringAfterMs, {
      after: (ms, fn) => void this.after(ms, fn),
      pick: (range) => seededPick(range, lab.options.seed, this.params.to, callIndex, 'answer'),
      rings: () => this.ring(),
      answers: () => this.answer(),
      refuses: (how, by, sipCode) => this.end(causeOf(how, sipCode), by === 'callee' || how === 'busy' ? 'callee' : 'unknown', by, sipCode),
    });
  }

  /** The person has called, and hears it ring until somebody answers. */
  receive(name: string, persona: HumanPersona, giveUpAfterMs: number): void {
    this.cast(name, persona, this.network.inboundIndex(this.params.from));
    this.state = { kind: 'ringing' };
    this.entry.rings.push(this.startedAt);
    this.initiated();
    this.after(giveUpAfterMs, () => {
      if (this.state.kind === 'ringing') this.end('originator_cancel', 'caller', 'callee', 487);
    });
  }

  /** The person picks up, or the account answers the person who called. */
  answer(): void {
    if (this.state.kind !== 'ringing' || !this.persona || !('answerAfterMs' in this.persona)) return;
    const { lab, ticker } = this.network;
    const at = lab.clock.now();
    const { persona } = this;
    this.state = { kind: 'answered', at };
    this.entry.answeredAt = at;
    this.phone = new Phone(persona, this.phoneEvents(), {
      baud: lab.options.baud,
      seed: lab.options.seed,
      number: this.personNumber,
      callIndex: this.callIndex,
    });
    const headers = this.params.customHeaders.length > 0 ? { custom_headers: this.params.customHeaders } : {};
    this.tell('call.answered', { ...this.ids, ...this.parties, ...this.times, ...headers, state: 'answered' });
    this.after(this.params.timeLimitMs, () => this.end('time_limit', 'unknown', 'time_limit', 200));
    this.detection = detectionOn(this, persona);
    this.detection?.start();
    this.line.answered(this.phone);
    if (this.params.stream && !this.params.stream.beforeDialing) this.line.openStream(this.params.stream.options);
    this.leaveTicker = ticker.add(() => this.line.tick());
    this.params.answered(this);
  }

  end(cause: HangupCause, source: HangupSource, endedBy: EndedBy, sipCode: number): void {
    const { state, network } = this;
    if (state.kind === 'ended') return;
    const at = network.lab.clock.now();
    const answeredAt = state.kind === 'answered' ? state.at : undefined;
    // What the line still has to say is said while the leg is alive: a webhook carries its last client state.
    this.line.end();
    this.state = { kind: 'ended', at, answeredAt };
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.leaveTicker();
    Object.assign(this.entry, {
      endedAt: at,
      finalStatus: answeredAt === undefined ? finalStatus(cause) : 'completed',
      endedBy,
      sipCode,
    });
    if (this.persona && 'mustHear' in this.persona) {
      const heard = this.phone?.text ?? '';
      this.entry.mustHear = this.persona.mustHear.map((wanted) => ({ pattern: wanted.source, heard: wanted.test(heard) }));
    }
    this.tell('call.hangup', {
      ...this.ids,
      ...this.parties,
      ...this.times,
      state: 'hangup',
      hangup_cause: cause,
      hangup_source: source,
      sip_hangup_cause: String(sipCode),
      call_quality_stats: null,
    });
    this.tellCost();
    for (const fn of this.dependents) fn();
  }

  /** Whole seconds since the answer. */
  get durationS(): number {
    if (this.state.kind === 'answered') return Math.round((this.network.lab.clock.now() - this.state.at) / 1000);
    if (this.state.kind !== 'ended' || this.state.answeredAt === undefined) return 0;
    return Math.max(1, Math.round((this.state.at - this.state.answeredAt) / 1000));
  }

  private get times() {
    return { start_time: new Date(this.startedAt).toISOString() };
  }

  private cast(name: string, persona: Persona, callIndex: number): void {
    this.persona = persona;
    this.callIndex = callIndex;
    this.entry.persona = name;
    this.entry.personaKind = persona.kind;
  }

  private initiated(): void {
    const { direction, initialState, customHeaders, callerName, repeats } = this.params;
    this.tell(
      'call.initiated',
      {
        ...this.ids,
        ...this.parties,
        ...this.times,
        direction,
        state: initialState,
        ...(callerName === undefined ? {} : { caller_id_name: callerName }),
        ...(customHeaders.length > 0 ? { custom_headers: customHeaders } : {}),
      },
      repeats,
    );
  }

  private ring(): void {
    this.state = { kind: 'ringing' };
    this.entry.rings.push(this.network.lab.clock.now());
    this.after(this.params.timeoutMs, () => {
      if (this.state.kind === 'ringing') this.end('timeout', 'unknown', 'carrier', 487);
    });
  }

  private phoneEvents(): PhoneEvents {
    const { lab } = this.network;
    return {
      said: (text) => void this.entry.said.push({ text, at: lab.clock.now() }),
      pressed: (digit) => {
        this.entry.dtmfPressed += digit;
        this.tell('call.dtmf.received', { ...this.ids, ...this.parties, digit });
        this.line.pressed(digit);
      },
      hungUp: () =>
        this.line.later(() => this.end('normal_clearing', this.params.direction === 'outgoing' ? 'callee' : 'caller', 'callee', 200)),
      recorded: (text) => {
        this.entry.voicemail = text;
      },
      firstSound: () => this.detection?.firstSound(),
      firstUtteranceEnded: () => this.detection?.firstUtteranceEnded(),
      beepEnded: () => this.detection?.beepEnded(),
    };
  }

  /** Only where the application asks for it. */
  private tellCost(): void {
    if (!this.network.application(this.params.connectionId)?.call_cost_in_webhooks) return;
    const currency = this.network.lab.faults.take('price_foreign', { to: this.params.to }) ? 'EUR' : 'USD';
    this.tell('call.cost', {
      ...this.ids,
      ...legCost(this.durationS, this.network.scenario.network.pricePerMinute, currency),
      occurred_at: new Date(this.network.lab.clock.now()).toISOString(),
    });
  }
}
