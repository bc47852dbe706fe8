/**
 * One media stream of one call: glue between the carrier's stream, the session that talks, and the call's workflow.
 *
 *   attaching ──► talking ──► reporting ──► closed        (the talk ended: report, hang up, close)
 *     │  └──► ahead ──┘│          └──► holding ──► closed  (a transfer: the carrier takes the call away)
 *       │            └──────► abandoned ──► closed        (the workflow has the call elsewhere: close, nothing else)
 *       └──────────────────────────────────► closed       (refused, no answer in time, or the stream ended first)
 *
 * `ahead`: the workflow does not answer, and the caller hears disclosure and greeting all the same, from what was prepared while the phone rang.
 * Only on a call's first stream, as its token says: no other has nothing to go on from.
 *
 * Whatever comes first of stop, socket close, terminal callback, command, time limit or drain ends it, once.
 */
import {
  type AttachRequest,
  type AttachResult,
  type CallSetup,
  type ConversationReport,
  conversationActivityId,
  type GatewayCommand,
  type GatewayEvent,
} from '../contracts/call';
import { type CarrierName, isTerminalCarrierStatus } from '../contracts/carrier';
import { type Clock, sleep } from '../contracts/clock';
import type { ErrorCode } from '../contracts/errors';
import type { Config } from '../runtime/config';
import type { Logger } from '../runtime/log';
import type { TenantAccounts } from '../runtime/tenant-accounts';
import { playHoldMusic } from './audio/hold-music';
import { type CallTaps, StreamTaps } from './call-taps';
import type { SocketCarrierStream } from './carrier-stream';
import { Heartbeats } from './heartbeats';
import type { Outbox } from './outbox';
import type { PrewarmPool, Warm } from './prewarm';
import { runDurably } from './run-durably';
import type { Prewarmed, Session, SessionEvent } from './session';
import type { SessionMaker } from './session-maker';
import type { WorkflowLink } from './workflow-link';

/** One try of the attach; sent again with the same update id, so a slow answer is not lost. */
const ATTACH_TRY_MS = 3_000;
/** As long as the caller is kept in silence; then the carrier goes on to ask another gateway. */
const ATTACH_LIMIT_MS = 10_000;
/** The workflow answers within some tens of milliseconds where all is well; after so long the agent begins without it. */
const BEGIN_AHEAD_MS = 500;
const ATTACH_RETRY_MS = 200;
/** A report that takes longer goes on by itself, and the caller's line is closed meanwhile. */
const REPORT_BEFORE_HANGUP_MS = 2_000;
/** The carrier takes the call away for a transfer within a second or two; a workflow that cannot transfer hangs up or streams anew. */
const TRANSFER_HOLD_MS = 60_000;
/** People are asked one after the other, and the caller hears music; then the carrier asks what comes next. */
const MUSIC_MS = 10 * 60_000;
/** Two seconds of what the caller said before the session was there. */
const MAX_EARLY_FRAMES = 100;

type Attached = Extract<AttachResult, { kind: 'attached' }>;
type Early = { audio: Uint8Array } | { digit: string } | { mark: string };

type State =
  | { name: 'attaching'; early: Early[]; commands: GatewayCommand[]; end: 'caller_hung_up' | 'drained' /** Monotonic. */; drainBy?: number }
  | { name: 'ahead'; session: Session }
  | { name: 'talking'; session: Session; heartbeats: Heartbeats }
  | { name: 'reporting'; session: Session }
  | { name: 'holding'; session: Session; reported: boolean }
  | { name: 'abandoned' }
  | { name: 'closed' };

export interface CallHostDeps {
  gatewayId: string;
  config: Config;
  accounts?: TenantAccounts;
  link: WorkflowLink;
  outbox: Outbox;
  prewarm: PrewarmPool;
  sessions: SessionMaker;
  /** Who listens in, in this process. */
  taps?: CallTaps;
  clock: Clock;
  log: Logger;
}

