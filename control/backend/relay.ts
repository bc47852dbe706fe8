/**
 * Brings what callers say to connected programs, and their answers back. A message is given to one program at a time; when that one is gone before it has
 * answered, to another, or to itself when it is back. The first whole answer, or the first piece of one, is the one that counts.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import type { SdkClientMessage, SdkRelayRequest, SdkServerMessage } from '../../contracts/sdk-protocol';
import { type Answerer, Answerers, clientIdOf } from './answerers';
import type { MessageBook } from './message-book';

/** Who waits for an answer. */
export interface AnswerSink {
  text(text: string): void;
  /** @param endCall the call ends when the answer has been heard */
  done(endCall: boolean): void;
  failed(error: PatterError): void;
}

/** A gateway whose connection broke asks again for so long. */
const KEEP_ANSWER_MS = 60_000;
const COME_BACK_MS = 1_000;
/** A program whose control process died is back after some 200 ms; one that died with it is not waited for longer. */
const RETURN_MS = 2_500;
/** Hours of speech: a generator that never ends. */
const MOST_CHARACTERS = 500_000;
/** A program that fails once may have better luck, or another one has. */
const MOST_FAILURES = 2;

interface Pending {
  readonly request: SdkRelayRequest;
  /** Whose answer is awaited. */
  holder: string | undefined;
  /** What has come of the answer; all of it is from `holder`. */
  readonly parts: string[];
  readonly sinks: Set<AnswerSink>;
  endCall: boolean;
  characters: number;
  state: 'waiting' | 'answering' | 'answered' | 'failed';
  failures: number;
  /** Programs that failed on it: others are asked first. */
  readonly failedBy: Set<string>;
  /** It is being written down who gets it. */
  choosing: boolean;
  cancelTimer: () => void;
  /** Of the wait for a holder that may be back. */
  cancelReturn: () => void;
}

export class MessageRelay {
  readonly #pending = new Map<string, Pending>();
  readonly #answerers = new Answerers((clientId) => this.#waitingFor(clientId));

  /** @param book absent: this is the only control process */
  constructor(
    private readonly clock: Clock,
    private readonly book?: MessageBook,
  ) {}

  get clients(): ReadonlySet<Answerer> {
    return this.#answerers.all;
  }

