/** Telnyx' end of one media WebSocket. */
import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { BYTES_PER_MS, decodeMulaw, encodeMulaw, FRAME_MS } from '../../contracts/g711';
import { SILENT_FRAME } from '../audio';
import type { Fault } from '../faults';
import type { LabServer } from '../lab-server';
import type { StreamEntry } from '../ledger';
import { decimate, decodeAlaw, decodeL16, encodeAlaw } from '../phone/codec';
import { PlayBuffer } from '../phone/play-buffer';
import type { LegCodec, StreamOptions } from './stream-options';

export interface StreamHost {
  readonly lab: LabServer;
  readonly legCodec: LegCodec;
  readonly to: string;
  /** Whether the leg has been answered. */
  readonly answered: boolean;
  /** The body of the `start` frame but for the format. */
  startFields(): Record<string, unknown>;
  readonly userId: string;
  readonly callControlId: string;
  noted(entry: StreamEntry): void;
  error(code: number, message: string): void;
  opened(): void;
  ended(how: 'stopped' | 'failed', reason: string): void;
}

type State = { kind: 'connecting' } | { kind: 'open'; started: boolean } | { kind: 'ended' };

const HANDSHAKE_TIMEOUT_MS = 5_000;
/** For the far side to answer our close frame. */
const CLOSE_TIMEOUT_MS = 2_000;
/** Of what the application may send in one message. */
const CHUNK_MS = { least: 20, most: 30_000 } as const;
const INVALID_MEDIA = 100_004;
/** With `frames_reordered`, one of so many. */
const REORDER_EVERY = 4;