export interface CallHostStart {
  callId: string;
  /** Which stream of the call this is, from 1, as its token says. */
  attachment: number;
  tokenNonce: string;
  carrier: CarrierName;
  stream: SocketCarrierStream;
}

export class CallHost {
  readonly callId: string;
  readonly tokenNonce: string;
  readonly stream: SocketCarrierStream;
  private readonly log: Logger;
  private readonly startedAt: number;
  private state: State = { name: 'attaching', early: [], commands: [], end: 'caller_hung_up' };
  private sequence = 0;
  /** What is heartbeated and completed; another one when the workflow took this gateway for lost. */
  private activityId = '';
  private attachedAgain = 0;
  /** The workflow has been told that a person answered. */
  humanConfirmed = false;
  private taps: StreamTaps | undefined;
  /** While set, the workflow does not know of this stream: what it is to be told waits here. */
  private untold: GatewayEvent[] | undefined;
  /** Aborted when the carrier's stream is gone, for whichever reason. */
  private readonly gone = new AbortController();

  constructor(
    private readonly start: CallHostStart,
    private readonly deps: CallHostDeps,
  ) {
    this.callId = start.callId;
    this.tokenNonce = start.tokenNonce;
    this.stream = start.stream;
    this.startedAt = deps.clock.now();
    this.log = deps.log.child({ callId: start.callId, streamId: start.stream.streamId, carrierCallId: start.stream.carrierCallId });
  }

  /** From attach to close. Never rejects. */
  async run(): Promise<void> {
    const warm = this.deps.prewarm.take(this.callId, this.stream.carrierCallId);
    try {
      await this.live(warm);
    } catch (error) {
      this.log.error({ err: error }, 'the call host failed; the stream closes and the workflow decides');
    } finally {
      if (this.state.name === 'talking') this.state.heartbeats.stop();
      this.state = { name: 'closed' };
      this.stream.close();
    }
  }

  onAudio(audio: Uint8Array): void {
    if (this.state.name === 'talking' || this.state.name === 'ahead') this.state.session.onAudio(audio);
    else this.keepEarly({ audio });
  }

  onMark(mark: string): void {
    if (this.state.name === 'talking' || this.state.name === 'ahead') this.state.session.onMark(mark);
    else this.keepEarly({ mark });
  }

  onDtmf(digit: string): void {
    if (this.state.name === 'talking' || this.state.name === 'ahead') this.state.session.onDtmf(digit);
    else this.keepEarly({ digit });
  }

  /** Stop, close, both or only the terminal callback: the first counts. */
  onStreamClosed(): void {
    if (this.gone.signal.aborted) return;
    this.gone.abort();
    if (this.state.name === 'talking' || this.state.name === 'ahead') this.state.session.onStreamClosed();
    this.stream.close();
  }

  /** A status callback of this call. */
  onCarrierStatus(carrierCallId: string, status: Parameters<typeof isTerminalCarrierStatus>[0]): void {
    if (carrierCallId === this.stream.carrierCallId && isTerminalCarrierStatus(status)) this.onStreamClosed();
  }

  /** False when it is not for this stream, or the talk is over. */
  onCommand(command: GatewayCommand): boolean {
    if (command.streamId !== this.stream.streamId) return false;
    switch (this.state.name) {
      case 'attaching':
        // The workflow knows of this stream before the answer to its attach has come back here.
        if (command.kind !== 'reattach') this.state.commands.push(command);
        return true;
      case 'ahead':
        return command.kind === 'reattach' || this.order(this.state.session, command);
      case 'talking':
        if (command.kind !== 'reattach') return this.order(this.state.session, command);
        this.state.heartbeats.now();
        return true;
      case 'reporting':
        // The report is on its way, and is taken also when it is late.
        return command.kind === 'reattach';
      case 'holding':
        // As with `reporting`: a call that was to be transferred while Temporal was away must not begin anew elsewhere.
        return command.kind === 'still_holding' || (command.kind === 'reattach' && !this.state.reported);
      case 'abandoned':
      case 'closed':
        return false;
    }
  }

