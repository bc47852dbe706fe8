import type { UsageLine } from '../../../contracts/call';
import type { Clock } from '../../../contracts/clock';
import type { ChatDelta } from '../../../providers/llm/chat';
import type { StreamingVoice } from '../../../providers/tts/stream';
import type { Logger } from '../../../runtime/log';
import { SentenceChunker } from '../../text/sentence-chunker';
import { spokenText, type TextFilter } from '../../text/spoken-text';
import type { HookRunner } from './hooks';
import { Lane } from './lane';
import { SpokenAnswer } from './spoken-answer';

export interface AnswerOptions {
  /** Asks the agent; once more when it failed before its first word. */
  ask(signal: AbortSignal): AsyncIterable<ChatDelta>;
  voice: StreamingVoice;
  hooks: HookRunner;
  /** BCP 47. */
  language: string;
  filters: readonly TextFilter[];
  /** False: the sentence is not spoken, nor what follows it. */
  passes?(before: string, sentence: string): Promise<boolean>;
  clock: Clock;
  log: Pick<Logger, 'warn'>;
}

export interface AnswerListener {
  /** The first words have come: from now on the answer has a place in the conversation. */
  begun(): void;
  audio(mulaw: Uint8Array): void;
  text(delta: string, fromMs: number): void;
  toolCall(call: { id: string; name: string; arguments: string }): void;
  usage(lines: UsageLine[]): void;
  /** Once, and last; not after `cancel`. */
  done(result: { error?: string }): void;
}

/** The first words are spoken after so long, wherever they end. */
const FIRST_WORDS_MS = 250;
const TRIES = 2;
/** Characters: as long as the longest term that may begin in one sentence and end in the next. */
const WORDS_BEFORE = 400;

/** One answer: the agent's words, sentence by sentence into the voice, while both are still at it. */
export class Answer {
  readonly #abort = new AbortController();
  readonly #chunker: SentenceChunker;
  readonly #spoken: SpokenAnswer;
  readonly #sentences: Lane<string>;
  #cancelFirstWords: () => void = () => undefined;
  #begun = false;
  #over = false;
  #agentError: string | undefined;
  /** The last words that went to the voice. */
  #before = '';
  #stopped = false;

  constructor(
    private readonly options: AnswerOptions,
    private readonly listener: AnswerListener,
  ) {
    const { voice, hooks, language, log } = options;
    this.#chunker = new SentenceChunker(language);
    this.#spoken = new SpokenAnswer(
      voice,
      hooks,
      {
        audio: (mulaw) => listener.audio(mulaw),
        text: (delta, fromMs) => listener.text(delta, fromMs),
        usage: (lines) => listener.usage(lines),
        done: (error) => this.#finish(this.#agentError ?? error),
      },
      log,
    );
    this.#sentences = new Lane(
      (sentence) => this.#written(sentence),
      (sentence) => this.#spoken.say(sentence),
    );
    void this.#run();
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stop();
    this.#spoken.cancel();
    this.#abort.abort(new Error('the answer is not wanted any more'));
  }

  async #run(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      let heardOf = false;
      try {
        for await (const delta of this.options.ask(this.#abort.signal)) {
          if (this.#over) return;
          heardOf ||= delta.kind !== 'usage';
          this.#delta(delta);
        }
        break;
      } catch (error) {
        if (this.#over) return;
        const problem = error instanceof Error ? error.message : String(error);
        if (!heardOf && attempt < TRIES) {
          this.options.log.warn({ error: problem }, 'the agent failed; asked again');
          continue;
        }
        this.#agentError = problem;
        break;
      }
    }
    if (!this.#over) this.#allWritten();
  }

  #delta(delta: ChatDelta): void {
    switch (delta.kind) {
      case 'text':
        this.#text(delta.text);
        break;
      case 'tool_call':
        this.listener.toolCall(delta);
        break;
      case 'usage':
        this.listener.usage(delta.lines);
        break;
      default:
        delta satisfies never;
    }
  }

  #text(text: string): void {
    if (!this.#begun && text.trim() !== '') {
      this.#begun = true;
      this.listener.begun();
      this.#cancelFirstWords = this.options.clock.after(FIRST_WORDS_MS, () => this.#sentence(this.#chunker.early()));
    }
    for (const sentence of this.#chunker.push(text)) this.#sentence(sentence);
  }

  #sentence(sentence: string | undefined): void {
    if (sentence !== undefined && sentence !== '') this.#sentences.push(sentence);
  }

  /** From what is written to what is spoken. */
  #written(sentence: string): string | null | Promise<string | null> {
    const { hooks, filters, language } = this.options;
    const speakable = (text: string | null) => {
      if (text === null) return null;
      const spoken = spokenText(text, filters, language);
      return spoken.trim() === '' ? null : hooks.run('beforeSynthesize', spoken);
    };
    const text = hooks.run('afterLlm', sentence);
    const spoken = text instanceof Promise ? text.then(speakable) : speakable(text);
    return this.options.passes ? this.#allowed(spoken, this.options.passes) : spoken;
  }

  async #allowed(spoken: string | null | Promise<string | null>, passes: NonNullable<AnswerOptions['passes']>): Promise<string | null> {
    const sentence = await spoken;
    if (sentence === null || this.#stopped) return null;
    if (await passes(this.#before, sentence)) {
      this.#before = `${this.#before} ${sentence}`.slice(-WORDS_BEFORE);
      return sentence;
    }
    this.#stopped = true;
    return null;
  }

  #allWritten(): void {
    this.#cancelFirstWords();
    this.#sentence(this.#chunker.end());
    this.#sentences.after(() => this.#spoken.end());
  }

  #finish(error: string | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#stop();
    // A request that is still open has nothing more to say that could be used.
    this.#abort.abort(new Error('the answer is over'));
    this.listener.done(error === undefined ? {} : { error });
  }

  #stop(): void {
    this.#cancelFirstWords();
    this.#sentences.close();
  }
}
