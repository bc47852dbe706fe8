/** One leg: from the queue over the ringing phone to the end, with the callbacks of its progress. What it does while it is answered is `Program`'s. */
import { randomUUID } from 'node:crypto';
import { isSilent, SILENT_FRAME } from '../audio';
import type { CallEntry, EndedBy, HeardSegment } from '../ledger';
import type { Persona } from '../persona';
import { Phone, type PhoneEvents } from '../persona-runner';
import { ring } from '../phone/ring';
import { SilenceMeter } from '../phone/silence-meter';
import { seededPick } from '../random';
import type { CallRecording } from './call-recording';
import type { MediaPath } from './media-path';
import type { PhoneNetwork } from './network';
import { rfc2822 } from './rfc2822';

export type EndStatus = 'completed' | 'busy' | 'failed' | 'no-answer' | 'canceled';

export type CallState =
  | { kind: 'queued' }
  | { kind: 'dialing' }
  | { kind: 'ringing' }
  | { kind: 'in-progress'; answeredAt: number }
  | { kind: 'ended'; status: EndStatus; at: number; answeredAt?: number };

export interface CallParams {
  to: string;
  from: string;
  direction: 'inbound' | 'outbound-api' | 'outbound-dial';
  parent?: Call;
  /** How long it rings at most. */
  timeoutMs: number;
  timeLimitMs: number;
  statusCallback?: string;
  statusCallbackMethod: string;
  statusCallbackEvents: readonly string[];
  /** Sent with every request about this call. */
  extraFields?: Record<string, string>;
}

export interface CallHooks {
  answered(call: Call): void;
  ended(call: Call): void;
  /** Of the person's audio, for answering machine detection. */
  firstSound?(): void;
  firstUtteranceEnded?(): void;
  beepEnded?(): void;
}

export class Call {
  readonly sid = `CA${randomUUID().replaceAll('-', '')}`;
  readonly entry: CallEntry;
  readonly createdAt: number;
  updatedAt: number;
  startedAt: number | undefined;
  queueTimeMs = 0;
  answeredBy: string | undefined;
  state: CallState = { kind: 'queued' };
  phone: Phone | undefined;
  persona: Persona | undefined;
  private path: MediaPath | undefined;
  readonly recordings = new Set<CallRecording>();
  private readonly overHooks: (() => void)[] = [];
  private sequence = 0;
  private readonly silence: SilenceMeter;
  private readonly timers = new Set<() => void>();
  private leaveTicker: () => void = () => undefined;

  constructor(
    readonly network: PhoneNetwork,
    readonly params: CallParams,
    private readonly hooks: CallHooks,
  ) {
    this.createdAt = network.lab.clock.now();
    this.updatedAt = this.createdAt;
    this.entry = network.lab.ledger.call({
      carrier: 'twilio',
      direction: params.direction === 'inbound' ? 'inbound' : 'outbound',
      callSid: this.sid,
      to: params.to,
      from: params.from,
      parentCallSid: params.parent?.sid,
      persona: '',
      createdAt: this.createdAt,
      rings: [],
      heard: [],
      said: [],
      longestSilenceMs: 0,
      streams: [],
      dtmfPressed: '',
      mustHear: [],
      errors: [],
    });
    this.silence = new SilenceMeter(this.entry);
    network.add(this);
  }

  /** Twilio's word for the state, as the REST API gives it. */
  get status(): string {
    if (this.state.kind === 'ended') return this.state.status;
    return this.state.kind === 'dialing' ? 'queued' : this.state.kind;
  }

  get isOver(): boolean {
    return this.state.kind === 'ended';
  }

  /** The fields that every request about this call carries. */
  get fields(): Record<string, string> {
    const { to, from, direction, parent } = this.params;
    return {
      CallSid: this.sid,
      AccountSid: this.network.accountSid,
      From: from,
      To: to,
      Caller: from,
      Called: to,
      Direction: direction,
      ApiVersion: '2010-04-01',
      CallStatus: this.status,
      ...(parent ? { ParentCallSid: parent.sid } : {}),
      ...this.params.extraFields,
    };
  }

