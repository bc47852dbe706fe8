/** Twilio's end of one bidirectional media stream. */
import { randomUUID } from 'node:crypto';
import { getExpectedTwilioSignature } from 'twilio';
import WebSocket from 'ws';
import { BYTES_PER_MS, FRAME_MS } from '../../contracts/g711';
import { SILENT_FRAME } from '../audio';
import type { Fault } from '../faults';
import type { LabServer } from '../lab-server';
import type { StreamEntry } from '../ledger';
import { PlayBuffer } from '../phone/play-buffer';
import type { MediaPath } from './media-path';
import type { StreamNoun } from './twiml';

export interface StreamHost {
  readonly lab: LabServer;
  readonly accountSid: string;
  readonly authToken: string;
  readonly callSid: string;
  readonly to: string;
  opened(entry: StreamEntry): void;
  error(code: number, message: string): void;
  callback(event: string, params: Record<string, string>): void;
}

export type StreamEnd = 'refused' | 'closed' | 'broken' | 'taken_away';

type State = { kind: 'connecting' } | { kind: 'open' } | { kind: 'ended' };

const SILENT_PAYLOAD = Buffer.from(SILENT_FRAME).toString('base64');
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** For the far side to answer our close frame. */
const CLOSE_TIMEOUT_MS = 2_000;

