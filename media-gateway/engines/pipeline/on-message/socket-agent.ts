import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { CallSetup } from '../../../../contracts/call';
import type { Clock } from '../../../../contracts/clock';
import { isPatterError, PatterError } from '../../../../contracts/errors';
import type { ChatDelta } from '../../../../providers/llm/chat';
import type { GuardedFetch } from '../../../../runtime/guarded-fetch';
import { signedHeaders } from '../../../../runtime/webhook-signature';
import type { AgentRequest, PipelineAgent } from '../agent';
import { messageOf } from './message-agent';
import { deltasOf, type OnMessageSpec } from './webhook-agent';

const CONNECT_MS = 3_000;
const MOST_BYTES = 256_000;

/** What the other side sends: parts of the answer to the message `id`, and its end. */
const serverMessage = z.looseObject({
  type: z.enum(['delta', 'message', 'tool_call', 'done', 'error']),
  id: z.string(),
  message: z.string().optional(),
});

type Incoming = z.output<typeof serverMessage>;

/**
 * One socket a call, opened at once and again when it is needed. Every message of ours is `{id, timestamp, signature, data}`, where `data` is the
 * JSON text that is signed; the upgrade is signed over an empty body.
 */
export class SocketAgent implements PipelineAgent {
  #socket: Promise<WebSocket> | undefined;
  #closed = false;
  /** Who waits for an answer, by message id. */
  readonly #waiting = new Map<string, { message(message: Incoming): void; lost(error: Error): void }>();

  constructor(
    private readonly spec: OnMessageSpec,
    private readonly setup: CallSetup,
    private readonly deps: { fetch: Pick<GuardedFetch, 'socketOptions' | 'close'>; clock: Clock },
  ) {
    // While the phone rings. A failure shows with the first message.
    this.#open().catch(() => undefined);
  }

  async *answer(request: AgentRequest): AsyncGenerator<ChatDelta> {
    const { signal } = request;
    const id = `${this.setup.callId}.${request.requestId}`;
    const { timeoutMs } = this.spec;
    const inbox: Incoming[] = [];
    let failure: Error | undefined;
    let wake: () => void = () => undefined;
    const fail = (error: Error) => {
      failure ??= error;
      wake();
    };
    const onAbort = () => fail(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal.addEventListener('abort', onAbort, { once: true });
    let cancel: () => void = () => undefined;
    let finished = false;
    let socket: WebSocket | undefined;
    try {
      socket = await this.#open();
      signal.throwIfAborted();
      this.#waiting.set(id, {
        message: (message) => {
          inbox.push(message);
          wake();
        },
        lost: fail,
      });
      this.#send(socket, id, { type: 'message', id, ...messageOf(this.setup, request) });
      while (!finished) {
        const message = inbox.shift();
        if (message) {
          if (message.type === 'error') throw new Error(message.message ?? 'answered with an error');
          if (message.type === 'tool_call') yield* deltasOf({ tool: message });
          else if (message.type !== 'done') yield* deltasOf(message);
          finished = message.type === 'done' || message.type === 'message';
          continue;
        }
        if (failure) throw failure;
        cancel = this.deps.clock.after(timeoutMs, () => fail(new Error(`gave nothing for ${timeoutMs} ms`)));
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        cancel();
      }
    } catch (cause) {
      signal.throwIfAborted();
      if (isPatterError(cause, 'PATTER_URL_FORBIDDEN')) throw cause;
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw new PatterError('PATTER_WEBHOOK_FAILED', `onMessage at ${new URL(this.spec.url).host}: ${problem}`, { cause });
    } finally {
      cancel();
      this.#waiting.delete(id);
      signal.removeEventListener('abort', onAbort);
      // Nobody listens any more: the other side may stop thinking.
      if (!finished && socket) this.#send(socket, id, { type: 'cancel', id });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.then(
      (socket) => socket.close(1000),
      () => undefined,
    );
    this.deps.fetch.close();
  }

  #open(): Promise<WebSocket> {
    if (!this.#socket) {
      const socket = this.#connect();
      this.#socket = socket;
      // Also when the address is not allowed, and nothing was opened: the next message tries again.
      socket.catch(() => {
        if (this.#socket === socket) this.#socket = undefined;
      });
    }
    return this.#socket;
  }

  #connect(): Promise<WebSocket> {
    const { spec, setup, deps } = this;
    return new Promise<WebSocket>((resolve, reject) => {
      const headers = { ...signedHeaders(`${setup.callId}.${randomUUID()}`, deps.clock.now(), '', spec.secret), 'user-agent': 'patter' };
      const socket = new WebSocket(spec.url, {
        ...deps.fetch.socketOptions(spec.url),
        headers,
        maxPayload: MOST_BYTES,
        perMessageDeflate: false,
      });
      let over = false;
      const gone = (error: Error) => {
        // Its failure comes before its close, and there may be another socket by then, with answers of its own.
        if (over) return;
        over = true;
        cancel();
        this.#socket = undefined;
        reject(error);
        for (const { lost } of [...this.#waiting.values()]) lost(error);
        socket.terminate();
      };
      const cancel = deps.clock.after(CONNECT_MS, () => gone(new Error(`no connection within ${CONNECT_MS} ms`)));
      socket.on('open', () => {
        cancel();
        if (this.#closed) socket.close(1000);
        resolve(socket);
      });
      socket.on('message', (data) => this.#message(data.toString()));
      socket.on('error', gone);
      socket.on('close', (code) => gone(new Error(`the socket was closed (${code})`)));
    });
  }

  #message(text: string): void {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return;
    }
    const result = serverMessage.safeParse(json);
    if (result.success) this.#waiting.get(result.data.id)?.message(result.data);
  }

  #send(socket: WebSocket, id: string, message: Record<string, unknown>): void {
    if (socket.readyState !== socket.OPEN) return;
    const data = JSON.stringify(message);
    const { 'webhook-timestamp': timestamp, 'webhook-signature': signature } = signedHeaders(
      id,
      this.deps.clock.now(),
      data,
      this.spec.secret,
    );
    socket.send(JSON.stringify({ id, timestamp, ...(signature && { signature }), data }), () => undefined);
  }
}
