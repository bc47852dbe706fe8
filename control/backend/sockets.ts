/** The WebSockets of connected programs: who they are, that they live, and what they say. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ErrorCode, isPatterError, PatterError } from '../../contracts/errors';
import {
  SDK_CLOSE,
  SDK_LIVENESS,
  SDK_SOCKET_PATH,
  type SdkClientMessage,
  type SdkServerMessage,
  type SocketLiveness,
  sdkClientMessage,
} from '../../contracts/sdk-protocol';
import { watchSocket } from '../../runtime/watch-socket';
import { noteUse } from '../access';
import type { ControlContext } from '../context';
import { type ApiKey, apiKeyOf } from '../keys/api-keys';
import { type Answerer, clientIdOf } from './answerers';
import type { ControlLinks } from './control-links';
import type { EventPump } from './event-pump';
import { type CarriersOf, registerNumber } from './register-number';
import type { MessageRelay } from './relay';

export interface SocketOptions extends SocketLiveness {
  helloWithinMs: number;
  /** How soon a revoked key's sockets are closed. */
  checkKeyEveryMs: number;
}

export const DEFAULT_SOCKET_OPTIONS = {
  ...SDK_LIVENESS,
  helloWithinMs: 10_000,
  checkKeyEveryMs: 10_000,
} as const satisfies SocketOptions;

const MOST_BYTES = 1_000_000;
const MOST_WAITING_BYTES = 16_000_000;

const TEMPORARY: ReadonlySet<ErrorCode> = new Set(['PATTER_POSTGRES_UNAVAILABLE', 'PATTER_TEMPORAL_UNAVAILABLE']);

export class SdkSockets {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES, perMessageDeflate: false });
  readonly #open = new Set<Connection>();

  constructor(
    private readonly ctx: ControlContext,
    private readonly relay: MessageRelay,
    private readonly pump: EventPump,
    private readonly links: ControlLinks,
    private readonly parts: { carriersOf?: CarriersOf; options?: Partial<SocketOptions> } = {},
  ) {}

  /** The server's `upgrade` listener. */
  readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy());
    this.#admit(request).then(
      ({ key, secret }) =>
        this.#server.handleUpgrade(request, socket, head, (webSocket) => {
          const { ctx, relay, pump, links, parts } = this;
          const options = { ...DEFAULT_SOCKET_OPTIONS, ...parts.options };
          const connection = new Connection({ ctx, relay, pump, links, key, secret, options, carriersOf: parts.carriersOf }, webSocket);
          this.#open.add(connection);
          webSocket.on('close', () => this.#open.delete(connection));
        }),
      (error: unknown) => refuse(socket, error),
    );
  };

  async stop(): Promise<void> {
    for (const connection of this.#open) connection.close(1012, 'the backend restarts');
    this.#server.close();
  }

  async #admit(request: IncomingMessage): Promise<{ key: ApiKey; secret: string }> {
    if (request.url?.split('?')[0] !== SDK_SOCKET_PATH) throw new PatterError('PATTER_REQUEST_INVALID', 'There is no such socket.');
    const { authorization } = request.headers;
    const secret = authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : '';
    const key = await apiKeyOf(this.ctx, secret);
    if (!key) throw new PatterError('PATTER_UNAUTHORIZED', 'Send "Authorization: Bearer <API key>". `patter keys create` makes one.');
    if (!key.scopes.includes('connect')) throw new PatterError('PATTER_FORBIDDEN', 'This needs a key with the scope "connect".');
    noteUse(this.ctx, key);
    return { key, secret };
  }
}

