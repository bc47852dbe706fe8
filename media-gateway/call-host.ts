/**
 * One media stream of one call: glue between the carrier's stream, the session that talks, and the call's workflow.
 *
 *   attaching   → talking     the workflow has taken the stream
 *               → ahead       it does not answer within half a second
 *               → closed      refused, no answer in time, or the stream ended first
 *   ahead       → talking     its answer came in the middle of the talk
 *               → reporting   the talk was over before it came
 *               → abandoned   the call has a history, or goes on elsewhere
 *   talking     → reporting   the talk ended: report, hang up, close
 *               → abandoned   the workflow has the call elsewhere: close, nothing else
 *   reporting   → holding     a transfer: the carrier takes the call away
 *               → closed
 *   holding, abandoned → closed
 *
 * `ahead`: the workflow does not answer, and the caller hears disclosure and greeting all the same, from what was prepared while the phone rang.
 * Only on a call's first stream, as its token says: no other has nothing to go on from.
 *
 * Whatever comes first of stop, socket close, terminal callback, command, time limit or drain ends it, once.
 */
import { type AttachResult, type CallSetup, type ConversationReport, conversationActivityId, type GatewayCommand } from '../contracts/call';
import { type CarrierName, isTerminalCarrierStatus } from '../contracts/carrier';
import { type Clock, sleep, within } from '../contracts/clock';
import type { ErrorCode } from '../contracts/errors';
import type { Config } from '../runtime/config';
import type { Logger } from '../runtime/log';
import type { TenantAccounts } from '../runtime/tenant-accounts';
import { Attachment } from './attachment';
import { playHoldMusic } from './audio/hold-music';
import { type CallTaps, StreamTaps } from './call-taps';
import type { SocketCarrierStream } from './carrier-stream';
import { EarlyInput } from './early-input';
import { Heartbeats } from './heartbeats';
import type { Outbox } from './outbox';
import type { PrewarmPool, Warm } from './prewarm';
import { runDurably } from './run-durably';
import type { Prewarmed, Session, SessionEvent } from './session';
import type { SessionMaker } from './session-maker';
import { type Delivery, StreamOutbox } from './stream-outbox';
import { WhoAnswered } from './who-answered';
import type { WorkflowLink } from './workflow-link';

/** The workflow answers within some tens of milliseconds where all is well; after so long the agent begins without it. */
const BEGIN_AHEAD_MS = 500;
/** A report that takes longer goes on by itself, and the caller's line is closed meanwhile. */
const REPORT_BEFORE_HANGUP_MS = 2_000;
/** The carrier takes the call away for a transfer within a second or two; a workflow that cannot transfer hangs up or streams anew. */
const TRANSFER_HOLD_MS = 60_000;
/** People are asked one after the other, and the caller hears music; then the carrier asks what comes next. */
const MUSIC_MS = 10 * 60_000;

type Attached = Extract<AttachResult, { kind: 'attached' }>;

type State =
  | { name: 'attaching'; early: EarlyInput; end: 'caller_hung_up' | 'drained' /** Monotonic. */; drainBy?: number }
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
  /** By which the workflow is told that this gateway lives, for all calls at once. */
  beats: Clock;
  log: Logger;
}

export interface CallHostStart {
  callId: string;
  /** Which stream of the call this is, from 1, as its token says. */
  attachment: number;
  tokenNonce: string;
  carrier: CarrierName;
  stream: SocketCarrierStream;
  /** The workflow has taken the stream. */
  onAttached?(): void;
}

