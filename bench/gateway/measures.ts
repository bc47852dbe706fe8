import { quantile, round } from '../support/numbers';

/** What the far ends saw of one run. */
export interface Measured {
  seconds: number;
  /** Frames of the callers, and the messages in which they reached the provider. */
  callerFrames: number;
  appends: number;
  /** Messages of the agent's audio that reached the callers, and the bytes in them. */
  agentMessages: number;
  agentBytes: number;
  marks: number;
  clears: number;
  /** 20 ms of the agent's audio that came after the caller had run out of it, within an utterance. */
  lateFrames: number;
  /** From the caller's socket to the provider's, milliseconds. */
  inMs: [p50: number, p99: number];
  /** From the provider's first audio of an utterance to the caller's socket, milliseconds. */
  outMs: [p50: number, p99: number];
  samples: [inbound: number, outbound: number];
  /** How late the far ends themselves sent, milliseconds: part of both figures above. */
  ownLateMs: [p50: number, p99: number];
  /** Callers whose socket was closed by the other side. */
  lost: number;
  /** Of calls that take turns, milliseconds: see ./turn-ends. */
  turnMs: [p50: number, p99: number];
  cutMs: [p50: number, p99: number];
  turns: number;
  cuts: number;
  unanswered: number;
}

/** Collects while it is on. */
export class Measures {
  on = false;
  #startedAt = 0;
  callerFrames = 0;
  appends = 0;
  agentMessages = 0;
  agentBytes = 0;
  marks = 0;
  clears = 0;
  lateFrames = 0;
  lost = 0;
  unanswered = 0;
  readonly turnMs: number[] = [];
  readonly cutMs: number[] = [];
  readonly inMs: number[] = [];
  readonly outMs: number[] = [];
  readonly ownLateMs: number[] = [];

  start(): void {
    this.#startedAt = performance.now();
    this.on = true;
  }

  stop(): Measured {
    this.on = false;
    const pair = (values: number[]): [number, number] => [round(quantile(values, 0.5), 2), round(quantile(values, 0.99), 2)];
    const { callerFrames, appends, agentMessages, agentBytes, marks, clears, lateFrames, lost } = this;
    return {
      seconds: (performance.now() - this.#startedAt) / 1_000,
      ...{ callerFrames, appends, agentMessages, agentBytes, marks, clears, lateFrames, lost },
      inMs: pair(this.inMs),
      outMs: pair(this.outMs),
      samples: [this.inMs.length, this.outMs.length],
      ownLateMs: pair(this.ownLateMs),
      turnMs: pair(this.turnMs),
      cutMs: pair(this.cutMs),
      turns: this.turnMs.length,
      cuts: this.cutMs.length,
      unanswered: this.unanswered,
    };
  }
}
