/** Deepgram as the product meets it: the listen sockets v1 and v2, below `/deepgram`. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { LabServer } from '../lab-server';
import { VendorSockets } from '../vendor-sockets';
import type { DeepgramEntry } from './ledger-entry';
import { ListenV1 } from './listen-v1';
import { ListenV2 } from './listen-v2';
import { ListenRefusal, parseV1, parseV2, rawQuery } from './query';
import type { ListenSession, SessionDeps } from './session';

export interface DeepgramOptions {
  /** Silence on the wire, without audio or KeepAlive, after which the vendor hangs up. */
  idleMs: number;
}

const DEFAULT_DEEPGRAM: DeepgramOptions = { idleMs: 10_000 };
const INTERNAL_ERROR = 1011;
const GOING_AWAY = 1001;

/** Puts the simulator into the lab's server. */
export function registerDeepgram(lab: LabServer, options: Partial<DeepgramOptions> = {}): void {
  const { idleMs } = { ...DEFAULT_DEEPGRAM, ...options };
  const sockets = new VendorSockets(lab);

  // By which a key is tried without a socket.
  lab.app.get('/deepgram/v1/projects', (request, reply) => {
    if (/^Token \S+$/i.test(request.headers.authorization ?? '')) return { projects: [{ project_id: 'lab', name: 'Lab' }] };
    return reply.code(401).send({ err_code: 'INVALID_AUTH', err_msg: 'Invalid credentials.' });
  });

  for (const api of ['v1', 'v2'] as const) {
    lab.onUpgrade(`/deepgram/${api}/listen`, (request, socket, head, url) => {
      const entry = newEntry(api, rawQuery(url.searchParams), lab.clock.now());
      lab.ledger.note('deepgram', entry);
      let start: (deps: SessionDeps) => ListenSession;
      try {
        start = admitted(request, entry);
      } catch (error) {
        if (!(error instanceof ListenRefusal)) throw error;
        refuse(socket, entry, error);
        return;
      }
      sockets.accept(request, socket, head, (ws) => serve(ws, entry, start));
    });
  }

  function admitted(request: IncomingMessage, entry: DeepgramEntry): (deps: SessionDeps) => ListenSession {
    if (!/^(Token|Bearer) \S+$/i.test(request.headers.authorization ?? '')) {
      throw new ListenRefusal(401, 'INVALID_AUTH', 'Invalid credentials.');
    }
    const refusal = lab.faults.take('provider_refuse', { event: 'deepgram' });
    if (refusal) throw new ListenRefusal(refusal.status, 'TOO_MANY_REQUESTS', 'Too many requests. Please try again later.');
    if (entry.api === 'v1') {
      const query = parseV1(entry.query);
      return (deps) => new ListenV1(query, deps);
    }
    const query = parseV2(entry.query);
    return (deps) => new ListenV2(query, deps);
  }

  function refuse(socket: Duplex, entry: DeepgramEntry, { status, code, message }: ListenRefusal): void {
    entry.closedBy = 'refused';
    entry.closedAt = lab.clock.now();
    const body = JSON.stringify({ err_code: code, err_msg: message, request_id: entry.requestId });
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\ndg-request-id: ${entry.requestId}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }

  function serve(ws: WebSocket, entry: DeepgramEntry, start: (deps: SessionDeps) => ListenSession): void {
    const { clock } = lab;
    const end = (closedBy: NonNullable<DeepgramEntry['closedBy']>, code: number, reason: string) => {
      entry.closedBy ??= closedBy;
      ws.close(code, reason);
    };
    let mute = false;
    const session = start({
      clock,
      baud: lab.options.baud,
      entry,
      send: (message) => {
        mute ||= lab.faults.take('provider_mute', { event: 'deepgram' }) !== undefined;
        if (mute) return;
        if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(message));
      },
      close: (code, reason) => end(code === 1000 ? 'client' : 'lab', code, reason),
      lateByMs: () => lab.faults.take('stt_late', { event: 'deepgram' })?.delayMs ?? 0,
    });
    if (lab.faults.take('provider_unknown_event', { event: 'deepgram' })) {
      ws.send(JSON.stringify({ type: 'SomethingNew', payload: { of: ['no', 'known', 'kind'] } }));
    }
    const drop = lab.faults.take('provider_drop', { event: 'deepgram' });
    const close = lab.faults.take('provider_close', { event: 'deepgram' });

    let lastAt = clock.monotonic();
    let cancelIdle = () => {};
    const watch = () => {
      const leftMs = idleMs - (clock.monotonic() - lastAt);
      if (leftMs <= 0) end('idle', INTERNAL_ERROR, 'NET-0001');
      else cancelIdle = clock.after(leftMs, watch);
    };
    watch();
    ws.on('message', (data, isBinary) => {
      lastAt = clock.monotonic();
      const bytes = data as Buffer;
      if (!isBinary) return session.text(bytes.toString());
      session.audio(bytes);
      if (drop && entry.audioMs >= (drop.afterMs ?? 300)) {
        entry.closedBy ??= 'fault';
        ws.terminate();
      } else if (close && entry.audioMs >= (close.afterMs ?? 300)) end('fault', INTERNAL_ERROR, 'NET-0000');
    });
    // A broken socket is followed by `close`, which does all there is to do.
    ws.on('error', (error) => lab.log.debug({ err: error, requestId: entry.requestId }, 'deepgram socket error'));
    sockets.add(ws, () => end('lab', GOING_AWAY, ''));
    ws.on('close', (code) => {
      cancelIdle();
      session.stop();
      entry.closedAt = clock.now();
      entry.closeCode = code;
      entry.closedBy ??= 'client';
    });
  }
}

function newEntry(api: 'v1' | 'v2', query: DeepgramEntry['query'], openedAt: number): DeepgramEntry {
  return {
    requestId: randomUUID(),
    api,
    query,
    openedAt,
    audioMs: 0,
    keepAlives: 0,
    finalizes: 0,
    configures: 0,
    heard: [],
    errors: [],
  };
}