export class CallHost {
  readonly callId: string;
  readonly tokenNonce: string;
  readonly stream: SocketCarrierStream;
  private readonly log: Logger;
  private readonly outbox: StreamOutbox;
  private readonly attachment: Attachment;
  private readonly startedAt: number;
  private state: State = { name: 'attaching', early: new EarlyInput(), end: 'caller_hung_up' };
  readonly answered = new WhoAnswered();
  /** The workflow has taken the stream, and so knows that somebody answered. */
  isAttached = false;
  private taps: StreamTaps | undefined;
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
    const { gatewayId, outbox, link, clock } = deps;
    const told = { ...start, gatewayId, clock, log: this.log };
    this.outbox = new StreamOutbox({ ...told, outbox });
    this.attachment = new Attachment({ ...told, outbox: this.outbox, link });
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
    else if (this.state.name === 'attaching') this.state.early.keep({ audio });
  }

  onMark(mark: string): void {
    if (this.state.name === 'talking' || this.state.name === 'ahead') this.state.session.onMark(mark);
    else if (this.state.name === 'attaching') this.state.early.keep({ mark });
  }

  onDtmf(digit: string): void {
    if (this.state.name === 'talking' || this.state.name === 'ahead') this.state.session.onDtmf(digit);
    else if (this.state.name === 'attaching') this.state.early.keep({ digit });
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
        if (command.kind !== 'reattach') this.state.early.keepCommand(command);
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
    const attaching = this.attachment.ask(warm !== undefined, () =>
      this.outbox.holding ? { since: this.startedAt, over: this.state.name !== 'ahead' } : undefined,
    );
    void attaching.then((answer) => {
      if (answer?.kind !== 'attached') return;
      this.isAttached = true;
      this.start.onAttached?.();
    });
    if (warm && this.start.attachment === 1 && !(await within(this.deps.clock, BEGIN_AHEAD_MS, attaching))) {
      const config = await this.configOf(warm.setup.tenantId);
      // Nobody is there to be greeted any more, or another gateway is to do it.
      const begin = this.state.name === 'attaching' && this.state.end !== 'drained' && !this.gone.signal.aborted;
      if (begin && !(await within(this.deps.clock, 0, attaching))) return this.ahead(warm, config, attaching);
    }
    const result = await attaching;
    if (result?.kind !== 'attached' || !result.activityId) {
      warm?.prewarmed.dispose();
      if (result?.kind === 'refused') this.attachment.refused(result);
      else this.log.warn({ answered: result !== undefined }, 'not attached; the carrier goes on without this stream');
      return;
    }
    const setup = warm?.setup ?? result.setup;
    const config = setup && (await this.configOf(setup.tenantId));
    if (!setup || !config || this.gone.signal.aborted) {
      warm?.prewarmed.dispose();
      if (!setup) this.log.error('attached without a set-up');
      // The activity waits for a report: none would cost the workflow a heartbeat time-out.
      await this.outbox.report(
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
    this.attachment.activityId = result.activityId ?? '';
    const heartbeats = this.heartbeatsOf(session);
    this.begin(session, { name: 'talking', session, heartbeats });
    heartbeats.start();
    await this.talk(session, heartbeats, isWarm(setup));
  }

  /** The agent begins, and the workflow is asked for as long as they talk. */
  private async ahead(warm: Warm, config: Config, attaching: Promise<AttachResult | undefined>): Promise<void> {
    const { setup } = warm;
    this.log.warn('the workflow does not answer yet: the agent begins without it');
    this.outbox.hold();
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
      this.attachment.activityId = first.activityId;
      const heartbeats = this.heartbeatsOf(session);
      this.state = { name: 'talking', session, heartbeats };
      this.outbox.release();
      heartbeats.start();
      return this.talk(session, heartbeats, isWarm(setup));
    }
    // What was said is nobody's: the call is over, or goes on elsewhere, or has a history that this session does not know.
    this.taps?.ended(undefined);
    this.state = { name: 'abandoned' };
    session.onStreamClosed();
    if (first.kind === 'attached' && first.activityId) {
      this.outbox.drop();
      this.stream.clear();
      return this.goOn(setup, config, first);
    }
    if (first.kind === 'refused') {
      this.attachment.refused(first);
      // They talked, and the news of the call's end came first.
      if (first.code === ('PATTER_CALL_ENDED' satisfies ErrorCode)) await this.reportUntold(await session.done);
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
      beat: () => this.deps.link.heartbeat(this.callId, this.attachment.activityId, session.checkpoint()),
      attachAgain: () => this.attachment.askAgain(),
      onLost: (why) => this.abandon(session, why),
      clock: this.deps.beats,
      log: this.log,
    });
  }

  /** What came in meanwhile is the session's. */
  private begin(session: Session, state: Extract<State, { name: 'ahead' | 'talking' }>): void {
    const early = this.state.name === 'attaching' ? this.state : undefined;
    this.state = state;
    session.start();
    if (early?.drainBy !== undefined) session.drain(Math.max(0, early.drainBy - this.deps.clock.monotonic()));
    early?.early.giveTo(session, (command) => this.order(session, command));
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
    this.state = { name: 'reporting', session };
    this.log.info({ end: report.end, turns: report.turns.length, error: report.error }, 'conversation over');
    const reported = this.outbox.holding ? this.reportUntold(report) : this.outbox.report(this.attachment.activityId, seen, report);
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
      case 'hung_up_by_request':
        await within(this.deps.clock, REPORT_BEFORE_HANGUP_MS, reported);
        if (!this.gone.signal.aborted) await this.outbox.hangup();
        await reported;
        return;
    }
  }

  /** Until the carrier takes the call away. */
  private async hold(music: boolean, reported: Promise<Delivery>): Promise<void> {
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

  private reportUntold(report: ConversationReport): Promise<Delivery> {
    return this.outbox.reportUntold(this.attachment.request(true), report);
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
    if (event.kind === 'human_confirmed') {
      this.taps?.machine('human');
      if (!this.answered.heardPerson()) return;
    } else if (event.kind === 'machine_suspected' || event.kind === 'callee_suspected') {
      this.answered.heardOther();
    }
    this.outbox.event(event);
  }

  private emptyReport(end: 'caller_hung_up' | 'drained' | 'provider_failed'): ConversationReport {
    return { end, turns: [], usage: [], startedAt: this.startedAt, endedAt: this.deps.clock.now(), toolCalls: [] };
  }
}

function isWarm({ transferMode }: CallSetup): boolean {
  return transferMode === 'warm';
}
