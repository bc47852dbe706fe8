/**
 * What a process that embeds a gateway hears of its calls while they go on. A tap must not slow a call down: it takes note and returns, and what it throws
 * is logged. Nothing here is certain to be heard (a process may die); the call's record is.
 */
import type { CallSetup, ConversationReport, TranscriptTurn, UsageLine } from '../contracts/call';
import type { AnsweredBy } from '../contracts/outcomes';
import type { Logger } from '../runtime/log';

export interface TappedCall {
  readonly setup: CallSetup;
  /** False: the talk goes on here; it has begun elsewhere, or before a transfer. */
  readonly first: boolean;
}

export interface CallTaps {
  /** A conversation begins on a stream of this gateway. `history` is what was said on earlier ones. */
  started?(call: TappedCall, history: readonly TranscriptTurn[]): void;
  /** The words of a turn are known, as they were heard. In the order in which the turns began; `history` ends with this one. */
  turn?(call: TappedCall, turn: TranscriptTurn, history: readonly TranscriptTurn[]): void;
  /** After an answer of the agent's: what this stream has used so far. The answer's latency is in the turn. */
  metrics?(call: TappedCall, turn: TranscriptTurn, usage: readonly UsageLine[]): void;
  /** Who answered, as soon as the carrier or the first words tell. May come more than once, and before `started`. */
  machine?(callId: string, answeredBy: AnsweredBy): void;
  /** The conversation on this stream is over; the call may go on elsewhere. Undefined: another gateway has the call. */
  ended?(call: TappedCall, report: ConversationReport | undefined): void;
}

/** The taps of one stream: tells each turn once, in order, and keeps what a tap throws from the call. */
export class StreamTaps {
  #told: number;
  readonly #call: TappedCall;

  constructor(
    private readonly taps: CallTaps,
    setup: CallSetup,
    history: readonly TranscriptTurn[],
    private readonly log: Logger,
  ) {
    this.#call = { setup, first: history.length === 0 };
    this.#told = history.length;
    this.#tell(() => taps.started?.(this.#call, history));
  }

  /** @param turns all of the call from its beginning that are settled, without gaps */
  settled(turns: readonly TranscriptTurn[], usage: () => readonly UsageLine[]): void {
    for (; this.#told < turns.length; this.#told++) {
      const history = turns.slice(0, this.#told + 1);
      const turn = history[this.#told] as TranscriptTurn;
      this.#tell(() => this.taps.turn?.(this.#call, turn, history));
      if (turn.role === 'assistant') this.#tell(() => this.taps.metrics?.(this.#call, turn, usage()));
    }
  }

  machine(answeredBy: AnsweredBy): void {
    tellMachine(this.taps, this.#call.setup.callId, answeredBy, this.log);
  }

  ended(report: ConversationReport | undefined): void {
    this.#tell(() => this.taps.ended?.(this.#call, report));
  }

  #tell(tell: () => void): void {
    guarded(tell, this.#call.setup.callId, this.log);
  }
}

export function tellMachine(taps: CallTaps, callId: string, answeredBy: AnsweredBy, log: Logger): void {
  guarded(() => taps.machine?.(callId, answeredBy), callId, log);
}

function guarded(tell: () => void, callId: string, log: Logger): void {
  try {
    tell();
  } catch (error) {
    log.error({ err: error, callId }, 'a tap of the call threw');
  }
}
