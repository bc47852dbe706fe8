/** The phone company: who owns which number, the queue behind the calls-per-second limit, and every call there is. */
import type { LabServer } from '../lab-server';
import type { Casting, Scenario } from '../scenario';
import { Ticker } from '../ticker';
import type { Call } from './call';
import { CallbackSender } from './callbacks';
import { Conferences } from './conference';

export interface NetworkOptions {
  scenario: Scenario;
  casting: Casting;
  /** Calls dialled a second. */
  cps: number;
}

export class PhoneNetwork {
  readonly ticker: Ticker;
  readonly callbacks: CallbackSender;
  readonly scenario: Scenario;
  readonly casting: Casting;
  readonly conferences = new Conferences(this);
  /** In the order of their creation. */
  readonly calls = new Map<string, Call>();
  private queue: Call[] = [];
  /** On the monotonic clock: when the next call may be dialled. */
  private nextSlotAt = 0;
  private cancelPump: (() => void) | undefined;

  constructor(
    readonly lab: LabServer,
    private readonly options: NetworkOptions,
  ) {
    this.scenario = options.scenario;
    this.casting = options.casting;
    this.ticker = new Ticker(lab.clock);
    this.callbacks = new CallbackSender(lab, options.scenario.account.authToken);
  }

  get accountSid(): string {
    return this.scenario.account.sid;
  }

  /** As a caller. */
  mayShow(number: string): boolean {
    return this.scenario.numbers.includes(number) || this.scenario.callerIds.includes(number);
  }

  add(call: Call): void {
    this.calls.set(call.sid, call);
  }

  /** Dials when the rate allows it; returns the estimated wait in milliseconds. */
  enqueue(call: Call): number {
    const interval = 1000 / this.options.cps;
    const wait = Math.max(0, this.nextSlotAt - this.lab.clock.monotonic()) + this.queue.length * interval;
    this.queue.push(call);
    this.pump();
    return Math.round(wait);
  }

  /** Hangs up everything; forgets nothing. */
  endAll(): void {
    this.cancelPump?.();
    this.cancelPump = undefined;
    this.queue = [];
    for (const call of this.calls.values()) call.end('canceled', 'lab');
  }

  reset(): void {
    this.endAll();
    this.callbacks.reset();
    this.calls.clear();
    this.casting.reset();
    this.conferences.reset();
    this.nextSlotAt = 0;
  }

  stop(): void {
    this.reset();
    this.ticker.stop();
  }

  private pump(): void {
    if (this.cancelPump) return;
    this.queue = this.queue.filter((call) => call.state.kind === 'queued');
    if (this.queue.length === 0) return;
    const now = this.lab.clock.monotonic();
    this.cancelPump = this.lab.clock.after(Math.max(0, this.nextSlotAt - now), () => {
      this.cancelPump = undefined;
      // Who was cancelled while waiting takes no slot.
      const next = this.queue.find((call) => call.state.kind === 'queued');
      if (next) {
        this.queue = this.queue.filter((call) => call !== next);
        this.nextSlotAt = Math.max(this.nextSlotAt, this.lab.clock.monotonic()) + 1000 / this.options.cps;
        next.dial();
      }
      this.pump();
    });
  }
}