export class MediaStream implements MediaPath {
  readonly kind = 'stream';
  readonly streamSid = `MZ${randomUUID().replaceAll('-', '')}`;
  readonly ended: Promise<StreamEnd>;
  private readonly entry: StreamEntry;
  private readonly socket: WebSocket;
  private readonly buffer = new PlayBuffer((name) => this.sendEvent('mark', { mark: { name } }));
  private readonly mediaTail: string;
  private readonly fault: Fault | undefined;
  private state: State = { kind: 'connecting' };
  private sequence = 0;
  private chunk = 0;
  private resolveEnded: (end: StreamEnd) => void = () => undefined;
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly host: StreamHost,
    private readonly noun: StreamNoun,
  ) {
    const { lab } = host;
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
    this.mediaTail = `"},"streamSid":"${this.streamSid}"}`;
    this.fault = lab.faults.take('stream_closed_without_stop', { to: host.to });
    this.entry = {
      streamSid: this.streamSid,
      url: noun.url,
      startedAt: lab.clock.now(),
      customParameters: noun.parameters,
      playedMs: 0,
      clears: 0,
    };
    this.socket = new WebSocket(noun.url, {
      headers: { 'x-twilio-signature': getExpectedTwilioSignature(host.authToken, noun.url, {}), 'user-agent': 'Twilio.TmeWs/1.0' },
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    this.socket.on('open', () => this.onOpen());
    this.socket.on('message', (data) => this.onMessage(String(data)));
    this.socket.on('error', (error) => this.onError(error));
    this.socket.on('close', (code) => this.onClose(code));
  }

  exchange(said: Uint8Array): Uint8Array {
    if (this.state.kind !== 'open') return SILENT_FRAME;
    this.chunk++;
    const payload = said === SILENT_FRAME ? SILENT_PAYLOAD : Buffer.from(said.buffer, said.byteOffset, said.byteLength).toString('base64');
    this.socket.send(
      `{"event":"media","sequenceNumber":"${++this.sequence}","media":{"track":"inbound","chunk":"${this.chunk}","timestamp":"${this.chunk * FRAME_MS}","payload":"${payload}${this.mediaTail}`,
    );
    return this.buffer.take();
  }

  dtmf(digit: string): void {
    this.sendEvent('dtmf', { dtmf: { track: 'inbound_track', digit } });
  }

  close(): void {
    if (this.state.kind === 'ended') return;
    const wasOpen = this.state.kind === 'open';
    const cut = this.fault !== undefined && this.fault.afterMs === undefined;
    if (wasOpen && !cut) {
      this.sendEvent('stop', { stop: { accountSid: this.host.accountSid, callSid: this.host.callSid } });
      this.socket.close(1000);
      const { clock } = this.host.lab;
      const cancel = clock.after(CLOSE_TIMEOUT_MS, () => this.socket.terminate());
      this.socket.once('close', cancel);
    } else this.socket.terminate();
    this.finish('taken_away', cut ? 'fault' : 'carrier');
  }

  private onOpen(): void {
    if (this.state.kind !== 'connecting') {
      this.socket.terminate();
      return;
    }
    this.state = { kind: 'open' };
    this.entry.startedAt = this.host.lab.clock.now();
    this.host.opened(this.entry);
    this.socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    this.sendEvent('start', {
      start: {
        accountSid: this.host.accountSid,
        streamSid: this.streamSid,
        callSid: this.host.callSid,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters: this.noun.parameters,
      },
    });
    this.callback('stream-started');
    if (this.fault?.afterMs !== undefined) {
      this.cancelTimer = this.host.lab.clock.after(this.fault.afterMs, () => {
        this.socket.terminate();
        this.finish('broken', 'fault');
      });
    }
  }

  private onMessage(text: string): void {
    if (this.state.kind !== 'open') return;
    let message: { event?: unknown; streamSid?: unknown; media?: { payload?: unknown }; mark?: { name?: unknown } };
    try {
      message = JSON.parse(text);
    } catch {
      this.protocolError('a message is not JSON');
      return;
    }
    if (message.streamSid !== this.streamSid) {
      this.protocolError(`streamSid is ${String(message.streamSid)}`);
      return;
    }
    switch (message.event) {
      case 'media':
        if (typeof message.media?.payload !== 'string') {
          this.protocolError('media without payload');
          return;
        }
        this.buffer.audio(Buffer.from(message.media.payload, 'base64'));
        return;
      case 'mark':
        if (typeof message.mark?.name !== 'string') {
          this.protocolError('mark without name');
          return;
        }
        this.buffer.mark(message.mark.name);
        return;
      case 'clear':
        this.entry.clears++;
        this.buffer.clear();
        return;
      default:
        this.protocolError(`unknown event ${String(message.event)}`);
        return;
    }
  }

  private onError(error: Error): void {
    if (this.state.kind !== 'connecting') return;
    this.host.opened(this.entry);
    this.host.error(31_920, `WebSocket handshake failed: ${error.message}`);
    this.callback('stream-error', { StreamError: error.message });
    this.finish('refused', 'refused');
  }

  private onClose(code: number): void {
    this.entry.closeCode = code;
    if (this.state.kind === 'ended') return;
    if (code !== 1006) {
      this.finish('closed', 'gateway');
      return;
    }
    this.host.error(31_921, 'the WebSocket closed without a closing handshake');
    this.callback('stream-error', { StreamError: '31921 Stream - WebSocket - Close Error' });
    this.finish('broken', 'gateway');
  }

  private finish(end: StreamEnd, closedBy: StreamEntry['closedBy']): void {
    if (this.state.kind === 'ended') return;
    this.state = { kind: 'ended' };
    this.cancelTimer();
    this.entry.endedAt = this.host.lab.clock.now();
    this.entry.closedBy = closedBy;
    this.entry.playedMs = Math.round(this.buffer.playedBytes / BYTES_PER_MS);
    if (end !== 'refused') this.callback('stream-stopped');
    this.resolveEnded(end);
  }

  private sendEvent(event: string, body: object): void {
    if (this.state.kind !== 'open') return;
    this.socket.send(JSON.stringify({ event, sequenceNumber: String(++this.sequence), streamSid: this.streamSid, ...body }));
  }

  private callback(event: string, params: Record<string, string> = {}): void {
    const name = this.noun.name ?? this.streamSid;
    const timestamp = new Date(this.host.lab.clock.now()).toISOString();
    this.host.callback(event, { StreamSid: this.streamSid, StreamName: name, StreamEvent: event, Timestamp: timestamp, ...params });
  }

  private protocolError(message: string): void {
    this.host.error(31_951, `invalid message on the stream: ${message}`);
  }
}