  private order(session: Session, command: GatewayCommand): boolean {
    if (command.kind === 'drop_voicemail') this.taps?.machine('machine');
    else if (command.kind === 'human') this.taps?.machine('human');
    else if (command.kind === 'callee') this.taps?.machine(command.is);
    return session.onCommand(command);
  }

  /** Hands the call over: another gateway goes on with it, from the next pause of the talk on, at the latest after `withinMs`. */
  drain(withinMs: number): void {
    switch (this.state.name) {
      case 'ahead':
      case 'talking':
        this.state.session.drain(withinMs);
        return;
      case 'attaching':
        this.state.drainBy = this.deps.clock.monotonic() + withinMs;
        if (withinMs > 0) return;
        this.state.end = 'drained';
        this.stream.close();
        return;
      case 'holding':
        // The carrier is about to take the call away.
        if (withinMs <= 0) this.stream.close();
        return;
      case 'reporting':
      case 'abandoned':
      case 'closed':
        return;
    }
  }

  private async live(warm: Warm | undefined): Promise<void> {
    const attaching = this.attach(warm);
    if (warm && this.start.attachment === 1 && !(await this.within(attaching, BEGIN_AHEAD_MS))) {
      const config = await this.configOf(warm.setup.tenantId);
      // Nobody is there to be greeted any more, or another gateway is to do it.
      const begin = this.state.name === 'attaching' && this.state.end !== 'drained' && !this.gone.signal.aborted;
      if (begin && !(await this.within(attaching, 0))) return this.ahead(warm, config, attaching);
    }
    const result = await attaching;
    if (result?.kind !== 'attached' || !result.activityId) {
      warm?.prewarmed.dispose();
      if (result?.kind === 'refused') this.onRefused(result);
      else this.log.warn({ answered: result !== undefined }, 'not attached; the carrier goes on without this stream');
      return;
    }
    const setup = warm?.setup ?? result.setup;
    const config = setup && (await this.configOf(setup.tenantId));
    if (!setup || !config || this.gone.signal.aborted) {
      warm?.prewarmed.dispose();
      if (!setup) this.log.error('attached without a set-up');
      // The activity waits for a report: none would cost the workflow a heartbeat time-out.
      await this.report(
        result.activityId,
        false,
        this.emptyReport(setup && this.state.name === 'attaching' ? this.state.end : 'provider_failed'),
      );
      return;
    }
    await this.goOn(setup, config, result, warm?.prewarmed);
  }

  private async configOf(tenantId: string): Promise<Config> {
    const { accounts, config } = this.deps;
    return accounts ? accounts.configOrNone(tenantId) : config;
  }

  /** A session of its own for what the workflow has answered. */
  private async goOn(setup: CallSetup, config: Config, result: Attached, prewarmed?: Prewarmed): Promise<void> {
    const session = this.open(setup, config, result, prewarmed);
    this.activityId = result.activityId ?? '';
    const heartbeats = this.heartbeatsOf(session);
    this.begin(session, { name: 'talking', session, heartbeats });
    heartbeats.start();
    await this.talk(session, heartbeats, isWarm(setup));
  }