export class TelnyxStream {
  readonly id = randomUUID();
  private readonly entry: StreamEntry;
  private readonly socket: WebSocket;
  private readonly buffer = new PlayBuffer((name) => this.send('mark', { mark: { name } }));
  private readonly encoding: LegCodec;
  private readonly cut: Fault | undefined;
  private readonly reorder: boolean;
  private state: State = { kind: 'connecting' };
  private sequence = 0;
  private chunks = { inbound: 0, outbound: 0 };
  private heldBack: string | undefined;
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly host: StreamHost,
    readonly options: StreamOptions,
    /** Of a stream that was opened before the call is answered. */
    private readonly startFrame: 'at_once' | 'on_answer',
  ) {
    const { lab, to } = host;
    this.cut = lab.faults.take('stream_closed_without_stop', { to });
    this.reorder = lab.faults.take('frames_reordered', { to }) !== undefined;
    this.encoding = options.streamCodec === 'default' ? host.legCodec : options.streamCodec;
    this.entry = {
      streamSid: this.id,
      url: options.url,
      startedAt: lab.clock.now(),
      customParameters: options.customParameters,
      playedMs: 0,
      clears: 0,
    };
    this.socket = new WebSocket(options.url, {
      headers: options.authToken === undefined ? {} : { authorization: `Bearer ${options.authToken}` },
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    });
    this.socket.on('open', () => this.onOpen());
    this.socket.on('message', (data) => this.onMessage(String(data)));
    this.socket.on('error', (error) => this.onError(error));
    this.socket.on('close', (code) => this.onClose(code));
  }

  get isOpen(): boolean {
    return this.state.kind === 'open';
  }

  get isOver(): boolean {
    return this.state.kind === 'ended';
  }

  /** The leg was answered: media flow from now on. */
  answered(): void {
    this.start();
  }

  /** 20 ms of what the application wants to be heard; `SILENT_FRAME` itself when there is nothing. */
  take(): Uint8Array {
    return this.isOpen ? this.buffer.take() : SILENT_FRAME;
  }

  /** 20 ms of what the person said, and of what the person hears. */
  forward(said: Uint8Array, arriving: Uint8Array): void {
    if (this.state.kind !== 'open' || !this.state.started) return;
    const { track } = this.options;
    if (track !== 'outbound_track') this.media('inbound', said);
    if (track !== 'inbound_track') this.media('outbound', arriving);
  }

  dtmf(digit: string): void {
    this.send('dtmf', { dtmf: { digit } });
  }

  /** The carrier ends it: the call is over, or the customer said so. */
  close(): void {
    if (this.state.kind === 'ended') return;
    const cut = this.cut !== undefined && this.cut.afterMs === undefined;
    if (this.state.kind === 'open' && !cut) {
      this.flushHeldBack();
      this.send('stop', { stop: { user_id: this.host.userId, call_control_id: this.host.callControlId } });
      this.socket.close(1000);
      const cancel = this.host.lab.clock.after(CLOSE_TIMEOUT_MS, () => this.socket.terminate());
      this.socket.once('close', cancel);
    } else this.socket.terminate();
    this.finish('stopped', cut ? 'fault' : 'carrier', '');
  }

  private onOpen(): void {
    if (this.state.kind !== 'connecting') {
      this.socket.terminate();
      return;
    }
    const { lab } = this.host;
    this.state = { kind: 'open', started: false };
    this.entry.startedAt = lab.clock.now();
    this.host.noted(this.entry);
    this.socket.send('{"event":"connected","version":"1.0.0"}');
    if (this.host.answered || this.startFrame === 'at_once') this.start();
    this.host.opened();
    if (this.cut?.afterMs !== undefined) {
      this.cancelTimer = lab.clock.after(this.cut.afterMs, () => {
        this.socket.terminate();
        this.finish('failed', 'fault', 'connection_lost');
      });
    }
  }

  private start(): void {
    if (this.state.kind !== 'open' || this.state.started) return;
    this.state.started = true;
    const { customParameters } = this.options;
    this.send('start', {
      start: {
        ...this.host.startFields(),
        ...(Object.keys(customParameters).length > 0 ? { custom_parameters: customParameters } : {}),
        media_format: { encoding: this.encoding, sample_rate: 8000, channels: 1 },
      },
    });
  }

  private media(track: 'inbound' | 'outbound', frame: Uint8Array): void {
    const wire = this.encoding === 'PCMA' ? encodeAlaw(decodeMulaw(frame)) : frame;
    const chunk = ++this.chunks[track];
    const message = JSON.stringify({
      event: 'media',
      sequence_number: String(++this.sequence),
      stream_id: this.id,
      media: {
        track,
        chunk: String(chunk),
        timestamp: String(chunk * FRAME_MS),
        payload: Buffer.from(wire.buffer, wire.byteOffset, wire.byteLength).toString('base64'),
      },
    });
    if (this.reorder && chunk % REORDER_EVERY === 0 && this.heldBack === undefined) {
      this.heldBack = message;
      return;
    }
    this.socket.send(message);
    this.flushHeldBack();
  }

  private flushHeldBack(): void {
    if (this.heldBack !== undefined) this.socket.send(this.heldBack);
    this.heldBack = undefined;
  }

  private onMessage(text: string): void {
    if (this.state.kind !== 'open') return;
    let message: { event?: unknown; media?: { payload?: unknown }; mark?: { name?: unknown } };
    try {
      message = JSON.parse(text);
    } catch {
      this.refuse('a message is not JSON');
      return;
    }
    switch (message.event) {
      case 'media':
        this.play(message.media?.payload);
        return;
      case 'mark':
        if (typeof message.mark?.name !== 'string') this.refuse('mark without name');
        else this.buffer.mark(message.mark.name);
        return;
      case 'clear':
        this.entry.clears++;
        this.buffer.clear();
        return;
      default:
        this.refuse(`unknown event ${String(message.event)}`);
    }
  }

  private play(payload: unknown): void {
    if (this.options.bidirectional !== 'rtp') {
      // The real one takes the bytes for an MP3 file, and nobody hears anything.
      this.host.error(INVALID_MEDIA, 'media without stream_bidirectional_mode rtp: not played');
      return;
    }
    if (typeof payload !== 'string' || payload === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(payload)) {
      this.refuse('the payload is not base64');
      return;
    }
    const bytes = Buffer.from(payload, 'base64');
    const { codec, sampleRate } = this.options;
    const ms = bytes.length / (codec === 'L16' ? (2 * sampleRate) / 1000 : BYTES_PER_MS);
    if (ms < CHUNK_MS.least || ms > CHUNK_MS.most) {
      this.refuse(`a chunk of ${ms} ms; allowed are ${CHUNK_MS.least} ms to ${CHUNK_MS.most / 1000} s`);
      return;
    }
    if (codec === 'PCMU') this.buffer.audio(bytes);
    else this.buffer.audio(encodeMulaw(codec === 'PCMA' ? decodeAlaw(bytes) : decimate(decodeL16(bytes), sampleRate / 8000)));
  }

  private refuse(detail: string): void {
    this.host.error(INVALID_MEDIA, detail);
    this.socket.send(
      JSON.stringify({ event: 'error', stream_id: this.id, payload: { code: INVALID_MEDIA, title: 'invalid_media', detail } }),
    );
  }

  private onError(error: Error): void {
    if (this.state.kind !== 'connecting') return;
    this.host.noted(this.entry);
    this.finish('failed', 'refused', `connection_failed: ${error.message}`);
  }

  private onClose(code: number): void {
    this.entry.closeCode = code;
    if (this.state.kind === 'ended') return;
    if (code === 1006) this.finish('failed', 'gateway', 'connection_lost');
    else this.finish('stopped', 'gateway', '');
  }

  private finish(how: 'stopped' | 'failed', closedBy: StreamEntry['closedBy'], reason: string): void {
    if (this.state.kind === 'ended') return;
    this.state = { kind: 'ended' };
    this.cancelTimer();
    this.entry.endedAt = this.host.lab.clock.now();
    this.entry.closedBy = closedBy;
    this.entry.playedMs = Math.round(this.buffer.playedBytes / BYTES_PER_MS);
    this.host.ended(how, reason);
  }

  private send(event: string, body: object): void {
    if (this.state.kind !== 'open') return;
    this.socket.send(JSON.stringify({ event, sequence_number: String(++this.sequence), stream_id: this.id, ...body }));
  }
}
