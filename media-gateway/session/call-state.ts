import type { ConversationEnd } from '../../contracts/call';

/** Where the call is. A new object for every step, so that what awaited something can tell that the world has moved on. */
export type CallState =
  | { kind: 'new' }
  /** Disclosure and first message. */
  | { kind: 'greeting' }
  | { kind: 'talking' }
  /** A machine that asks who calls, and a person who may come. */
  | { kind: 'screening' }
  /** A machine, and the message for it. */
  | { kind: 'voicemail' }
  /** The end is decided; what the agent was saying is played first. `revocable`: the caller may still object. */
  | { kind: 'leaving'; end: ConversationEnd; revocable: boolean }
  | { kind: 'last_words'; end: ConversationEnd }
  /** Over; the last transcripts are still to come. */
  | { kind: 'settling'; end: ConversationEnd; error?: string }
  /** Over for us; the line is kept until the carrier takes the call away. */
  | { kind: 'holding' }
  | { kind: 'ended' };

/** Before the end. */
export function isLive({ kind }: CallState): boolean {
  return kind !== 'settling' && kind !== 'holding' && kind !== 'ended';
}

/** Ends that hold even when the caller hangs up before the last word. */
const STANDS_ON_HANGUP: ReadonlySet<ConversationEnd> = new Set([
  'opted_out',
  'time_limit',
  'idle',
  'provider_failed',
  'hung_up_by_request',
]);

/** What a call comes to whose caller hangs up; nothing where it is over already. */
export function endOnHangup(state: CallState): ConversationEnd | undefined {
  switch (state.kind) {
    case 'new':
    case 'greeting':
    case 'talking':
    case 'screening':
      return 'caller_hung_up';
    case 'leaving':
    case 'last_words':
      return STANDS_ON_HANGUP.has(state.end) ? state.end : 'caller_hung_up';
    case 'voicemail':
      return 'voicemail_cut';
    case 'settling':
    case 'holding':
    case 'ended':
      return undefined;
    default:
      return state satisfies never;
  }
}

/** Whether `end` may be begun. One that is under way stands, except for an opt-out, an order, or one that the caller may object to. */
export function mayLeave(state: CallState, end: ConversationEnd): boolean {
  const byRight = end === 'opted_out' || end === 'hung_up_by_request';
  switch (state.kind) {
    case 'leaving':
    case 'last_words':
      return state.end !== 'opted_out' && (byRight || state.end === 'agent_ended');
    case 'voicemail':
      // A message to a machine is finished first.
      return byRight;
    default:
      return isLive(state);
  }
}

/** The step at which the call is, for all who lead it on. What awaited something asks `at` whether the world has moved on. */
export class CallStage {
  #state: CallState = { kind: 'new' };

  get state(): CallState {
    return this.#state;
  }

  get kind(): CallState['kind'] {
    return this.#state.kind;
  }

  get live(): boolean {
    return isLive(this.#state);
  }

  enter<S extends CallState>(state: S): S {
    this.#state = state;
    return state;
  }

  at(state: CallState): boolean {
    return this.#state === state;
  }
}