  /** Calls `fn` after `ms`, unless the call has ended by then. */
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

  dial(): void {
    if (this.state.kind !== 'queued') return;
    const { casting, lab, scenario } = this.network;
    this.state = { kind: 'dialing' };
    this.startedAt = lab.clock.now();
    const { name, persona, callIndex } = casting.next(this.params.to);
    this.persona = persona;
    this.entry.persona = name;
    this.entry.personaKind = persona.kind;
    this.progress('initiated', 'initiated');
    ring(persona, scenario.network.ringAfterMs, {
      after: (ms, fn) => this.after(ms, fn),
      pick: (range) => seededPick(range, lab.options.seed, this.params.to, callIndex, 'answer'),
      rings: () => this.ring(),
      answers: (somebody) => this.answer(somebody, callIndex),
      refuses: (how, by, sipCode) => this.end(how, by, sipCode),
    });
  }

  /** Somebody calls one of the account's numbers, and hears it ring. */
  comeIn(name: string, persona: Persona & { kind: 'human' }): void {
    this.startedAt = this.createdAt;
    this.persona = persona;
    Object.assign(this.entry, { persona: name, personaKind: persona.kind });
    this.ring();
  }

  /** The TwiML does something that is to be heard: a call that came in is answered by it. */
  pickUp(): void {
    if (this.params.direction === 'inbound' && this.state.kind === 'ringing' && this.persona?.kind === 'human')
      this.answer(this.persona, 0);
  }

  onceOver(fn: () => void): void {
    this.overHooks.push(fn);
  }

  /** Connects the phone with something else. What it was connected with before is closed. */
  connect(path: MediaPath | undefined, segment?: Omit<HeardSegment, 'text' | 'startedAt'>): void {
    const previous = this.path;
    this.path = path;
    if (previous !== path) previous?.close();
    this.endSegment();
    // A stream's line is open when its socket is, and whoever opens it says so by `listen`.
    if (path && path.kind !== 'stream') this.phone?.lineOpened();
    if (segment) this.listen(segment);
  }

  /** Disconnects if it is still this path. */
  disconnect(path: MediaPath): void {
    if (this.path === path) this.connect(undefined);
  }

  /** Begins a new stretch of the ledger's `heard`. */
  listen(segment: Omit<HeardSegment, 'text' | 'startedAt'>): void {
    this.endSegment();
    const entry: HeardSegment = { ...segment, text: '', startedAt: this.network.lab.clock.now() };
    this.entry.heard.push(entry);
    this.phone?.listenTo(entry);
  }

  error(code: number, message: string): void {
    this.entry.errors.push({ code, message, at: this.network.lab.clock.now() });
  }

  end(status: EndStatus, endedBy: EndedBy, sipCode?: number): void {
    const { state, network } = this;
    if (state.kind === 'ended') return;
    const at = network.lab.clock.now();
    const answeredAt = state.kind === 'in-progress' ? state.answeredAt : undefined;
    // A call that was answered can only be completed.
    const final = answeredAt === undefined ? status : 'completed';
    this.state = { kind: 'ended', status: final, at, answeredAt };
    this.updatedAt = at;
    for (const cancel of this.timers) cancel();
    this.timers.clear();
    this.leaveTicker();
    this.connect(undefined);
    Object.assign(this.entry, { endedAt: at, finalStatus: final, endedBy, sipCode: sipCode ?? (answeredAt === undefined ? 487 : 200) });
    if (this.persona && 'mustHear' in this.persona) {
      const heard = this.phone?.text ?? '';
      this.entry.mustHear = this.persona.mustHear.map((wanted) => ({ pattern: wanted.source, heard: wanted.test(heard) }));
    }
    this.hooks.ended(this);
    for (const fn of this.overHooks) fn();
    const durationS = String(this.durationS ?? 0);
    this.progress('completed', final, {
      CallDuration: durationS,
      Duration: String(Math.ceil(Number(durationS) / 60)),
      SipResponseCode: String(this.entry.sipCode),
      ...(this.answeredBy ? { AnsweredBy: this.answeredBy } : {}),
    });
  }