  /** The agent begins, and the workflow is asked for as long as they talk. */
  private async ahead(warm: Warm, config: Config, attaching: Promise<AttachResult | undefined>): Promise<void> {
    const { setup } = warm;
    this.log.warn('the workflow does not answer yet: the agent begins without it');
    this.untold = [];
    const session = this.open(setup, config, { history: [] }, warm.prewarmed);
    this.begin(session, { name: 'ahead', session });
    const first = await Promise.race([attaching, session.done.then(() => 'over' as const)]);
    if (first === 'over' || first === undefined) {
      const report = await session.done;
      this.taps?.ended(report);
      return this.wrapUp(session, false, report, isWarm(setup));
    }
    if (first.kind === 'attached' && first.activityId === conversationActivityId(1) && first.history.length === 0) {
      this.log.info('attached, in the middle of the talk');
      this.activityId = first.activityId;
      const heartbeats = this.heartbeatsOf(session);
      this.state = { name: 'talking', session, heartbeats };
      this.tellAll();
      heartbeats.start();
      return this.talk(session, heartbeats, isWarm(setup));
    }
    // What was said is nobody's: the call is over, or goes on elsewhere, or has a history that this session does not know.
    this.taps?.ended(undefined);
    const untold = this.untold;
    this.state = { name: 'abandoned' };
    session.onStreamClosed();
    if (first.kind === 'attached' && first.activityId) {
      this.untold = undefined;
      this.stream.clear();
      return this.goOn(setup, config, first);
    }
    if (first.kind === 'refused') {
      this.onRefused(first);
      // They talked, and the news of the call's end came first.
      if (first.code === ('PATTER_CALL_ENDED' satisfies ErrorCode)) await this.tellAfterwards(untold, await session.done);
    }
  }

  private open(
    setup: CallSetup,
    config: Config,
    { history, resume, digits, toolCalls, openTools }: Pick<Attached, 'history' | 'resume' | 'digits' | 'toolCalls' | 'openTools'>,
    prewarmed: Prewarmed | undefined,
  ): Session {
    const { clock, sessions, taps } = this.deps;
    this.taps = taps && new StreamTaps(taps, setup, history, this.log);
    return sessions.create({
      ...{ setup, history, resume, digits, toolCalls, openTools, prewarmed, config, clock },
      durable: (request, timeoutMs, signal) =>
        runDurably(this.deps.link, this.callId, request, { timeoutMs, signal, clock, log: this.log }),
      stream: this.stream,
      emit: (event) => this.emit(event),
      ...(this.taps && { settled: (turns, usage) => this.taps?.settled(turns, usage) }),
      progressed: () => {
        if (this.state.name === 'talking') this.state.heartbeats.now();
      },
      log: this.log,
    });
  }

  private heartbeatsOf(session: Session): Heartbeats {
    return new Heartbeats({
      beat: () => this.deps.link.heartbeat(this.callId, this.activityId, session.checkpoint()),
      attachAgain: () => this.attachAgain(),
      onLost: (why) => this.abandon(session, why),
      clock: this.deps.clock,
      log: this.log,
    });
  }

  /** What came in meanwhile is the session's. */
  private begin(session: Session, state: Extract<State, { name: 'ahead' | 'talking' }>): void {
    const early = this.state.name === 'attaching' ? this.state : undefined;
    this.state = state;
    session.start();
    if (early?.drainBy !== undefined) session.drain(Math.max(0, early.drainBy - this.deps.clock.monotonic()));
    for (const item of early?.early ?? []) {
      if ('audio' in item) session.onAudio(item.audio);
      else if ('digit' in item) session.onDtmf(item.digit);
      else session.onMark(item.mark);
    }
    for (const command of early?.commands ?? []) this.order(session, command);
  }

  /** @param music for a caller who waits for a person to be asked */
  private async talk(session: Session, heartbeats: Heartbeats, music: boolean): Promise<void> {
    const report = await session.done;
    heartbeats.stop();
    // Set by `abandon` while the session wound up: its report is nobody's any more.
    const abandoned = (this.state as State).name === 'abandoned';
    this.taps?.ended(abandoned ? undefined : report);
    if (abandoned) return;
    await this.wrapUp(session, heartbeats.seen, report, music);
  }