  connected(client: Answerer): void {
    if (!this.#answerers.add(client)) return;
    for (const pending of this.#pending.values()) {
      if (pending.state !== 'waiting' && pending.state !== 'answering') continue;
      if (pending.holder === undefined && !pending.choosing) this.#give(pending);
      // It may have been lost with the connection; one that it knows it does not answer twice, but says again what it has said.
      else if (pending.holder === client.clientId) this.#hand(pending, client);
    }
  }

  /** @param mayReturn not the program but the way to it was lost */
  disconnected(client: Answerer, mayReturn = false): void {
    if (!this.#answerers.delete(client)) return;
    // Back on another connection already.
    if (this.#answerers.find(client.clientId)) return;
    for (const pending of this.#pending.values()) {
      if (pending.holder !== client.clientId || (pending.state !== 'waiting' && pending.state !== 'answering')) continue;
      if (mayReturn) this.#awaitReturn(pending);
      else if (pending.state === 'waiting') this.#give(pending, true);
      // Half of it has been spoken: no other program knows how it goes on.
      else this.#fail(pending, 'the program that answered is gone');
    }
  }

  /**
   * Asks for an answer. The same id asked again hears the same answer, from its beginning.
   * @returns stops listening; with nobody left who listens, the program is told that it may stop
   */
  ask(request: SdkRelayRequest, sink: AnswerSink): () => void {
    let pending = this.#pending.get(request.id);
    // Asked again after a failure: perhaps it goes well now.
    if (pending?.state === 'failed') {
      pending.cancelTimer();
      pending = undefined;
    }
    if (!pending) {
      pending = {
        ...{
          request,
          holder: undefined,
          parts: [],
          sinks: new Set<AnswerSink>(),
          state: 'waiting',
          failures: 0,
          endCall: false,
          characters: 0,
        },
        failedBy: new Set<string>(),
        choosing: false,
        cancelTimer: () => undefined,
        cancelReturn: () => undefined,
      };
      const made: Pending = pending;
      made.cancelTimer = this.clock.after(request.timeoutMs, () => this.#fail(made, this.#silence(request)));
      this.#pending.set(request.id, made);
      this.#give(made);
    }
    const asked = pending;
    for (const part of asked.parts) sink.text(part);
    if (asked.state === 'answered') sink.done(asked.endCall);
    else asked.sinks.add(sink);
    return () => {
      asked.sinks.delete(sink);
      if (asked.sinks.size === 0 && (asked.state === 'waiting' || asked.state === 'answering')) this.#abandon(asked);
    };
  }

  heard(from: Answerer, message: SdkClientMessage): void {
    if (message.type === 'part') this.part(from, message.id, message.index, message.text);
    else if (message.type === 'answer') this.answer(from, message.id, message.parts, message.text, message.endCall);
    else if (message.type === 'failed') this.failed(from, message.id, message.reason);
  }

  part(from: Answerer, id: string, index: number, text: string): void {
    const pending = this.#answerable(from, id);
    // One that was sent again over a new connection is known.
    if (!pending || index !== pending.parts.length) return;
    this.#take(pending, from);
    this.#say(pending, text);
  }

  answer(from: Answerer, id: string, parts: number, text: string, endCall: boolean): void {
    const pending = this.#answerable(from, id);
    if (!pending) return;
    if (parts !== pending.parts.length) {
      this.#fail(pending, 'a piece of the answer was lost');
      return;
    }
    this.#take(pending, from);
    if (text !== '') this.#say(pending, text);
    if (this.#pending.get(id)?.state !== 'answering') return;
    pending.state = 'answered';
    pending.endCall = endCall;
    this.#finish(pending, (sink) => sink.done(endCall));
  }

  failed(from: Answerer, id: string, reason: string): void {
    const pending = this.#answerable(from, id);
    if (!pending || pending.holder !== from.clientId) return;
    pending.failures++;
    pending.failedBy.add(from.clientId);
    if (pending.state === 'answering' || pending.failures >= MOST_FAILURES) {
      this.#fail(pending, `the program failed: ${reason}`);
      return;
    }
    this.#give(pending, true);
  }

  /** Who gets what belongs to a call. */
  answererOf(tenantId: string, number: string, callId: string): Answerer | undefined {
    return this.#answerers.choose(this.#answerers.serving({ tenantId, number }), callId);
  }

  /**
   * A program has placed a call: its messages and events go there while it is connected, whichever control process is asked. One that has it already, and is
   * connected, keeps it.
   */
  async placed({ callId, tenantId, number }: { callId: string; tenantId: string; number: string }, client: string): Promise<void> {
    const clientId = clientIdOf({ tenantId, number }, client);
    const present = this.#answerers.serving({ tenantId, number }).map((one) => one.clientId);
    const messageId = `placed/${randomUUID()}`;
    this.remember(callId, this.book ? await this.book.give({ callId, tenantId, messageId, clientId, present, force: false }) : clientId);
  }

  /** As another control process has found it. */
  remember(callId: string, clientId: string): void {
    this.#answerers.remember(callId, clientId);
  }

  close(): void {
    for (const { cancelTimer, cancelReturn } of this.#pending.values()) {
      cancelTimer();
      cancelReturn();
    }
    this.#pending.clear();
    this.#answerers.clear();
  }

  /** Not answered yet, and by nobody else; also late, from one that was believed to be dead. */
  #answerable(from: Answerer, id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    if (!pending || pending.request.tenantId !== from.tenantId || pending.request.number !== from.number) return undefined;
    if (pending.state === 'waiting') return pending;
    return pending.state === 'answering' && pending.holder === from.clientId ? pending : undefined;
  }

  #take(pending: Pending, from: Answerer): void {
    if (pending.holder !== undefined && pending.holder !== from.clientId)
      this.#tell(pending.holder, { type: 'cancel', id: pending.request.id });
    pending.holder = from.clientId;
    pending.state = 'answering';
    pending.cancelReturn();
    // From now on it is spoken: the deadline was for the first word, and the gateway watches the rest.
    pending.cancelTimer();
  }

  #say(pending: Pending, text: string): void {
    pending.characters += text.length;
    if (pending.characters > MOST_CHARACTERS) {
      this.#fail(pending, `the answer is longer than ${MOST_CHARACTERS} characters; end the call or wait for the caller sooner`);
      return;
    }
    pending.parts.push(text);
    for (const sink of pending.sinks) sink.text(text);
  }

  /**
   * To the program that has the call, else to the one with the least to do; to nobody, until one comes.
   * @param force whoever had it has it no more
   */
  #give(pending: Pending, force = false): void {
    pending.cancelReturn();
    pending.holder = undefined;
    const { id, tenantId, message } = pending.request;
    const mine = this.#answerers.serving(pending.request);
    const fresh = mine.filter(({ clientId }) => !pending.failedBy.has(clientId));
    const candidates = fresh.length > 0 ? fresh : mine;
    const client = this.#answerers.choose(candidates, message.callId);
    if (!client) return;
    if (!this.book) {
      this.#chosen(pending, client.clientId);
      return;
    }
    pending.choosing = true;
    const present = candidates.map(({ clientId }) => clientId);
    const given = { callId: message.callId, tenantId, messageId: id, clientId: client.clientId, present, force };
    this.book.give(given).then(
      (clientId) => this.#chosen(pending, clientId),
      () => this.#chosen(pending, client.clientId),
    );
  }

  #chosen(pending: Pending, clientId: string): void {
    pending.choosing = false;
    // Given up, or answered by one that was believed to be dead.
    if (pending.state !== 'waiting' || this.#pending.get(pending.request.id) !== pending) return;
    pending.holder = clientId;
    const client = this.#answerers.find(clientId);
    if (client) this.#hand(pending, client);
    // It was asked through a control process that died: it has it, and comes back with the answer.
    else this.#awaitReturn(pending);
  }

  #awaitReturn(pending: Pending): void {
    pending.cancelReturn();
    pending.cancelReturn = this.clock.after(RETURN_MS, () => {
      if (pending.state === 'waiting') this.#give(pending, true);
      else this.#fail(pending, 'the program that answered is gone');
    });
  }

