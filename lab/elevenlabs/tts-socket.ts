/** The sockets `/v1/text-to-speech/{voice_id}/stream-input`. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { LabServer } from '../lab-server';
import { VendorSockets } from '../vendor-sockets';
import type { ElevenLabsTtsEntry } from './ledger-entry';
import { StreamInputSession } from './stream-input';

export interface TtsSocketOptions {
  /** Without text for so long the vendor hangs up; a query parameter changes it. */
  idleMs: number;
}

const PATH = /^\/elevenlabs\/v1\/text-to-speech\/([^/]+)\/stream-input$/;
const INTERNAL_ERROR = 1011;
const GOING_AWAY = 1001;
const MOST_IDLE_MS = 180_000;
/** The stock voices have such ids; a name is none. */
export const VOICE_ID = /^[A-Za-z0-9]{20}$/;

export function registerTtsSocket(lab: LabServer, options: TtsSocketOptions): void {
  const sockets = new VendorSockets(lab);

  lab.onUpgrade(PATH, (request, socket, head, url) => {
    const entry = newEntry(decodeURIComponent(PATH.exec(url.pathname)?.[1] ?? ''), url.searchParams, lab.clock.now());
    lab.ledger.note('elevenlabs-tts', entry);
    const refusal = lab.faults.take('provider_refuse', { event: 'elevenlabs' });
    if (refusal) {
      entry.closedBy = 'refused';
      entry.closedAt = lab.clock.now();
      refuse(socket, refusal.status);
      return;
    }
    sockets.accept(request, socket, head, (ws) => serve(ws, request, entry));
  });

  function serve(ws: WebSocket, request: IncomingMessage, entry: ElevenLabsTtsEntry): void {
    const { clock } = lab;
    const drop = lab.faults.take('provider_drop', { event: 'elevenlabs' });
    const close = lab.faults.take('provider_close', { event: 'elevenlabs' });
    const end = (by: NonNullable<ElevenLabsTtsEntry['closedBy']>, code: number, reason: string) => {
      entry.closedBy ??= by;
      ws.close(code, reason);
    };
    const session = new StreamInputSession({
      clock,
      baud: lab.options.baud,
      entry,
      autoMode: entry.query.auto_mode === 'true',
      send: (message) => {
        if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(message));
        if (drop && entry.audioMs >= (drop.afterMs ?? 300)) {
          entry.closedBy ??= 'fault';
          ws.terminate();
        } else if (close && entry.audioMs >= (close.afterMs ?? 300)) end('fault', INTERNAL_ERROR, 'internal error');
      },
      close: (code, reason) => end('lab', code, reason),
    });
    sockets.add(ws, () => end('lab', GOING_AWAY, ''));
    let cancelIdle = () => {};
    // A broken socket is followed by `close`, which does all there is to do.
    ws.on('error', (error) => lab.log.debug({ err: error, voiceId: entry.voiceId }, 'elevenlabs socket error'));
    ws.on('close', (code) => {
      cancelIdle();
      session.stop();
      entry.closedAt = clock.now();
      entry.closeCode = code;
      entry.closedBy ??= 'client';
    });

    const problem = problemOf(request, entry);
    if (problem) {
      session.fail(problem.error, problem.message);
      return;
    }
    if (lab.faults.take('provider_unknown_event', { event: 'elevenlabs' })) ws.send(JSON.stringify({ something: 'new' }));
    const idleMs = entry.query.inactivity_timeout ? Math.min(MOST_IDLE_MS, 1_000 * Number(entry.query.inactivity_timeout)) : options.idleMs;
    const awaitText = () => {
      cancelIdle();
      cancelIdle = clock.after(idleMs, () => {
        entry.closedBy ??= 'idle';
        session.fail(
          'input_timeout_exceeded',
          `Have not received a new text input within the timeout of ${idleMs / 1_000} seconds. Streaming input terminated.`,
        );
      });
    };
    awaitText();
    ws.on('message', (data) => {
      awaitText();
      session.receive(data.toString());
    });
  }
}

/** What the vendor finds out only after it has opened the socket. */
function problemOf(request: IncomingMessage, { voiceId, query }: ElevenLabsTtsEntry): { error: string; message: string } | undefined {
  if (!request.headers['xi-api-key']) return { error: 'missing_api_key', message: 'An API key is needed.' };
  if (!VOICE_ID.test(voiceId)) return { error: 'voice_id_does_not_exist', message: `A voice with voice_id ${voiceId} does not exist.` };
  if (query.output_format !== 'ulaw_8000') {
    return { error: 'output_format_not_allowed', message: `The lab speaks ulaw_8000, not ${query.output_format ?? 'the default'}.` };
  }
  if (query.language_code && !/_v2_5$/.test(query.model_id ?? '')) {
    return { error: 'invalid_language_code', message: `Model ${query.model_id} does not support the language_code parameter.` };
  }
  return undefined;
}

function refuse(socket: Duplex, status: number): void {
  const body = JSON.stringify({ detail: { status: 'too_many_concurrent_requests', message: 'Too many concurrent requests.' } });
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function newEntry(voiceId: string, params: URLSearchParams, openedAt: number): ElevenLabsTtsEntry {
  const query = Object.fromEntries(params);
  return {
    transport: 'websocket',
    voiceId,
    modelId: query.model_id ?? '',
    query,
    openedAt,
    texts: [],
    keepAlives: 0,
    audioMs: 0,
    errors: [],
  };
}
