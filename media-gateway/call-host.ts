/**
 * One media stream of one call: glue between the carrier's stream, the session that talks, and the call's workflow.
 *
 *   attaching ──► talking ──► reporting ──► closed        (the talk ended: report, hang up, close)
 *       │            │            └──► holding ──► closed  (a transfer: the carrier takes the call away)
 *       │            └──────► abandoned ──► closed        (the workflow has the call elsewhere: close, nothing else)
 *       └──────────────────────────────────► closed       (refused, no answer in time, or the stream ended first)
 *
 * Whatever comes first of stop, socket close, terminal callback, command, time limit or drain ends it, once.
 */
import type { AttachResult, ConversationReport, GatewayCommand } from '../contracts/call';
import { type CarrierName, isTerminalCarrierStatus } from '../contracts/carrier';
import { type Clock, sleep } from '../contracts/clock';
import type { RunToolAnswer, RunToolRequest } from '../contracts/durable-tool';
import type { Config } from '../runtime/config';
import type { Logger } from '../runtime/log';
import type { TenantAccounts } from '../runtime/tenant-accounts';
import { playHoldMusic } from './audio/hold-music';
import { type CallTaps, StreamTaps } from './call-taps';
import type { SocketCarrierStream } from './carrier-stream';
import { Heartbeats } from './heartbeats';
import type { Outbox } from './outbox';
import type { PrewarmPool, Warm } from './prewarm';
import type { Session, SessionEvent } from './session';
import type { SessionMaker } from './session-maker';
import type { WorkflowLink } from './workflow-link';

/** One try of the attach; sent again with the same update id, so a slow answer is not lost. */
const ATTACH_TRY_MS = 3_000;
/** As long as the caller is kept in silence; then the carrier goes on to ask another gateway. */
const ATTACH_LIMIT_MS = 10_000;
/** One request to a durable tool's workflow; repeated, it waits on. A worker that dies answers none that it has taken. */
const TOOL_TRY_MS = 10_000;
const ATTACH_RETRY_MS = 200;
/** A report that takes longer goes on by itself, and the caller's line is closed meanwhile. */
const REPORT_BEFORE_HANGUP_MS = 2_000;
/** The carrier takes the call away for a transfer within a second or two; a workflow that cannot transfer hangs up or streams anew. */
const TRANSFER_HOLD_MS = 60_000;
/** People are asked one after the other, and the caller hears music; then the carrier asks what comes next. */
const MUSIC_MS = 10 * 60_000;
/** Two seconds of what the caller said before the session was there. */
const MAX_EARLY_FRAMES = 100;

type Early = { audio: Uint8Array } | { digit: string } | { mark: string };