  #hand(pending: Pending, client: Answerer): void {
    const { id, carrier, message } = pending.request;
    pending.cancelReturn();
    this.remember(message.callId, client.clientId);
    client.send({ type: 'message', id, carrier, message });
  }

  #waitingFor(clientId: string): number {
    const open = [...this.#pending.values()].filter(({ state }) => state !== 'answered' && state !== 'failed');
    return open.filter(({ holder }) => holder === clientId).length;
  }

  #fail(pending: Pending, why: string): void {
    if (pending.state === 'answered' || pending.state === 'failed') return;
    if (pending.holder !== undefined) this.#tell(pending.holder, { type: 'cancel', id: pending.request.id });
    pending.state = 'failed';
    this.#finish(pending, (sink) => sink.failed(notConnected(why)));
  }

  #silence({ tenantId, number, timeoutMs }: SdkRelayRequest): string {
    const connected = this.#answerers.serving({ tenantId, number }).length > 0;
    if (!connected) return `no program is connected to ${number}; run one that calls connect()`;
    return `onMessage of the program returned nothing within ${timeoutMs} ms; return a first piece sooner, as a generator`;
  }

  #abandon(pending: Pending): void {
    // The caller interrupted, or a connection broke and the gateway asks again in a moment.
    this.clock.after(COME_BACK_MS, () => {
      if (pending.sinks.size > 0 || (pending.state !== 'waiting' && pending.state !== 'answering')) return;
      const { holder, request } = pending;
      pending.cancelTimer();
      pending.cancelReturn();
      this.#pending.delete(request.id);
      if (holder === undefined) return;
      const cancel = () => this.#tell(holder, { type: 'cancel', id: request.id });
      if (!this.book) return cancel();
      // The gateway may have come back to another control process.
      this.book.isOurs(request.message.callId, request.id).then(
        (ours) => ours && cancel(),
        () => undefined,
      );
    });
  }

  #finish(pending: Pending, tell: (sink: AnswerSink) => void): void {
    pending.cancelTimer();
    pending.cancelReturn();
    for (const sink of pending.sinks) tell(sink);
    pending.sinks.clear();
    pending.cancelTimer = this.clock.after(KEEP_ANSWER_MS, () => {
      if (this.#pending.get(pending.request.id) === pending) this.#pending.delete(pending.request.id);
    });
  }

  #tell(clientId: string, message: SdkServerMessage): void {
    this.#answerers.find(clientId)?.send(message);
  }
}

function notConnected(why: string): PatterError {
  return new PatterError('PATTER_CLIENT_NOT_CONNECTED', `The agent gave no answer: ${why}.`);
}
