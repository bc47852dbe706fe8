import { TELEPHONE_AUDIO } from '../../../contracts/audio';
import type { UsageLine } from '../../../contracts/call';
import { BYTES_PER_MS } from '../../../contracts/g711';
import type { SpeechEvent, SpeechStream, StreamingVoice } from '../../../providers/tts/stream';
import type { Logger } from '../../../runtime/log';
import { type AudioConverter, audioConverter } from '../../audio/convert';
import type { HookRunner } from './hooks';
import { Lane } from './lane';

export interface SpokenAnswerListener {
  audio(mulaw: Uint8Array): void;
  /** Words whose audio begins `fromMs` after the first audio of the answer. They continue the last ones. */
  text(delta: string, fromMs: number): void;
  usage(lines: UsageLine[]): void;
  /** All of it has come. Once; nothing follows. */
  done(error?: string): void;
}

interface Chunk {
  text: string;
  /** Its words were told. */
  told: boolean;
}

/** Where nothing was measured yet: the pace of speech, milliseconds a letter. */
const TYPICAL_MS_PER_LETTER = 65;

/**
 * One answer on its way through the voice: text in, audio and the words that belong to it out. A voice that fails is asked once more for what it
 * has not said yet.
 */
export class SpokenAnswer {
  readonly #out: Lane<Uint8Array>;
  /** From the first words on: an answer that only calls tools costs the voice nothing. */
  #stream: SpeechStream | undefined;
  #convert: AudioConverter | undefined;
  /** What the voice has still to finish, the present one first. */
  #chunks: Chunk[] = [];
  #allPushed = false;
  #over = false;
  /** Milliseconds of audio until now, and where the present chunk (or the next words of it) began. */
  #audioMs = 0;
  #chunkMs = 0;
  #wordsMs = 0;
  /** Pieces of audio since then. */
  #pieces = 0;
  /** Letters and milliseconds of finished chunks. */
  readonly #pace = { letters: 0, ms: 0 };
  #failures = 0;

  constructor(
    private readonly voice: StreamingVoice,
    hooks: HookRunner,
    private readonly listener: SpokenAnswerListener,
    private readonly log: Pick<Logger, 'warn'>,
  ) {
    this.#out = new Lane(
      (audio) => hooks.run('afterSynthesize', audio),
      (audio) => listener.audio(audio),
    );
  }

  say(text: string): void {
    if (this.#over) return;
    this.#chunks.push({ text, told: false });
    (this.#stream ?? this.#open()).push(text);
  }

  end(): void {
    if (this.#over || this.#allPushed) return;
    this.#allPushed = true;
    if (this.#stream) this.#stream.end();
    else this.#finish();
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#out.close();
    this.#stream?.cancel();
  }

  #open(): SpeechStream {
    const stream = this.voice.speak();
    this.#stream = stream;
    this.#convert = audioConverter(this.voice.format, TELEPHONE_AUDIO);
    stream.listen((event) => {
      if (this.#stream === stream && !this.#over) this.#event(event);
    });
    return stream;
  }

  #event(event: SpeechEvent): void {
    switch (event.kind) {
      case 'audio':
        this.#audio(this.#convert ? this.#convert(event.audio) : event.audio);
        break;
      case 'spoken':
        this.#spoken(event.text);
        break;
      case 'usage':
        this.listener.usage(event.lines);
        break;
      case 'done':
        this.#tell(this.#chunks.length);
        this.#finish();
        break;
      case 'failed':
        this.#failed(event.error);
        break;
      default:
        event satisfies never;
    }
  }

  #audio(mulaw: Uint8Array): void {
    if (mulaw.length === 0) return;
    // More audio, and no word of how far it reaches: this voice tells at a chunk's end only. Its words are told ahead.
    if (this.#pieces++ > 0) this.#tell(1);
    this.#audioMs += mulaw.length / BYTES_PER_MS;
    this.#out.push(mulaw);
  }

  /** The words are ours; the voice's own spelling only says how far it has come. */
  #spoken(text: string): void {
    let letters = lettersOf(text);
    let delta = '';
    while (letters > 0) {
      const [chunk] = this.#chunks;
      if (!chunk) break;
      const length = endOf(chunk.text, letters);
      letters -= lettersOf(chunk.text.slice(0, length));
      if (!chunk.told) delta += chunk.text.slice(0, length);
      chunk.text = chunk.text.slice(length);
      this.#pace.letters += length;
      if (lettersOf(chunk.text) > 0) break;
      if (!chunk.told) delta += chunk.text;
      this.#chunks.shift();
      this.#failures = 0;
    }
    this.#text(delta, this.#wordsMs);
    this.#pace.ms += this.#audioMs - this.#wordsMs;
    this.#chunkMs = this.#wordsMs = this.#audioMs;
    this.#pieces = 0;
  }

  /** The words of the first so many chunks. */
  #tell(count: number): void {
    for (const chunk of this.#chunks.slice(0, count)) {
      if (chunk.told) continue;
      chunk.told = true;
      this.#text(chunk.text, this.#chunkMs);
    }
  }

  #text(delta: string, fromMs: number): void {
    if (delta !== '') this.#out.after(() => this.listener.text(delta, fromMs));
  }

  /** What of the present chunk has come is heard, and is not said again; how much that is can only be reckoned. */
  #failed(error: string): void {
    const [chunk] = this.#chunks;
    if (++this.#failures > 1) {
      this.#keepSaid(chunk);
      this.#finish(error);
      return;
    }
    this.log.warn({ error }, 'the voice failed; asked again for what it has not said');
    this.#keepSaid(chunk);
    if (chunk && lettersOf(chunk.text) === 0) this.#chunks.shift();
    this.#chunkMs = this.#wordsMs = this.#audioMs;
    this.#pieces = 0;
    const stream = this.#open();
    for (const { text } of this.#chunks) stream.push(text);
    if (this.#allPushed) stream.end();
  }

  #keepSaid(chunk: Chunk | undefined): void {
    const cameMs = this.#audioMs - this.#chunkMs;
    if (!chunk || cameMs <= 0) return;
    const msPerLetter = this.#pace.letters > 0 ? this.#pace.ms / this.#pace.letters : TYPICAL_MS_PER_LETTER;
    const reached = Math.min(chunk.text.length, Math.round(cameMs / msPerLetter));
    // To the end of the word.
    const length = reached + (/^\S*/.exec(chunk.text.slice(reached))?.[0].length ?? 0);
    if (!chunk.told) this.#text(chunk.text.slice(0, length), this.#chunkMs);
    chunk.text = chunk.text.slice(length);
  }

  #finish(error?: string): void {
    this.#over = true;
    this.#stream?.cancel();
    this.#out.after(() => this.listener.done(error));
  }
}

function lettersOf(text: string): number {
  return text.replace(/\s+/g, '').length;
}

/** Where the first so many letters of a text end. */
function endOf(text: string, letters: number): number {
  let left = letters;
  let at = 0;
  for (; at < text.length && left > 0; at++) if (!/\s/.test(text.charAt(at))) left--;
  return at;
}
