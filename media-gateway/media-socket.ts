/**
 * Media sockets in. A stream is known only by its `start` message (Twilio strips the query of a stream's URL, so the token comes there): until
 * then a socket costs nothing but itself, and it has ten seconds.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { type CarrierMedia, type MediaCodec, type MediaStreamMessage, mediaAt } from '../carriers';
import type { CarrierName } from '../contracts/carrier';
import type { Clock } from '../contracts/clock';
import { type ErrorCode, isPatterError, PatterError } from '../contracts/errors';
import { verifyCallToken } from '../runtime/call-token';
import type { Admission } from './admission';
import { CallHost, type CallHostDeps } from './call-host';
import type { CallRegistry } from './call-registry';
import { closeSocket, SocketCarrierStream } from './carrier-stream';
import type { GatewayMetrics } from './metrics';

const START_TIMEOUT_MS = 10_000;
/** Frames come every 20 ms, in silence too: a socket without any for so long has lost its peer. */
const SILENT_SOCKET_MS = 10_000;
/** A media message has about 300 bytes. */
const MAX_MESSAGE_BYTES = 64 * 1024;
/** A message that cannot be read costs nothing but itself; a peer that sends nothing else is not the carrier. */
const MAX_BROKEN_MESSAGES = 50;
/** Sockets that have not said `start`: beyond it somebody is only opening sockets. */
const MAX_PENDING = 64;
/** A carrier says it with the first message: who has waited for so long makes room for another. */
const IDLE_MS = 1_000;

/** WebSocket close codes of refusals, and their names in logs and metrics. */
export const REFUSALS = {
  PROTOCOL: 1_002,
  DRAINING: 1_012,
  FULL: 1_013,
  TOKEN: 4_401,
  USED: 4_409,
  START_TIMEOUT: 4_408,
} as const;

export interface MediaSocketDeps extends CallHostDeps {
  secretKey: string;
  admission: Admission;
  calls: CallRegistry;
  metrics: GatewayMetrics;
  readonly neighbourUrl: string | undefined;
}

export class MediaSockets {
  private readonly server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  /** Since when, oldest first. Monotonic. */
  private readonly pending = new Map<WebSocket, number>();
  private readonly open = new Set<WebSocket>();

  constructor(private readonly deps: MediaSocketDeps) {}

