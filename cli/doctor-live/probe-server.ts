/** A webhook and media server of its own for one live call: it records what comes and answers as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { MediaStreamEncoder, verifyTwilioSignature, webhookUrl } from '../../carriers/twilio';
import type { Clock } from '../../contracts/clock';
import { BYTES_PER_MS } from '../../contracts/g711';
import { GATEWAY_PATHS } from '../../contracts/gateway';
import type { CallbackKind, Recording } from './recording';

export interface ProbeServerOptions {
  host: string;
  port: number;
  /** Without a trailing slash; signatures are judged by it. */
  publicUrl: string;
  authToken: string;
  /** Of this run alone and not to be guessed: requests that do not name it are not of its call. */
  runId: string;
  /** What the media stream must carry as its token. */
  token: string;
  recording: Recording;
  clock: Clock;
  /** TwiML for the next instruction that the carrier asks for. */
  nextTwiml: () => string;
}

const CALLBACKS: readonly CallbackKind[] = ['status', 'amd', 'stream', 'continue'];
const BODY_LIMIT_BYTES = 64 * 1024;
const START_DEADLINE_MS = 10_000;
/** `connected` and `start`, and what a later version may put before them. */
const EARLY_FRAMES = 10;

/** One media stream of the call, to be spoken into. */
export class ProbeStream {
  readonly #encoder: MediaStreamEncoder;

  constructor(
    readonly number: number,
    private readonly socket: WebSocket,
    streamId: string,
    private readonly recording: Recording,
  ) {
    this.#encoder = new MediaStreamEncoder(streamId);
  }

  media(mulaw: Uint8Array): void {
    this.socket.send(this.#encoder.media(mulaw));
    this.recording.add({ kind: 'sent', stream: this.number, message: 'media', audioMs: mulaw.length / BYTES_PER_MS });
  }

  mark(name: string): void {
    this.socket.send(this.#encoder.mark(name));
    this.recording.add({ kind: 'sent', stream: this.number, message: 'mark', name });
  }

  clear(): void {
    this.socket.send(this.#encoder.clear());
    this.recording.add({ kind: 'sent', stream: this.number, message: 'clear' });
  }

  /** With a closing handshake. */
  close(): void {
    this.recording.add({ kind: 'ended', stream: this.number, how: 'closed' });
    this.socket.close(1000);
  }

  /** As a process that dies: the connection is reset. */
  terminate(): void {
    this.recording.add({ kind: 'ended', stream: this.number, how: 'terminated' });
    this.socket.terminate();
  }
}

export interface ProbeServer {
  /** Streams whose `start` carried the token, by their number. */
  readonly streams: ReadonlyMap<number, ProbeStream>;
  close(): Promise<void>;
}

interface StartFrame {
  event?: unknown;
  streamSid?: unknown;
  start?: { streamSid?: unknown; customParameters?: { token?: unknown } };
}

/** Rejects with the error of `listen`, as `EADDRINUSE`. */
export async function startProbeServer(options: ProbeServerOptions): Promise<ProbeServer> {
  const { runId, recording, publicUrl, authToken, clock } = options;
  const streams = new Map<number, ProbeStream>();
  const open = new Set<WebSocket>();
  const callbacks = new Map(CALLBACKS.map((kind) => [webhookUrl('', kind, { callId: runId }), kind]));
  const isSigned = (path: string, base: string, request: IncomingMessage, params: Record<string, string | string[]>) => {
    const header = request.headers['x-twilio-signature'];
    return verifyTwilioSignature({ authToken, url: base + path, params, signature: Array.isArray(header) ? header[0] : header });
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '/';
    if (request.method === 'GET' && path === `/healthz?run=${runId}`) return response.end(runId);
    const kind = callbacks.get(path);
    if (!kind) return response.writeHead(404).end();
    const params = parse(await bodyOf(request)) as Record<string, string | string[]>;
    recording.add({ kind: 'callback', callback: kind, signed: isSigned(path, publicUrl, request, params), params: flat(params) });
    if (kind !== 'continue') return response.writeHead(204).end();
    return response.writeHead(200, { 'content-type': 'text/xml' }).end(options.nextTwiml());
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.requestTimeout = START_DEADLINE_MS;

  const sockets = new WebSocketServer({ noServer: true, maxPayload: BODY_LIMIT_BYTES });
  let opened = 0;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    if ((request.url ?? '').split('?')[0] !== GATEWAY_PATHS.media) return void socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (ws) =>
      accept(ws, isSigned(GATEWAY_PATHS.media, publicUrl.replace(/^http/, 'ws'), request, {})),
    );
  });

  /**
   * What comes before the start is kept back: a stranger's socket leaves nothing in the recording. Read by hand and not by the product's parser, which
   * refuses shapes that it does not know: they are what is looked for here.
   */
  function accept(socket: WebSocket, signed: boolean): void {
    open.add(socket);
    const early: unknown[] = [];
    let stream: ProbeStream | undefined;
    const notTooLate = clock.after(START_DEADLINE_MS, () => socket.terminate());
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => {
      const text = String(data);
      const frame = jsonOr(text);
      if (stream) return void recording.add({ kind: 'frame', stream: stream.number, frame });
      early.push(frame);
      const { event, streamSid, start } = frame as StartFrame;
      const isOurs = event === 'start' && (signed || start?.customParameters?.token === options.token);
      if (!isOurs) return early.length > EARLY_FRAMES ? socket.terminate() : undefined;
      notTooLate();
      opened += 1;
      stream = new ProbeStream(opened, socket, String(streamSid ?? start?.streamSid), recording);
      streams.set(opened, stream);
      recording.add({ kind: 'handshake', stream: opened, signed });
      for (const one of early) recording.add({ kind: 'frame', stream: opened, frame: one });
    });
    socket.on('close', (code) => {
      notTooLate();
      open.delete(socket);
      if (stream) recording.add({ kind: 'closed', stream: stream.number, code });
    });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
  return {
    streams,
    async close() {
      await Promise.all(
        [...open].map(
          (socket) =>
            new Promise<void>((resolve) => {
              socket.once('close', () => resolve());
              socket.terminate();
            }),
        ),
      );
      sockets.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_LIMIT_BYTES) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function flat(params: Record<string, string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]));
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}
