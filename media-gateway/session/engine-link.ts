import type { TranscriptTurn } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { Logger } from '../../runtime/log';
import type { EngineEvent, EngineFactory, VoiceEngine } from '../engines/engine';
import { ABSENT_ENGINE } from './absent-engine';
import { Timers } from './timers';
import { UnheardAudio } from './unheard-audio';

/** From a vendor's failure to the end of all tries. Whoever waits is told right after it: nobody is left in silence for five seconds. */
const RECONNECT_WITHIN_MS = 4_000;
const RETRY_MS = 250;
/** A vendor that fails again so soon has never been well. */
const WELL_AFTER_MS = 3_000;
/** Before the end of a session's life: from the first on a pause of the talk is looked for, at the second it is left in any case. */
const ROLL_OVER_BEFORE_MS = { pause: 10 * 60_000, hard: 90_000 } as const;

export interface EngineLinkListener {
  event(event: Exclude<EngineEvent, { kind: 'closed' }>): void;
  /** The vendor is gone; another socket is being opened. What had been asked of the old one is void. */
  interrupted(error: string): void;
  /** Another socket knows the history, and hears again what nobody has written down. */
  restored(): void;
  /** A tool's answer that the present socket has not asked for, told to it all the same; and when it has spoken about it. */
  resultRetold(toolCallId: string): void;
  resultSpoken(toolCallId: string): void;
  /** The next session can be gone to: `paused` is waited for. */
  nextReady(): void;
  /** No vendor within the deadline. */
  lost(error: string): void;
}

type State =
  | { kind: 'up' }
  /** As `up`; the next session is open, or being opened, and is used from the next pause on. */
  | { kind: 'rolling_over'; next: VoiceEngine; ready: boolean /** Monotonic. */; openedAt: number }
  | { kind: 'reconnecting' }
  | { kind: 'down' };

/** One conversation's line to the vendor, over as many sockets as it takes. */
export class EngineLink {
  #engine: VoiceEngine;
  #state: State;
  /** Until when the present trouble has to be over. */
  #wellBy: number | undefined;
  readonly #timers: Timers<'retry' | 'deadline' | 'well' | 'roll_over' | 'hard_limit'>;
  readonly #unheard = new UnheardAudio();
  /** What the present socket's model has asked of tools. */
  readonly #calls = new Set<string>();
  /** Tools' answers that the model has not spoken about yet. */
  #results: { toolCallId: string; output: string; asked: boolean }[] = [];

  /** @param history what to tell a new socket: what is known for certain, without what is being heard just now */
  constructor(
    first: VoiceEngine | undefined,
    private readonly open: EngineFactory,
    private readonly history: () => TranscriptTurn[],
    private readonly listener: EngineLinkListener,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.#timers = new Timers(clock);
    this.#engine = first ?? open();
    this.#state = { kind: 'up' };
    this.#limitLife();
  }

  /** The present socket; before it is ready it keeps what it is given. While there is none, one that does nothing. */
  get engine(): VoiceEngine {
    return this.up ? this.#engine : ABSENT_ENGINE;
  }

  get up(): boolean {
    return this.#state.kind === 'up' || this.#state.kind === 'rolling_over';
  }

  start(): void {
    const history = this.history();
    if (history.length > 0) this.#engine.addHistory(history);
    this.#watch(this.#engine);
  }