  /** The HTTP server's `upgrade` event. */
  readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const url = request.url ?? '';
    const media = mediaAt(url.split('?')[0] as string);
    if (!media) refuseUpgrade(socket, '404 Not Found');
    else if (this.pending.size >= MAX_PENDING && !this.makeRoom()) refuseUpgrade(socket, '503 Service Unavailable');
    else this.server.handleUpgrade(request, socket, head, (ws) => this.accept(ws, media, media.open(url)));
  };

  /** Cuts what is left. */
  stop(): void {
    for (const socket of this.open) socket.terminate();
    this.server.close();
  }

  /** Whoever opens sockets and says nothing shall not keep callers out. */
  private makeRoom(): boolean {
    const [oldest] = this.pending;
    if (!oldest || this.deps.clock.monotonic() - oldest[1] < IDLE_MS) return false;
    this.refuse(oldest[0], REFUSALS.START_TIMEOUT, 'PATTER_STREAM_PROTOCOL', 'no start message, and others wait');
    return true;
  }

  private accept(socket: WebSocket, { carrier }: CarrierMedia, codec: MediaCodec): void {
    const { clock, log } = this.deps;
    this.open.add(socket);
    this.pending.set(socket, clock.monotonic());
    socket.on('error', (error) => log.debug({ err: error }, 'media socket error'));
    const cancelStart = clock.after(START_TIMEOUT_MS, () => {
      this.refuse(socket, REFUSALS.START_TIMEOUT, 'PATTER_STREAM_PROTOCOL', 'no start message in time');
    });
    let host: CallHost | undefined;
    const watchdog = new Watchdog(clock, SILENT_SOCKET_MS, () => {
      log.warn({ callId: host?.callId }, 'no frames any more: the socket is cut');
      socket.terminate();
    });
    socket.on('close', () => {
      cancelStart();
      watchdog.stop();
      this.pending.delete(socket);
      this.open.delete(socket);
      host?.onStreamClosed();
    });
    let broken = 0;
    const onMessage = (message: MediaStreamMessage) => {
      // Refused, and its peer goes on talking until the socket is cut.
      if (!host && socket.readyState !== WebSocket.OPEN) return;
      if (host) {
        if (message.event !== 'invalid' && message.event !== 'start') return this.pass(host, message);
        broken++;
        return this.onBroken(socket, host, message, broken);
      }
      if (message.event === 'connected' || message.event === 'ignored') return;
      if (message.event !== 'start') {
        const reason = message.event === 'invalid' ? message.reason : `${message.event} before start`;
        return this.refuse(socket, REFUSALS.PROTOCOL, 'PATTER_STREAM_PROTOCOL', reason);
      }
      cancelStart();
      host = this.admit(socket, carrier, codec, message);
      if (host) watchdog.start();
    };
    socket.on('message', (data: RawData, isBinary: boolean) => {
      watchdog.touch();
      if (isBinary) {
        onMessage({ event: 'invalid', reason: 'binary message' });
        return;
      }
      try {
        codec.read(data.toString(), onMessage);
      } catch (error) {
        // Thrown out of a socket's event it would end the process, and every call in it.
        if (broken === 0) log.error({ err: error, callId: host?.callId }, 'a message of a media stream could not be handled');
        onMessage({ event: 'invalid', reason: 'it could not be handled' });
      }
    });
  }

  private admit(
    socket: WebSocket,
    carrier: CarrierName,
    codec: MediaCodec,
    start: Extract<MediaStreamMessage, { event: 'start' }>,
  ): CallHost | undefined {
    const { admission, calls, clock, log, metrics, secretKey } = this.deps;
    if (!this.pending.delete(socket)) return undefined;
    const { carrierCallId, streamId } = start;
    let claims: ReturnType<typeof verifyCallToken>;
    try {
      claims = verifyCallToken(start.parameters.token ?? '', secretKey, clock.now());
    } catch (error) {
      const code = isPatterError(error) ? error.code : 'PATTER_TOKEN_INVALID';
      this.refuse(socket, REFUSALS.TOKEN, code, 'the token was not accepted', { carrierCallId, streamId });
      return undefined;
    }
    const where = { callId: claims.c, carrierCallId, streamId };
    // The workflow refuses it too; here it costs no round trip, and no second session for a moment.
    if (calls.of(claims.c).some((other) => other.tokenNonce === claims.n)) {
      this.refuse(socket, REFUSALS.USED, 'PATTER_TOKEN_USED', 'the token has opened a stream already', where);
      return undefined;
    }
    // A gateway that goes, with nobody to go to, takes the caller and keeps them as long as it may.
    const refusal = admission.refusal() === 'draining' && !this.deps.neighbourUrl ? undefined : admission.refusal();
    if (refusal) {
      this.refuse(socket, refusal === 'full' ? REFUSALS.FULL : REFUSALS.DRAINING, 'PATTER_NO_GATEWAY', refusal, where);
      return undefined;
    }
    const stream = new SocketCarrierStream(socket, streamId, carrierCallId, codec.encoder(streamId), clock.after);
    const onAttached = () => calls.onAttached(carrierCallId);
    const host = new CallHost({ callId: claims.c, attachment: claims.a, tokenNonce: claims.n, carrier, stream, onAttached }, this.deps);
    calls.add(host);
    metrics.streams.inc({ result: 'accepted' });
    log.info(where, 'stream accepted');
    void host.run().finally(() => calls.remove(host));
    return host;
  }

  private pass(host: CallHost, message: Exclude<MediaStreamMessage, { event: 'start' | 'invalid' }>): void {
    switch (message.event) {
      case 'media':
        if (message.streamId === host.stream.streamId) host.onAudio(message.audio);
        return;
      case 'mark':
        if (message.streamId === host.stream.streamId) host.onMark(message.name);
        return;
      case 'dtmf':
        if (message.streamId === host.stream.streamId) host.onDtmf(message.digit);
        return;
      case 'stop':
        host.onStreamClosed();
        return;
      case 'connected':
      case 'ignored':
        return;
    }
  }

  /** In the middle of a call: the message is dropped, and the person on the phone hears nothing of it. */
  private onBroken(socket: WebSocket, host: CallHost, message: MediaStreamMessage, count: number): void {
    const code: ErrorCode = 'PATTER_STREAM_PROTOCOL';
    const reason = message.event === 'invalid' ? message.reason : `a second ${message.event}`;
    if (count === 1) this.deps.log.warn({ callId: host.callId, code, reason }, 'a message of the media stream was dropped');
    this.deps.metrics.streams.inc({ result: code });
    if (count < MAX_BROKEN_MESSAGES) return;
    this.deps.log.warn({ callId: host.callId, code, count }, 'the media stream broke the protocol; the carrier may open another');
    closeSocket(socket, REFUSALS.PROTOCOL, code, this.deps.clock.after);
  }

  private refuse(socket: WebSocket, closeCode: number, code: ErrorCode, reason: string, where: Record<string, string> = {}): void {
    this.pending.delete(socket);
    const error = new PatterError(code, reason);
    this.deps.metrics.streams.inc({ result: error.code });
    this.deps.log.warn({ ...where, code: error.code, reason }, 'media stream refused');
    closeSocket(socket, closeCode, error.code, this.deps.clock.after);
  }
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  // A peer that does not close its end would hold the connection for ever: the server has given it away with the upgrade.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/** Fires when it is not touched for `ms` to twice `ms`; a touch costs an assignment, because there are fifty a second. */
class Watchdog {
  private touched = false;
  private cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly ms: number,
    private readonly bark: () => void,
  ) {}

  start(): void {
    this.touched = false;
    this.cancel = this.clock.after(this.ms, () => {
      if (this.touched) this.start();
      else this.bark();
    });
  }

  touch(): void {
    this.touched = true;
  }

  stop(): void {
    this.cancel?.();
  }
}