type State =
  | { name: 'attaching'; early: Early[]; commands: GatewayCommand[]; end: 'caller_hung_up' | 'drained' /** Monotonic. */; drainBy?: number }
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
    if (this.state.name === 'talking') this.state.session.onAudio(audio);
    else this.keepEarly({ audio });
  }

  onMark(mark: string): void {
    if (this.state.name === 'talking') this.state.session.onMark(mark);
    else this.keepEarly({ mark });
  }

  onDtmf(digit: string): void {
    if (this.state.name === 'talking') this.state.session.onDtmf(digit);
    else this.keepEarly({ digit });
  }

  /** Stop, close, both or only the terminal callback: the first counts. */
  onStreamClosed(): void {
    if (this.gone.signal.aborted) return;
    this.gone.abort();
    if (this.state.name === 'talking') this.state.session.onStreamClosed();
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
    return session.onCommand(command);
  }

  /** Hands the call over: another gateway goes on with it, from the next pause of the talk on, at the latest after `withinMs`. */
  drain(withinMs: number): void {
    switch (this.state.name) {
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
    const result = await this.attach(warm);
    if (result?.kind !== 'attached' || !result.activityId) {
      warm?.prewarmed.dispose();
      if (result?.kind === 'refused') this.onRefused(result);
      else this.log.warn({ answered: result !== undefined }, 'not attached; the carrier goes on without this stream');
      return;
    }
    const setup = warm?.setup ?? result.setup;
    const { accounts } = this.deps;
    const config = accounts && setup ? await accounts.configOrNone(setup.tenantId) : this.deps.config;
    if (!setup || this.gone.signal.aborted) {
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
    const { taps } = this.deps;
    this.taps = taps && new StreamTaps(taps, setup, result.history, this.log);
    const session = this.deps.sessions.create({
      setup,
      history: result.history,
      resume: result.resume,
      digits: result.digits,
      toolCalls: result.toolCalls,
      openTools: result.openTools,
      durable: (request, timeoutMs, signal) => this.runTool(request, timeoutMs, signal),
      stream: this.stream,
      prewarmed: warm?.prewarmed,
      emit: (event) => this.emit(event),
      ...(this.taps && { settled: (turns, usage) => this.taps?.settled(turns, usage) }),
      progressed: () => {
        if (this.state.name === 'talking') this.state.heartbeats.now();
      },
      config,
      clock: this.deps.clock,
      log: this.log,
    });
    this.activityId = result.activityId;
    await this.talk(session, setup.transferMode === 'warm');
  }

  /** @param music for a caller who waits for a person to be asked */
  private async talk(session: Session, music: boolean): Promise<void> {
    const early = this.state.name === 'attaching' ? this.state : undefined;
    const heartbeats = new Heartbeats({
      beat: () => this.deps.link.heartbeat(this.callId, this.activityId, session.checkpoint()),
      attachAgain: () => this.attachAgain(),
      onLost: (why) => this.abandon(session, why),
      clock: this.deps.clock,
      log: this.log,
    });
    this.state = { name: 'talking', session, heartbeats };
    session.start();
    heartbeats.start();
    if (early?.drainBy !== undefined) session.drain(Math.max(0, early.drainBy - this.deps.clock.monotonic()));
    for (const item of early?.early ?? []) {
      if ('audio' in item) session.onAudio(item.audio);
      else if ('digit' in item) session.onDtmf(item.digit);
      else session.onMark(item.mark);
    }
    for (const command of early?.commands ?? []) this.order(session, command);
    const report = await session.done;
    heartbeats.stop();
    // Set by `abandon` while the session wound up: its report is nobody's any more.
    const abandoned = (this.state as State).name === 'abandoned';
    this.taps?.ended(abandoned ? undefined : report);
    if (abandoned) return;
    this.state = { name: 'reporting', session };
    this.log.info({ end: report.end, turns: report.turns.length, error: report.error }, 'conversation over');
    await this.wrapUp(session, heartbeats.seen, report, music);
  }

  private async wrapUp(session: Session, seen: boolean, report: ConversationReport, music: boolean): Promise<void> {
    const { clock } = this.deps;
    const reported = this.report(this.activityId, seen, report);
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

  private async hangup(): Promise<void> {
    const { clock, outbox } = this.deps;
    const { carrier } = this.start;
    await outbox
      .send({ kind: 'hangup', callId: this.callId, carrier, carrierCallId: this.stream.carrierCallId, at: clock.now() })
      .catch((error: unknown) => this.log.error({ err: error }, 'the call was not hung up'));
  }

  /**
   * Until there is an answer, or the time is up. @throws Error that says so
   */
  private async runTool(request: RunToolRequest, timeoutMs: number, signal: AbortSignal): Promise<RunToolAnswer> {
    const { clock, link } = this.deps;
    const until = clock.monotonic() + timeoutMs;
    const stop = new AbortController();
    const over = AbortSignal.any([signal, stop.signal]);
    const cancel = clock.after(timeoutMs, () => stop.abort(new Error(`no answer within ${timeoutMs} ms`)));
    const aborted = new Promise<never>((_, reject) => {
      if (over.aborted) reject(over.reason);
      over.addEventListener('abort', () => reject(over.reason), { once: true });
    });
    aborted.catch(() => undefined);
    try {
      for (;;) {
        over.throwIfAborted();
        const asked = link.runTool(this.callId, request, Math.max(1, Math.min(TOOL_TRY_MS, until - clock.monotonic())));
        const answer = await Promise.race([asked, aborted]).catch((error: unknown) => {
          over.throwIfAborted();
          this.log.warn({ err: error, tool: request.name }, 'no answer of a durable tool yet');
          return undefined;
        });
        if (answer) return answer;
        await sleep(clock, ATTACH_RETRY_MS, over);
      }
    } finally {
      cancel();
    }
  }

  /** Until there is an answer, or the time is up. */
  private async attach(warm: Warm | undefined): Promise<AttachResult | undefined> {
    const { clock, gatewayId, link } = this.deps;
    const { carrierCallId, streamId } = this.stream;
    const until = clock.monotonic() + ATTACH_LIMIT_MS;
    const request = { gatewayId, carrierCallId, streamId, tokenNonce: this.tokenNonce, haveSetup: warm !== undefined };
    for (;;) {
      const left = until - clock.monotonic();
      if (left <= 0) return undefined;
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
    const { gatewayId, link } = this.deps;
    const { carrierCallId, streamId } = this.stream;
    const request = { gatewayId, carrierCallId, streamId, tokenNonce: this.tokenNonce, haveSetup: true };
    this.attachedAgain += 1;
    let result: AttachResult;
    try {
      result = await link.attach(this.callId, request, `stream/${streamId}/${this.attachedAgain}`, ATTACH_TRY_MS);
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
    outbox.post({ kind: 'gateway_event', callId: this.callId, event: { ...event, ...envelope } });
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
