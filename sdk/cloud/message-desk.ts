/** Answers the backend's messages with the developer's function: each once, however often it is asked, and over a reconnection. */
import type { Clock } from '../../contracts/clock';
import type { SdkClientMessage, SdkMessage, SdkServerMessage } from '../../contracts/sdk-protocol';
import { spokenOf } from '../../media-gateway/engines/pipeline/on-message/on-message';
import { inboundParamsOf } from '../../policy/custom-params';
import { timestamp } from '../callbacks/events';
import { CallControl } from '../options/call-control';
import type { MessageFunction } from '../options/callbacks';
import type { IncomingMessage } from '../options/events';
import { bothSpellings } from '../options/spellings';
import { warn } from '../options/warn';

export interface MessageDeskParts {
  /** Who answers this call. */
  onMessage(message: SdkMessage): MessageFunction | Promise<MessageFunction>;
  /** @returns false: not now */
  send(message: SdkClientMessage): boolean;
  transfer(callId: string, number: string): Promise<void>;
  clock: Clock;
}

/** Longer than anybody waits for an answer. */
const KEEP_MS = 120_000;

interface Work {
  readonly abort: AbortController;
  /** What has been said of it, to be said again on a new connection. */
  readonly said: SdkClientMessage[];
  /** Of the moment when it is forgotten. */
  cancelTimer: () => void;
}

export class MessageDesk {
  readonly #work = new Map<string, Work>();
  readonly #times = new Map<string, Map<number, string>>();

  constructor(private readonly parts: MessageDeskParts) {}

  message({ id, message, carrier }: Extract<SdkServerMessage, { type: 'message' }>): void {
    const known = this.#work.get(id);
    // Cancelled, and wanted after all: through another backend process, say.
    const wantedAgain = known?.abort.signal.aborted && known.said.at(-1)?.type !== 'answer';
    if (known && !wantedAgain) {
      // Asked again because our answer may be lost: the function is not called twice.
      for (const said of known.said) this.parts.send(said);
      return;
    }
    known?.cancelTimer();
    const work: Work = { abort: new AbortController(), said: [], cancelTimer: () => undefined };
    this.#work.set(id, work);
    this.#answer(id, message, carrier, work).then(
      () => this.#finish(id, work),
      () => this.#finish(id, work),
    );
  }

  cancel(id: string): void {
    const work = this.#work.get(id);
    if (!work) return;
    work.abort.abort(new Error('the answer is not wanted any more'));
    // Also one whose function never returns.
    this.#forgetLater(id, work);
  }

  /** What was answered while there was no connection; the backend takes the first of each. */
  reconnected(): void {
    for (const { said, abort } of this.#work.values()) if (!abort.signal.aborted) for (const message of said) this.parts.send(message);
  }

  close(): void {
    for (const { abort, cancelTimer } of this.#work.values()) {
      cancelTimer();
      abort.abort(new Error('disconnect() was called'));
    }
    this.#work.clear();
  }

  async #answer(id: string, message: SdkMessage, carrier: string, work: Work): Promise<void> {
    const say = (said: SdkClientMessage) => {
      if (work.abort.signal.aborted) return;
      work.said.push(said);
      this.parts.send(said);
    };
    let parts = 0;
    let endCall = false;
    try {
      const incoming = this.#incoming(message);
      const control = new CallControl({
        callId: message.callId,
        caller: incoming.caller,
        callee: incoming.callee,
        telephonyProvider: carrier,
        signal: work.abort.signal,
        transfer: (number) => this.parts.transfer(message.callId, number),
        // When what the function returns has been heard.
        hangup: async () => {
          endCall = true;
        },
      });
      const found = this.parts.onMessage(message);
      const onMessage = found instanceof Promise ? await found : found;
      if (work.abort.signal.aborted) return;
      const answer = spokenOf(await onMessage(incoming, control));
      if (typeof answer === 'string') return say({ type: 'answer', id, parts, text: answer, endCall });
      for await (const text of answer) {
        if (work.abort.signal.aborted) return;
        if (text !== '') say({ type: 'part', id, index: parts++, text });
      }
      say({ type: 'answer', id, parts, text: '', endCall });
    } catch (error) {
      if (work.abort.signal.aborted) return;
      warn('PATTER_ON_MESSAGE_FAILED', `onMessage failed: ${error instanceof Error ? error.message : error}`);
      // What went wrong stays here: it may hold anything.
      say({ type: 'failed', id, reason: error instanceof Error ? error.name : 'error' });
    }
  }

  #finish(id: string, work: Work): void {
    // A failure may be asked for again, and go well then.
    if (work.said.at(-1)?.type === 'failed') {
      work.cancelTimer();
      if (this.#work.get(id) === work) this.#work.delete(id);
      return;
    }
    this.#forgetLater(id, work);
  }

  #forgetLater(id: string, work: Work): void {
    work.cancelTimer();
    // After close(): no timer may keep the program's process alive.
    if (this.#work.get(id) !== work) return;
    work.cancelTimer = this.parts.clock.after(KEEP_MS, () => this.#work.delete(id));
  }

  #incoming(said: SdkMessage): IncomingMessage {
    const { callId, direction, text, language, variables } = said;
    // The gateway names the person and us; an event says who called whom.
    const [caller, callee] = direction === 'outbound' ? [said.callee, said.caller] : [said.caller, said.callee];
    const times = this.#timesOf(callId);
    const now = timestamp(this.parts.clock.now());
    const history = said.history.map(({ role, text: words }, index) => {
      const at = times.get(index) ?? now;
      times.set(index, at);
      return Object.freeze({ role, text: words, timestamp: at });
    });
    return bothSpellings({
      ...{ callId, caller, callee, direction, text, language, variables },
      customParams: said.customParams ?? (direction === 'inbound' ? inboundParamsOf(variables) : {}),
      history: Object.freeze(history),
    });
  }

  /** A message's history has no times: each turn keeps that at which it was first seen here. */
  #timesOf(callId: string): Map<number, string> {
    let times = this.#times.get(callId);
    if (!times) {
      times = new Map();
      this.#times.set(callId, times);
      const [oldest] = this.#times.keys();
      if (this.#times.size > 1_000 && oldest !== undefined) this.#times.delete(oldest);
    }
    return times;
  }
}
