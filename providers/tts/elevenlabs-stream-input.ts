import type { Clock } from '../../contracts/clock';
import { EventOutlet } from '../event-outlet';
import { VendorSocket } from '../vendor-socket';
import { SpokenText } from './spoken-text';
import type { SpeechEvent, SpeechStream } from './stream';

export interface StreamInputOptions {
  url: string;
  apiKey: string;
  clock: Clock;
  /** As the wire has them. */
  voiceSettings: Record<string, number> | undefined;
  usage(text: string): Extract<SpeechEvent, { kind: 'usage' }>['lines'];
  /** Nothing more comes of it. */
  ended(stream: StreamInput): void;
}

/** The vendor hangs up after 20 s without text; a single blank counts as text, and is not spoken. */
const KEEP_ALIVE_MS = 15_000;
/** Text was sent, and no audio has come for so long. */
const STALL_MS = 8_000;

/** What the server may send; all in one message, or any of it. */
interface ServerMessage {
  audio?: string | null;
  isFinal?: boolean | null;
  alignment?: { chars?: string[] } | null;
  message?: string;
  error?: string;
  code?: number;
}

/**
 * One answer on one `stream-input` socket, opened before there is a word. A socket for each answer and not several contexts on one: an interrupted
 * answer is gone with its socket, while a closed context still counts for a while against the five that a socket may have.
 */
export class StreamInput implements SpeechStream {
  readonly #outlet = new EventOutlet<SpeechEvent>();
  readonly #socket: VendorSocket;
  readonly #spoken = new SpokenText();
  /** What waits for the socket to open. */
  #waiting: string[] = [];
  #open = false;
  #textEnded = false;
  #anyText = false;
  #cancelKeepAlive = () => {};
  #cancelStall = () => {};

  constructor(private readonly options: StreamInputOptions) {
    this.#socket = new VendorSocket(
      { url: options.url, headers: { 'xi-api-key': options.apiKey }, clock: options.clock },
      {
        open: () => this.#opened(),
        text: (text) => this.#message(text),
        closed: (error) => this.#finish({ kind: 'failed', error: `ElevenLabs ${error}` }),
      },
    );
  }

  get ended(): boolean {
    return this.#outlet.ended;
  }

  listen(listener: (event: SpeechEvent) => void): void {
    this.#outlet.listen(listener);
  }

  push(text: string): void {
    if (this.#textEnded || this.#outlet.ended || text.trim() === '') return;
    this.#anyText = true;
    this.#spoken.add(text);
    // The vendor takes a text without a blank behind it for an unfinished word.
    this.#send({ text: /\s$/.test(text) ? text : `${text} ` });
    this.#outlet.emit({ kind: 'usage', lines: this.options.usage(text) });
    this.#awaitAudio();
  }

  end(): void {
    if (this.#textEnded) return;
    this.#textEnded = true;
    if (!this.#anyText) {
      this.#finish({ kind: 'done' });
      return;
    }
    // Speaks what is left, tells `isFinal`, and hangs up.
    this.#send({ text: '' });
    this.#awaitAudio();
  }

  cancel(): void {
    this.#finish();
  }

  #opened(): void {
    this.#open = true;
    const { voiceSettings } = this.options;
    this.#socket.send(JSON.stringify({ text: ' ', ...(voiceSettings && { voice_settings: voiceSettings }) }));
    for (const message of this.#waiting.splice(0)) this.#socket.send(message);
    this.#keepAlive();
  }

  #send(message: { text: string }): void {
    const json = JSON.stringify(message);
    if (this.#open) this.#socket.send(json);
    else this.#waiting.push(json);
    this.#keepAlive();
  }

  #keepAlive(): void {
    this.#cancelKeepAlive();
    if (!this.#open || this.#textEnded) return;
    this.#cancelKeepAlive = this.options.clock.after(KEEP_ALIVE_MS, () => this.#send({ text: ' ' }));
  }

  #awaitAudio(): void {
    this.#cancelStall();
    if (this.#spoken.complete && !this.#textEnded) return;
    this.#cancelStall = this.options.clock.after(STALL_MS, () =>
      this.#finish({ kind: 'failed', error: `ElevenLabs sent no audio for ${STALL_MS / 1_000} s` }),
    );
  }

  #message(text: string): void {
    let message: ServerMessage;
    try {
      message = JSON.parse(text) as ServerMessage;
    } catch {
      this.#finish({ kind: 'failed', error: 'ElevenLabs sent what is not JSON' });
      return;
    }
    if (typeof message.error === 'string') {
      this.#finish({ kind: 'failed', error: `ElevenLabs refused: ${message.error}${message.message ? `: ${message.message}` : ''}` });
      return;
    }
    if (message.audio) {
      this.#outlet.emit({ kind: 'audio', audio: Buffer.from(message.audio, 'base64') });
      this.#tellSpoken(this.#spoken.advance(message.alignment?.chars ?? []));
    }
    if (message.isFinal) {
      this.#tellSpoken(this.#spoken.rest());
      this.#finish({ kind: 'done' });
    } else this.#awaitAudio();
  }

  #tellSpoken(text: string): void {
    if (text !== '') this.#outlet.emit({ kind: 'spoken', text });
  }

  #finish(last?: SpeechEvent): void {
    if (this.#outlet.ended) return;
    this.#outlet.end(last);
    this.#cancelKeepAlive();
    this.#cancelStall();
    this.#waiting = [];
    this.#socket.close();
    this.options.ended(this);
  }
}