function refuse(socket: Duplex, error: unknown): void {
  const code = isPatterError(error) ? error.code : 'PATTER_UNEXPECTED';
  const status = { PATTER_UNAUTHORIZED: '401 Unauthorized', PATTER_FORBIDDEN: '403 Forbidden', PATTER_REQUEST_INVALID: '404 Not Found' }[
    code as string
  ];
  const body = JSON.stringify({ code, message: isPatterError(error) ? error.message : 'internal error' });
  const head = `HTTP/1.1 ${status ?? '503 Service Unavailable'}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  // A program that does not close its end would hold the connection for ever: the server has given it away with the upgrade.
  socket.once('finish', () => socket.destroy());
  socket.end(head + body);
}

interface ConnectionParts {
  ctx: ControlContext;
  relay: MessageRelay;
  pump: EventPump;
  links: ControlLinks;
  key: ApiKey;
  secret: string;
  options: SocketOptions;
  carriersOf: CarriersOf | undefined;
}

/** One program's socket: says hello once, then answers. */
class Connection {
  #answerer: Answerer | undefined;
  #greeted = false;
  #cancels: (() => void)[] = [];

  constructor(
    private readonly parts: ConnectionParts,
    private readonly socket: WebSocket,
  ) {
    const { ctx, options } = parts;
    watchSocket(socket, ctx.clock, options);
    socket.on('message', (data) => this.#message(data.toString()));
    socket.on('error', (error) => ctx.log.debug({ err: error }, 'the socket of a program failed'));
    socket.on('close', () => this.#closed());
    this.#every(options.checkKeyEveryMs, () => this.#checkKey());
    this.#cancels.push(
      ctx.clock.after(options.helloWithinMs, () => {
        if (!this.#greeted) this.close(SDK_CLOSE.refused, 'no hello');
      }),
    );
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
    // A peer that is gone does not answer.
    this.#cancels.push(this.parts.ctx.clock.after(1_000, () => this.socket.terminate()));
  }

  #every(ms: number, work: () => void): void {
    const slot = this.#cancels.push(() => undefined) - 1;
    const arm = () => {
      this.#cancels[slot] = this.parts.ctx.clock.after(ms, () => {
        work();
        arm();
      });
    };
    arm();
  }

  #message(text: string): void {
    const message = parse(text);
    if (!message) {
      this.#refuse(new PatterError('PATTER_REQUEST_INVALID', 'The message cannot be read: are both of the same version?'));
      return;
    }
    const { relay, pump, links } = this.parts;
    if (message.type === 'hello') {
      if (this.#greeted) return;
      this.#greeted = true;
      this.#hello(message).catch((error: unknown) => this.#refuse(error));
      return;
    }
    const from = this.#answerer;
    if (!from) return;
    if (message.type === 'ack' || message.type === 'nack') pump.answered(message.callId, message.event, message.type === 'ack');
    else relay.heard(from, message);
    links.heard(from, message);
  }

  async #hello(hello: Extract<SdkClientMessage, { type: 'hello' }>): Promise<void> {
    const { ctx, key, relay, links, carriersOf } = this.parts;
    const { number, notes } = await registerNumber(ctx, key, hello, { carriersOf });
    if (this.socket.readyState !== this.socket.OPEN) return;
    const { tenantId } = key;
    const clientId = clientIdOf({ tenantId, number }, hello.clientId);
    this.#answerer = { clientId, tenantId, number, connection: hello.connection, send: (message) => this.#send(message) };
    this.#send({ type: 'welcome', number, notes });
    ctx.log.info({ tenantId, keyId: key.keyId, clients: relay.clients.size + 1 }, 'a program is connected');
    relay.connected(this.#answerer);
    links.joined(this.#answerer);
  }

  #closed(): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
    const gone = this.#answerer;
    if (!gone) return;
    this.#answerer = undefined;
    this.parts.links.left(gone);
    this.parts.relay.disconnected(gone);
    this.parts.pump.clientGone(gone.clientId);
    this.parts.ctx.log.info({ tenantId: gone.tenantId }, 'a program is gone');
  }

  #checkKey(): void {
    apiKeyOf(this.parts.ctx, this.parts.secret).then(
      (key) => {
        if (!key) this.close(SDK_CLOSE.unauthorized, 'the API key was revoked');
      },
      // Postgres is away: who was let in stays.
      () => undefined,
    );
  }

  #refuse(error: unknown): void {
    const known = isPatterError(error);
    if (!known) this.parts.ctx.log.error({ err: error }, 'a program could not be connected');
    // Ours to mend, or over in a moment: it may come again.
    const temporary = !known || TEMPORARY.has(error.code) || (error.code === 'PATTER_CARRIER_REFUSED' && error.details.httpStatus === 429);
    this.#send({ type: 'refused', code: known ? error.code : 'PATTER_UNEXPECTED', message: known ? error.message : 'internal error' });
    this.close(temporary ? 1013 : SDK_CLOSE.refused, 'refused');
  }

  #send(message: SdkServerMessage): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    // It does not read: what waits for it would only grow. It comes back for what it has missed.
    if (this.socket.bufferedAmount > MOST_WAITING_BYTES) this.socket.terminate();
    else this.socket.send(JSON.stringify(message), () => undefined);
  }
}

function parse(text: string): SdkClientMessage | undefined {
  try {
    const parsed = sdkClientMessage.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
