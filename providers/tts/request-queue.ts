/** Speaks an answer by one HTTP request for each piece of its text, for vendors without a socket. */
import type { UsageLine } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import { EventOutlet } from '../event-outlet';
import type { SpeechEvent, SpeechStream } from './stream';

/** The vendor's audio for a text, as it comes. Rejects, or throws while it is read, for whatever is not the whole audio. */
export type SynthesisRequest = (text: string, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;

export interface RequestQueueOptions {
  vendor: string;
  clock: Clock;
  request: SynthesisRequest;
  usage(text: string): UsageLine[];
  /** Audio is passed on in multiples of so many bytes: a sample is never cut. */
  blockBytes: 1 | 2;
  /** Nothing more comes of it. */
  ended(stream: SpeechStream): void;
}

/** Until the first audio of a piece, and between two parts of it. */
const STALL_MS = 8_000;
/** The next piece is asked for while the first one is still coming, no more: an interruption throws it away, and it costs. */
const MOST_AT_ONCE = 2;

interface Piece {
  text: string;
  abort: AbortController;
  /** What came before it was this piece's turn. */
  parts: Uint8Array[];
  state: 'waiting' | 'coming' | 'complete';
}

export class RequestQueue implements SpeechStream {
  readonly #outlet = new EventOutlet<SpeechEvent>();
  #pieces: Piece[] = [];
  #ended = false;

  constructor(private readonly options: RequestQueueOptions) {}

  listen(listener: (event: SpeechEvent) => void): void {
    this.#outlet.listen(listener);
  }

  push(text: string): void {
    if (this.#ended || text.trim() === '') return;
    this.#pieces.push({ text, abort: new AbortController(), parts: [], state: 'waiting' });
    this.#startNext();
  }

  end(): void {
    this.#ended = true;
    this.#advance();
  }

  cancel(): void {
    this.#finish();
  }

  #startNext(): void {
    const next = this.#pieces.slice(0, MOST_AT_ONCE).find(({ state }) => state === 'waiting');
    if (!next || this.#outlet.ended) return;
    next.state = 'coming';
    void this.#fetch(next);
    this.#startNext();
  }

  async #fetch(piece: Piece): Promise<void> {
    const { clock, request, usage, vendor, blockBytes } = this.options;
    let cancelStall = () => {};
    const awaitMore = () => {
      cancelStall();
      cancelStall = clock.after(STALL_MS, () => piece.abort.abort(new Error(`no audio for ${STALL_MS / 1_000} s`)));
    };
    try {
      awaitMore();
      const audio = await request(piece.text, piece.abort.signal);
      this.#outlet.emit({ kind: 'usage', lines: usage(piece.text) });
      let rest: Uint8Array = new Uint8Array(0);
      let any = false;
      for await (const chunk of audio) {
        awaitMore();
        const bytes: Uint8Array = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
        const whole = bytes.length - (bytes.length % blockBytes);
        rest = bytes.subarray(whole);
        if (whole === 0) continue;
        any = true;
        this.#audio(piece, bytes.subarray(0, whole));
      }
      // Aborted bodies may simply end.
      piece.abort.signal.throwIfAborted();
      if (!any) throw new Error('the answer holds no audio');
      piece.state = 'complete';
      this.#advance();
    } catch (error) {
      const reason: unknown = piece.abort.signal.aborted ? piece.abort.signal.reason : error;
      this.#finish({ kind: 'failed', error: `${vendor} could not speak: ${reason instanceof Error ? reason.message : String(reason)}` });
    } finally {
      cancelStall();
    }
  }

  #audio(piece: Piece, audio: Uint8Array): void {
    if (piece === this.#pieces[0]) this.#outlet.emit({ kind: 'audio', audio });
    else piece.parts.push(audio);
  }

  /** Tells what the pieces at the front have, in order. */
  #advance(): void {
    let [first] = this.#pieces;
    while (first) {
      for (const audio of first.parts.splice(0)) this.#outlet.emit({ kind: 'audio', audio });
      if (first.state !== 'complete') break;
      this.#outlet.emit({ kind: 'spoken', text: first.text });
      this.#pieces.shift();
      [first] = this.#pieces;
    }
    this.#startNext();
    if (this.#ended && this.#pieces.length === 0) this.#finish({ kind: 'done' });
  }

  #finish(last?: SpeechEvent): void {
    if (this.#outlet.ended) return;
    this.#outlet.end(last);
    this.#ended = true;
    this.options.ended(this);
    const pieces = this.#pieces;
    this.#pieces = [];
    for (const { abort } of pieces) abort.abort(new Error('not wanted any more'));
  }
}
