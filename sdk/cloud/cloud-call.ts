/** The handle of a call at the backend: asked for over REST and server-sent events, from any process and over restarts of both sides. */
import { randomUUID } from 'node:crypto';
import type { AgentSpec } from '../../contracts/agent';
import { type Clock, sleep } from '../../contracts/clock';
import { isPatterError, PatterError } from '../../contracts/errors';
import type { CallUpdate as BackendUpdate } from '../../control/calls/updates';
import { ServerSentEvents } from '../../media-gateway/engines/pipeline/on-message/server-sent-events';
import { historyOf } from '../callbacks/events';
import { PatterConnectionError } from '../errors';
import { checkE164, checkText } from '../options/check';
import type { CallHandle, CallResult, CallStatus, CallUpdate } from '../options/handle';
import { isTemporary, type RestClient } from './rest';
import { resultOfSnapshot } from './snapshot-facts';

export interface CloudCallParts {
  rest: RestClient;
  agent: () => AgentSpec;
  /** Aborted by `disconnect()`. */
  signal: () => AbortSignal;
  clock: Clock;
}

const AGAIN_MS = 500;
const LONGEST_AGAIN_MS = 10_000;
/** A backend that restarts is waited for. */
const PATIENCE_MS = 120_000;
const ORDER_TRIES = 4;

export class CloudCall implements CallHandle {
  #status: CallStatus = 'queued';

  constructor(
    readonly id: string,
    private readonly parts: CloudCallParts,
  ) {}

  get status(): CallStatus {
    return this.#status;
  }

  get events(): AsyncIterable<CallUpdate> {
    return { [Symbol.asyncIterator]: () => this.#watch(this.parts.signal()) };
  }

  async result({ timeoutMs }: { timeoutMs?: number } = {}): Promise<CallResult> {
    const over = new AbortController();
    const cancel = timeoutMs === undefined ? () => undefined : this.parts.clock.after(timeoutMs, () => over.abort());
    const disconnected = this.parts.signal();
    try {
      for await (const update of this.#watch(AbortSignal.any([over.signal, disconnected]))) {
        if (update.type === 'ended') return update.result;
      }
    } finally {
      cancel();
      over.abort();
    }
    if (disconnected.aborted) throw new PatterConnectionError(`disconnect() was called before the call ${this.id} had ended; it goes on.`);
    throw new PatterError('PATTER_RESULT_TIMEOUT', 'The call has not ended yet; it goes on.', { details: { callId: this.id, timeoutMs } });
  }

  async transfer(number: string): Promise<void> {
    await this.#order('transfer', { number: checkE164('number', number) });
  }

  async hangup(): Promise<void> {
    try {
      await this.#order('hangup', {});
    } catch (error) {
      if (!isPatterError(error, 'PATTER_CALL_ENDED')) throw error;
    }
  }

  async say(text: string): Promise<void> {
    await this.#order('say', { text: checkText('text', text, 1) });
  }

  /** Repeated with the same id it is carried out once. */
  async #order(what: string, body: object): Promise<void> {
    const { rest, clock } = this.parts;
    const orderId = randomUUID();
    for (let tries = 1; ; tries++) {
      try {
        await rest.request('POST', `/api/calls/${encodeURIComponent(this.id)}/${what}`, { ...body, orderId });
        return;
      } catch (error) {
        if (tries >= ORDER_TRIES || !isTemporary(error)) throw error;
        await sleep(clock, AGAIN_MS * tries);
      }
    }
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<CallUpdate> {
    const { clock } = this.parts;
    let told = 0;
    let failingSince: number | undefined;
    for (let tries = 0; !signal.aborted; ) {
      try {
        for await (const update of this.#updates(signal)) {
          tries = 0;
          failingSince = undefined;
          if (update.type === 'ended') {
            this.#status = 'ended';
            yield { type: 'ended', result: resultOfSnapshot(update.call, this.parts.agent()), at: update.at };
            return;
          }
          if (update.type === 'status') {
            // A new connection begins with the present state.
            if (update.status === this.#status && told > 0) continue;
            this.#status = update.status;
            yield update;
          } else if (update.index >= told) {
            told = update.index + 1;
            const [turn] = historyOf([update.turn]);
            if (turn) yield { type: 'turn', turn, at: update.at };
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        failingSince ??= clock.monotonic();
        if (!isTemporary(error) || clock.monotonic() - failingSince > PATIENCE_MS) throw error;
      }
      tries++;
      await sleep(clock, Math.min(LONGEST_AGAIN_MS, AGAIN_MS * 2 ** (tries - 1)) * (0.5 + Math.random() / 2), signal).catch(
        () => undefined,
      );
    }
  }

  async *#updates(signal: AbortSignal): AsyncGenerator<BackendUpdate> {
    const body = this.parts.rest.stream(`/api/calls/${encodeURIComponent(this.id)}/events`, signal);
    const events = new ServerSentEvents();
    const decoder = new TextDecoder();
    for await (const chunk of body) {
      for (const data of events.push(decoder.decode(chunk, { stream: true }))) yield JSON.parse(data) as BackendUpdate;
    }
  }
}