  private async wrapUp(session: Session, seen: boolean, report: ConversationReport, music: boolean): Promise<void> {
    const { clock } = this.deps;
    this.state = { name: 'reporting', session };
    this.log.info({ end: report.end, turns: report.turns.length, error: report.error }, 'conversation over');
    const reported = this.untold ? this.tellAfterwards(this.untold, report) : this.report(this.activityId, seen, report);
    switch (report.end) {
      case 'caller_hung_up':
      case 'drained':
      case 'digits_sent':
        // Before the stream closes: the next gateway's question must find the history.
        await reported;
        return;
      case 'transfer_requested':
        this.state = { name: 'holding', session, reported: false };
        await this.hold(music, reported);
        session.onStreamClosed();
        return;
      case 'agent_ended':
      case 'opted_out':
      case 'voicemail_left':
      case 'voicemail_skipped':
      case 'voicemail_cut':
      case 'time_limit':
      case 'idle':
      case 'provider_failed':
      case 'hung_up_by_request': {
        const waited = new AbortController();
        await Promise.race([reported, sleep(clock, REPORT_BEFORE_HANGUP_MS, waited.signal).catch(() => {})]);
        waited.abort();
        if (!this.gone.signal.aborted) await this.hangup();
        await reported;
        return;
      }
    }
  }

  /** Until the carrier takes the call away. */
  private async hold(music: boolean, reported: Promise<'delivered' | 'spooled' | 'lost'>): Promise<void> {
    const { clock } = this.deps;
    const stop = music && !this.gone.signal.aborted ? playHoldMusic(this.stream, clock) : () => {};
    try {
      // On disk is not told yet. Gone meanwhile is gone.
      if ((await reported) === 'delivered' && this.state.name === 'holding') this.state = { ...this.state, reported: true };
      await sleep(clock, music ? MUSIC_MS : TRANSFER_HOLD_MS, this.gone.signal).catch(() => {});
    } finally {
      stop();
    }
  }

  private async report(activityId: string, seen: boolean, report: ConversationReport): Promise<'delivered' | 'spooled' | 'lost'> {
    const { clock, gatewayId, outbox } = this.deps;
    const { streamId } = this.stream;
    return outbox
      .send({ kind: 'report', callId: this.callId, gatewayId, streamId, activityId, seen, report, at: clock.now() })
      .catch((error: unknown) => {
        this.log.error({ err: error }, 'the report was neither delivered nor spooled');
        return 'lost' as const;
      });
  }

  /** The attach was never answered: it goes with all that it was for. */
  private async tellAfterwards(events: GatewayEvent[] = [], report: ConversationReport): Promise<'delivered' | 'spooled' | 'lost'> {
    const { outbox } = this.deps;
    const request = { ...this.attachRequest(true), talkingSince: report.startedAt, over: { report, events: events.filter(isFact) } };
    return outbox.send({ kind: 'untold_talk', callId: this.callId, carrier: this.start.carrier, request }).catch((error: unknown) => {
      this.log.error({ err: error }, 'a talk was neither told nor spooled');
      return 'lost' as const;
    });
  }

  private async hangup(): Promise<void> {
    const { clock, outbox } = this.deps;
    const { carrier } = this.start;
    await outbox
      .send({ kind: 'hangup', callId: this.callId, carrier, carrierCallId: this.stream.carrierCallId, at: clock.now() })
      .catch((error: unknown) => this.log.error({ err: error }, 'the call was not hung up'));
  }

  /** Until there is an answer, or the time is up: while they talk, it is not. */
  private async attach(warm: Warm | undefined): Promise<AttachResult | undefined> {
    const { clock, link } = this.deps;
    const { streamId } = this.stream;
    const until = clock.monotonic() + ATTACH_LIMIT_MS;
    for (;;) {
      const ahead = this.untold !== undefined;
      const left = ahead ? ATTACH_TRY_MS : until - clock.monotonic();
      // Once they have talked, the attach goes with the report.
      if (left <= 0 || (ahead && this.state.name !== 'ahead')) return undefined;
      const request = { ...this.attachRequest(warm !== undefined), ...(ahead && { talkingSince: this.startedAt }) };
      try {
        return await link.attach(this.callId, request, `stream/${streamId}`, Math.min(ATTACH_TRY_MS, left));
      } catch (error) {
        // Also when the stream has ended: the attach may have been taken, and then somebody waits for a report.
        this.log.warn({ err: error }, 'no answer to the attach yet');
        await sleep(clock, ATTACH_RETRY_MS);
      }
    }
  }

