import type { TranscriptTurn } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { Logger } from '../../runtime/log';
import type { EngineEvent, EngineFactory, VoiceEngine } from '../engines/engine';
import { Timers } from './timers';

/** A caller waits in silence for as long as this: then they are told. */
const RECONNECT_WITHIN_MS = 5_000;
const RETRY_MS = 250;

export interface EngineLinkListener {
  event(event: Exclude<EngineEvent, { kind: 'closed' }>): void;
  /** The vendor is gone; another socket is being opened. What had been asked of the old one is void. */
  interrupted(error: string): void;
  restored(): void;
  /** No vendor within the deadline. */
  lost(error: string): void;
}

type State = { kind: 'up' } | { kind: 'reconnecting'; until: number } | { kind: 'down' };

/** One conversation's line to the vendor, over as many sockets as it takes. */
export class EngineLink {
  #engine: VoiceEngine;
  #state: State;
  readonly #timers: Timers<'retry' | 'deadline'>;

  /** @param history what to tell a new socket */
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
  }

  /** The present socket; before it is ready it keeps what it is given. */
  get engine(): VoiceEngine {
    return this.#engine;
  }

  get up(): boolean {
    return this.#state.kind === 'up';
  }

  start(): void {
    const history = this.history();
    if (history.length > 0) this.#engine.addHistory(history);
    this.#watch(this.#engine);
  }

  /** Gives up a socket that is open and does nothing. */
  restart(error: string): void {
    if (this.#state.kind !== 'up') return;
    this.#engine.close();
    this.#broken(error);
  }

  /** No use to try any more. */
  giveUp(error: string): void {
    if (this.#state.kind === 'down') return;
    this.close();
    this.log.error({ error }, 'the AI provider stays away');
    this.listener.lost(error);
  }

  close(): void {
    this.#state = { kind: 'down' };
    this.#timers.dispose();
    this.#engine.close();
  }

  #watch(engine: VoiceEngine): void {
    engine.listen((event) => {
      if (this.#engine !== engine) return;
      // What was used is told while it closes.
      if (event.kind === 'usage') this.listener.event(event);
      else if (this.#state.kind === 'down') return;
      else if (event.kind === 'closed') this.#broken(event.error);
      else this.listener.event(event);
    });
  }

  #broken(error: string): void {
    switch (this.#state.kind) {
      case 'down':
        return;
      case 'up': {
        this.log.warn({ error }, 'the AI provider is gone; connecting again');
        this.#state = { kind: 'reconnecting', until: this.clock.monotonic() + RECONNECT_WITHIN_MS };
        this.#timers.set('deadline', RECONNECT_WITHIN_MS, () => this.giveUp(error));
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
    const engine = this.open();
    this.#engine = engine;
    engine.addHistory(this.history());
    this.#watch(engine);
    engine.ready.then(
      () => {
        if (this.#engine !== engine || this.#state.kind !== 'reconnecting') return;
        this.#timers.clear('deadline');
        this.#state = { kind: 'up' };
        this.listener.restored();
      },
      // Its `closed` event says the same.
      () => undefined,
    );
  }
}
