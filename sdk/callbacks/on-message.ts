/** A developer's `onMessage` as the gateway calls it: the documented event, and the control of the call. */
import type { MessageControl, OnMessage, IncomingMessage as Said } from '../../media-gateway/engines/pipeline/on-message/on-message';
import { CallControl } from '../options/call-control';
import type { MessageFunction } from '../options/callbacks';
import type { HistoryEntry, IncomingMessage } from '../options/events';
import { bothSpellings } from '../options/spellings';
import type { CallbackDispatcher } from './dispatcher';
import { timestamp } from './events';

export interface MessageDeps {
  /** Knows the call: who speaks with whom, and when each turn was. */
  calls: Pick<CallbackDispatcher, 'live'>;
  /** Orders of the developer's own code: any number. */
  transfer(callId: string, number: string): Promise<void>;
  now(): number;
}

export function messageFunction(handler: MessageFunction, deps: MessageDeps): OnMessage {
  return (said, control) => {
    const message = messageOf(said, deps);
    return handler(message, controlOf(message, said, control, deps));
  };
}

function messageOf(said: Said, { calls, now }: MessageDeps): IncomingMessage {
  const { callId, direction, text, language, variables } = said;
  const facts = calls.live(callId);
  // The gateway names the person and us; an event says who called whom.
  const [caller, callee] = direction === 'outbound' ? [said.callee, said.caller] : [said.caller, said.callee];
  return bothSpellings({
    ...(facts?.parties ?? { callId, caller, callee, direction }),
    customParams: facts?.customParams ?? said.customParams,
    text,
    history: withTimes(said.history, facts?.turns ?? [], now()),
    language,
    variables,
  });
}

/** The model's history has no times: those of the turns that say the same, in the same order. */
function withTimes(
  history: Said['history'],
  turns: readonly { role: string; text: string; at: number }[],
  now: number,
): readonly HistoryEntry[] {
  let next = 0;
  let at = turns[0]?.at ?? now;
  return Object.freeze(
    history.map(({ role, text }) => {
      const found = turns.findIndex((turn, index) => index >= next && turn.role === role && turn.text === text);
      if (found !== -1) {
        at = turns[found]?.at ?? at;
        next = found + 1;
      }
      return Object.freeze({ role, text, timestamp: timestamp(at) });
    }),
  );
}

function controlOf(message: IncomingMessage, said: Said, control: MessageControl, deps: MessageDeps): CallControl {
  const { callId, caller, callee } = message;
  return new CallControl({
    callId,
    caller,
    callee,
    telephonyProvider: deps.calls.live(callId)?.carrier ?? '',
    signal: control.signal,
    transfer: (number) => deps.transfer(said.callId, number),
    // After what the handler answers has been heard.
    hangup: async () => control.call('end_call'),
  });
}