  /** Whole seconds, as they are billed; undefined before the end, 0 without an answer. */
  get durationS(): number | undefined {
    if (this.state.kind !== 'ended') return undefined;
    return this.state.answeredAt === undefined ? 0 : Math.max(1, Math.round((this.state.at - this.state.answeredAt) / 1000));
  }

  private ring(): void {
    this.state = { kind: 'ringing' };
    this.entry.rings.push(this.network.lab.clock.now());
    this.progress('ringing', 'ringing');
    this.after(this.params.timeoutMs, () => {
      if (this.state.kind === 'ringing') this.end('no-answer', this.params.direction === 'inbound' ? 'callee' : 'carrier', 487);
    });
  }

  private answer(persona: Persona & { kind: 'human' | 'voicemail' }, callIndex: number): void {
    if (this.state.kind !== 'ringing') return;
    const { lab, ticker } = this.network;
    const answeredAt = lab.clock.now();
    this.state = { kind: 'in-progress', answeredAt };
    this.entry.answeredAt = answeredAt;
    this.phone = new Phone(persona, this.phoneEvents(), {
      baud: lab.options.baud,
      seed: lab.options.seed,
      number: this.params.to,
      callIndex,
    });
    this.progress('answered', 'in-progress');
    this.after(this.params.timeLimitMs, () => this.end('completed', 'time_limit'));
    if (!this.params.parent) this.leaveTicker = ticker.add(() => this.tick());
    this.hooks.answered(this);
  }

  private phoneEvents(): PhoneEvents {
    const { lab } = this.network;
    return {
      said: (text) => void this.entry.said.push({ text, at: lab.clock.now() }),
      pressed: (digit) => {
        this.entry.dtmfPressed += digit;
        this.path?.dtmf(digit);
      },
      heardKey: (key) => {
        this.entry.dtmfHeard = (this.entry.dtmfHeard ?? '') + key;
      },
      hungUp: () => this.end('completed', 'callee'),
      recorded: (text) => {
        this.entry.voicemail = text;
      },
      firstSound: () => this.hooks.firstSound?.(),
      firstUtteranceEnded: () => this.hooks.firstUtteranceEnded?.(),
      beepEnded: () => this.hooks.beepEnded?.(),
    };
  }

  private tick(): void {
    const { phone, path } = this;
    if (!phone) return;
    const said = phone.nextFrame();
    const arriving = path ? path.exchange(said) : SILENT_FRAME;
    for (const recording of this.recordings) recording.push(said, arriving);
    this.silence.measure(path?.kind, isSilent(said) && isSilent(arriving));
    phone.hear(arriving);
  }

  private endSegment(): void {
    const last = this.entry.heard.at(-1);
    if (last && last.endedAt === undefined) last.endedAt = this.network.lab.clock.now();
  }

  private progress(event: string, status: string, more: Record<string, string> = {}): void {
    const { lab, callbacks } = this.network;
    this.updatedAt = lab.clock.now();
    // Counted whether or not somebody listens to this event.
    const sequenceNumber = String(this.sequence++);
    const { statusCallback, statusCallbackEvents, statusCallbackMethod, to } = this.params;
    if (!statusCallback || !statusCallbackEvents.includes(event)) return;
    callbacks.send({
      callSid: this.sid,
      to,
      event,
      url: statusCallback,
      method: statusCallbackMethod,
      params: {
        ...this.fields,
        CallStatus: status,
        Timestamp: rfc2822(lab.clock.now()),
        CallbackSource: 'call-progress-events',
        SequenceNumber: sequenceNumber,
        ...more,
      },
    });
  }
}