  /** For a conversation that goes on while its activity is over. */
  private async attachAgain(): Promise<'attached' | 'unavailable' | 'lost'> {
    const { link } = this.deps;
    this.attachedAgain += 1;
    let result: AttachResult;
    try {
      result = await link.attach(
        this.callId,
        this.attachRequest(true),
        `stream/${this.stream.streamId}/${this.attachedAgain}`,
        ATTACH_TRY_MS,
      );
    } catch (error) {
      this.log.warn({ err: error }, 'the conversation has no activity, and the workflow does not answer; it goes on');
      return 'unavailable';
    }
    if (result.kind === 'refused') this.onRefused(result);
    if (result.kind !== 'attached' || !result.activityId) return 'lost';
    this.log.info({ activityId: result.activityId }, 'attached again');
    this.activityId = result.activityId;
    return 'attached';
  }

  private attachRequest(haveSetup: boolean): AttachRequest {
    const { carrierCallId, streamId } = this.stream;
    return { gatewayId: this.deps.gatewayId, carrierCallId, streamId, tokenNonce: this.tokenNonce, haveSetup };
  }

  /** What it resolves with; undefined: nothing within `ms`. Does not reject with it. */
  private async within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
    const waited = new AbortController();
    const late = sleep(this.deps.clock, ms, waited.signal).then(
      () => undefined,
      () => undefined,
    );
    try {
      return await Promise.race([promise, late]);
    } finally {
      waited.abort();
    }
  }

  private onRefused(result: Extract<AttachResult, { kind: 'refused' }>): void {
    const { clock, outbox } = this.deps;
    this.log.warn({ code: result.code, reason: result.reason, action: result.action }, 'attach refused');
    if (result.action !== 'hangup') return;
    const { carrier } = this.start;
    outbox.post({ kind: 'hangup', callId: this.callId, carrier, carrierCallId: this.stream.carrierCallId, at: clock.now() });
  }

  /** The call goes on somewhere else: this stream ends without a report and without a hang-up. */
  private abandon(session: Session, why: string): void {
    if (this.state.name !== 'talking') return;
    this.log.warn({ why }, 'the workflow has taken the call elsewhere');
    this.state.heartbeats.stop();
    this.state = { name: 'abandoned' };
    session.onStreamClosed();
    this.stream.close();
  }

  private emit(event: SessionEvent): void {
    if (this.state.name === 'abandoned') return;
    const { clock, gatewayId, outbox } = this.deps;
    this.sequence += 1;
    if (event.kind === 'human_confirmed') {
      this.humanConfirmed = true;
      this.taps?.machine('human');
    }
    const envelope = { gatewayId, streamId: this.stream.streamId, sequence: this.sequence, at: clock.now() };
    if (this.untold) this.untold.push({ ...event, ...envelope });
    else outbox.post({ kind: 'gateway_event', callId: this.callId, event: { ...event, ...envelope } });
  }

  private tellAll(): void {
    const events = this.untold ?? [];
    this.untold = undefined;
    for (const event of events) this.deps.outbox.post({ kind: 'gateway_event', callId: this.callId, event });
  }

  private keepEarly(item: Early): void {
    if (this.state.name !== 'attaching') return;
    this.state.early.push(item);
    if (this.state.early.length > MAX_EARLY_FRAMES) this.state.early.shift();
  }

  private emptyReport(end: 'caller_hung_up' | 'drained' | 'provider_failed'): ConversationReport {
    return { end, turns: [], usage: [], startedAt: this.startedAt, endedAt: this.deps.clock.now(), toolCalls: [] };
  }
}

function isWarm({ transferMode }: CallSetup): boolean {
  return transferMode === 'warm';
}

/** What still counts when the talk is over; the rest asks for something to be done in it. */
function isFact({ kind }: GatewayEvent): boolean {
  return kind !== 'consent_heard' && kind !== 'set_recording' && kind !== 'send_digits';
}
