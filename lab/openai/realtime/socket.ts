/** The WebSocket `/v1/realtime`: who may open one, and how it ends. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { LabServer } from '../../lab-server';
import { VendorSockets } from '../../vendor-sockets';
import { ApiError, requireBearer } from '../api-error';
import type { BrainRule } from '../brain/brain-rules';
import { newId } from '../ids';
import type { RealtimeEntry } from '../ledger-entry';
import { RealtimeSession } from './session';
import { TranscriptionSession } from './transcription-session';

/** The vendor ends every session after an hour. */
const SESSION_MS = 60 * 60_000;
const GOING_AWAY = 1001;
const INTERNAL_ERROR = 1011;
/** The code with which the vendor closes a socket that asks for the retired beta. */
const BETA_REFUSED = 4000;

export function registerRealtime(lab: LabServer, rules: readonly BrainRule[]): void {
  const sockets = new VendorSockets(lab, { maxPayload: 32 * 1024 * 1024 });

  lab.onUpgrade('/v1/realtime', (request, socket, head, url) => {
    const model = url.searchParams.get('model') ?? '';
    const transcribes = url.searchParams.get('intent') === 'transcription';
    try {
      requireBearer(request.headers.authorization);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refuse(socket, error);
      return;
    }
    const refusal = lab.faults.take('provider_refuse');
    if (refusal) {
      lab.ledger.note('realtime', {
        ...newEntry(newId('sess'), model, lab.clock.now()),
        closedAt: lab.clock.now(),
        closedBy: 'refused' as const,
      });
      refuse(socket, new ApiError('server_error', 'The server had an error while processing your request.', null, refusal.status));
      return;
    }
    sockets.accept(request, socket, head, (ws) => {
      const problem = problemOf(request, model, transcribes);
      if (problem) {
        ws.send(JSON.stringify({ type: 'error', event_id: newId('event'), error: { ...problem.body.error, event_id: null } }));
        ws.close(BETA_REFUSED, `invalid_request_error.${problem.code}`);
        return;
      }
      serve(ws, model, transcribes);
    });
  });

  function serve(ws: WebSocket, model: string, transcribes: boolean): void {
    const { clock } = lab;
    const entry = newEntry('', model, clock.now());
    const lifeMs = lab.faults.take('provider_expire')?.afterMs ?? SESSION_MS;
    let mute = false;
    const send = (original: string) => {
      const frame = renamed(original);
      mute ||= lab.faults.take('provider_mute', { event: 'realtime' }) !== undefined;
      if (mute || (/^[^{]*\{[^{]*"type":"response\./.test(frame) && lab.faults.take('provider_mute', { event: 'response' }))) return;
      const told = toldBy(frame);
      if (told && lab.faults.take('provider_close', { event: told })) {
        entry.closedBy = 'fault';
        setImmediate(() => ws.close(INTERNAL_ERROR, 'internal error'));
      }
      if (ws.readyState === ws.OPEN) ws.send(frame);
    };
    function renamed(frame: string): string {
      const type = /"type":"([a-z_.]+)"/.exec(frame)?.[1];
      return type && lab.faults.take('renamed_event', { event: type }) ? frame.replace(`"type":"${type}"`, `"type":"${type}.v2"`) : frame;
    }
    const session = transcribes ? transcription() : conversation();
    function transcription(): TranscriptionSession {
      const failsToTranscribe = () => lab.faults.take('provider_error', { event: 'transcription' }) !== undefined;
      return new TranscriptionSession({ clock, baud: lab.options.baud, send, failsToTranscribe }, entry);
    }
    function conversation(): RealtimeSession {
      return new RealtimeSession(
        model,
        {
          clock,
          baud: lab.options.baud,
          rules,
          send,
          dropAfterMs: () => {
            const fault = lab.faults.take('provider_drop');
            return fault && (fault.afterMs ?? 300);
          },
          drop: () => {
            entry.closedBy = 'fault';
            ws.terminate();
          },
        },
        entry,
        clock.now() + lifeMs,
      );
    }
    entry.sessionId = session.id;
    lab.ledger.note('realtime', entry);

    const cancelExpiry = clock.after(lifeMs, () => {
      session.fail(new ApiError('session_expired', 'Your session hit the maximum duration of 60 minutes.'));
      session.close();
      entry.closedBy = 'expired';
      ws.close(GOING_AWAY, 'session_expired');
    });
    const end = () => {
      session.close();
      entry.closedBy ??= 'lab';
      ws.close(GOING_AWAY);
    };
    sockets.add(ws, end);
    const drop = transcribes ? lab.faults.take('provider_drop', { event: 'transcription' }) : undefined;
    if (drop) clock.after(drop.afterMs ?? 300, () => ws.terminate());
    ws.on('message', (data) => session.receive(data.toString()));
    // A broken socket is followed by `close`, which does all there is to do.
    ws.on('error', (error) => lab.log.debug({ err: error, sessionId: session.id }, 'realtime socket error'));
    ws.on('close', (code) => {
      cancelExpiry();
      session.close();
      entry.closedAt = clock.now();
      entry.closeCode = code;
      entry.closedBy ??= 'client';
    });
    session.open();
  }
}

/** What a frame may be the last one of. */
function toldBy(frame: string): 'tool_call' | 'speech_started' | undefined {
  if (/"type":"response\.done"/.test(frame) && /"type":"function_call"/.test(frame)) return 'tool_call';
  return /"type":"input_audio_buffer\.speech_started"/.test(frame) ? 'speech_started' : undefined;
}

function problemOf(request: IncomingMessage, model: string, transcribes: boolean): ApiError | undefined {
  if (/realtime=v1/.test(String(request.headers['openai-beta'] ?? ''))) {
    return new ApiError('beta_api_shape_disabled', 'The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.');
  }
  if (transcribes) {
    return model === ''
      ? undefined
      : new ApiError('invalid_parameter', 'You must not provide a model parameter for transcription sessions.', 'model');
  }
  if (model === '') return new ApiError('missing_model', 'You must provide a model parameter.', 'model');
  return undefined;
}

function refuse(socket: Duplex, error: ApiError): void {
  const body = JSON.stringify(error.body);
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${error.status} ${error.status === 401 ? 'Unauthorized' : 'Refused'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function newEntry(sessionId: string, model: string, openedAt: number): RealtimeEntry {
  return { sessionId, model, openedAt, instructions: '', tools: [], heard: [], said: [], toolCalls: [], inputMs: 0, errors: [] };
}