  /** The caller's audio. */
  hear(mulaw: Uint8Array): void {
    if (this.#state.kind === 'down') return;
    this.#unheard.push(mulaw);
    this.engine.appendAudio(mulaw);
  }

  /** The caller speaks, by our own ears: kept until the vendor tells of it, or `letGo`. */
  keep(): void {
    this.#unheard.suspected();
  }

  letGo(): void {
    this.#unheard.unsuspected();
  }

  toolResult(toolCallId: string, output: string): void {
    this.#results.push({ toolCallId, output, asked: false });
    this.#tell(toolCallId, output);
  }

  #tell(toolCallId: string, output: string): void {
    if (!this.up) return;
    this.#engine.toolResult(toolCallId, output);
    if (!this.#calls.has(toolCallId)) this.listener.resultRetold(toolCallId);
  }

  /** An answer is asked for: it will be about the results until now. */
  asked(): void {
    for (const result of this.#results) result.asked = true;
  }

  /** Gives up a socket that is open and does nothing, or not what it should. */
  restart(error: string): void {
    if (!this.up) return;
    const engine = this.#engine;
    this.#broken(error);
    engine.close();
  }

  /** No use to try any more. */
  giveUp(error: string): void {
    if (this.#state.kind === 'down') return;
    this.close();
    this.log.error({ error }, 'the AI provider stays away');
    this.listener.lost(error);
  }

  /** `paused` is waited for. */
  get wantsPause(): boolean {
    return this.#state.kind === 'rolling_over' && this.#state.ready;
  }

  /** Nobody speaks and nothing is under way: a session that nears its end is left now. */
  paused(): void {
    if (this.#state.kind !== 'rolling_over' || !this.#state.ready) return;
    const { next, openedAt } = this.#state;
    const old = this.#engine;
    // What was used is told while it closes.
    old.close();
    this.#engine = next;
    this.#calls.clear();
    this.#state = { kind: 'up' };
    this.#limitLife(openedAt);
    next.addHistory(this.history());
    this.#watch(next);
    this.log.info('the conversation goes on in another session of the AI provider');
  }

  close(): void {
    if (this.#state.kind === 'rolling_over') this.#state.next.close();
    this.#state = { kind: 'down' };
    this.#timers.dispose();
    this.#engine.close();
  }

  #watch(engine: VoiceEngine): void {
    engine.listen((event) => {
      // What was used is told while it closes.
      if (event.kind === 'usage') {
        this.listener.event(event);
        return;
      }
      if (this.#engine !== engine || this.#state.kind === 'down') return;
      if (event.kind === 'closed') this.#broken(event.error, event.awayMs);
      else if (this.up) this.#event(event);
    });
  }

  #event(event: Exclude<EngineEvent, { kind: 'closed' | 'usage' }>): void {
    if (event.kind === 'speech_started') this.#unheard.begun(event.itemId);
    else if (event.kind === 'speech_stopped') this.#unheard.stopped(event.itemId);
    else if (event.kind === 'user_transcript') this.#unheard.transcribed(event.itemId, event.text !== '');
    else if (event.kind === 'audio') this.#wellBy = undefined;
    else if (event.kind === 'tool_call') this.#calls.add(event.toolCallId);
    else if (event.kind === 'response_done' && event.status === 'completed') this.#spoken();
    this.listener.event(event);
  }

  #spoken(): void {
    const spoken = this.#results.filter(({ asked }) => asked);
    this.#results = this.#results.filter(({ asked }) => !asked);
    for (const { toolCallId } of spoken) this.listener.resultSpoken(toolCallId);
  }

  #broken(error: string, awayMs = 0): void {
    switch (this.#state.kind) {
      case 'down':
        return;
      case 'rolling_over':
      case 'up': {
        const now = this.clock.monotonic();
        this.#wellBy ??= now + RECONNECT_WITHIN_MS - awayMs;
        if (this.#wellBy <= now) {
          // It takes every new socket only to break it.
          this.giveUp(error);
          return;
        }
        this.log.warn({ error }, 'the AI provider is gone; connecting again');
        if (this.#state.kind === 'rolling_over') this.#state.next.close();
        this.#state = { kind: 'reconnecting' };
        for (const timer of ['well', 'roll_over', 'hard_limit'] as const) this.#timers.clear(timer);
        this.#timers.set('deadline', this.#wellBy - now, () => this.giveUp(error));
        this.#unheard.hold();
        this.listener.interrupted(error);
        this.#reconnect();
        return;
      }
      case 'reconnecting':
        this.#timers.set('retry', RETRY_MS, () => this.#reconnect());
        return;
      default:
        this.#state satisfies never;
    }
  }

  #reconnect(): void {
    if (this.#state.kind !== 'reconnecting') return;
    const engine = this.open();
    this.#engine = engine;
    this.#calls.clear();
    this.#watch(engine);
    engine.ready.then(
      () => {
        if (this.#engine === engine && this.#state.kind === 'reconnecting') this.#restored(engine);
      },
      // Its `closed` event says the same.
      () => undefined,
    );
  }

  #restored(engine: VoiceEngine): void {
    this.#timers.clear('deadline');
    this.#timers.set('well', WELL_AFTER_MS, () => {
      this.#wellBy = undefined;
    });
    this.#state = { kind: 'up' };
    this.#limitLife();
    engine.addHistory(this.history());
    for (const { toolCallId, output } of this.#results) this.#tell(toolCallId, output);
    this.listener.restored();
    const unheard = this.#unheard.release();
    if (unheard.length > 0) engine.appendAudio(unheard);
  }

  /** @param openedAt when the vendor began to count */
  #limitLife(openedAt = this.clock.monotonic()): void {
    if (this.#engine.maxLifeMs === undefined) return;
    const maxLifeMs = this.#engine.maxLifeMs - (this.clock.monotonic() - openedAt);
    this.#timers.set('roll_over', maxLifeMs - ROLL_OVER_BEFORE_MS.pause, () => this.#openNext());
    this.#timers.set('hard_limit', maxLifeMs - ROLL_OVER_BEFORE_MS.hard, () => this.restart('its session is near its end'));
  }

  /** The old session goes on until a pause. */
  #openNext(): void {
    if (this.#state.kind !== 'up') return;
    const next = this.open();
    const state: State = { kind: 'rolling_over', next, ready: false, openedAt: this.clock.monotonic() };
    this.#state = state;
    next.ready.then(
      () => {
        state.ready = true;
        if (this.#state === state) this.listener.nextReady();
      },
      () => {
        if (this.#state !== state) return;
        this.#state = { kind: 'up' };
        this.#timers.set('roll_over', WELL_AFTER_MS, () => this.#openNext());
      },
    );
  }
}
