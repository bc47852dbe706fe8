/** One `stream-input` socket: text in, audio and alignment out. Knows no socket. */
import { z } from 'zod';
import type { Clock } from '../../contracts/clock';
import type { ElevenLabsTtsEntry } from './ledger-entry';
import { type SpokenPart, speakInParts } from './speaking';

export interface StreamInputDeps {
  clock: Clock;
  baud: number;
  entry: ElevenLabsTtsEntry;
  /** Sentences are spoken as they come; else so much text is gathered first. */
  autoMode: boolean;
  send(message: object): void;
  close(code: number, reason: string): void;
}

const messageSchema = z.looseObject({
  text: z.string(),
  voice_settings: z.record(z.string(), z.unknown()).nullish(),
  generation_config: z.record(z.string(), z.unknown()).nullish(),
  try_trigger_generation: z.boolean().nullish(),
  flush: z.boolean().nullish(),
});

/** From a sentence to its first audio, and then many times faster than it is heard. */
const LATENCY_MS = 40;
const PART_EVERY_MS = 5;
const GATHER_CHARACTERS = 120;
const POLICY_VIOLATION = 1008;

export class StreamInputSession {
  private initialised = false;
  private ended = false;
  /** Text that waits for more, and blanks that wait for the next sentence: nobody speaks blanks at the end. */
  private gathered = '';
  private queue: SpokenPart[] = [];
  private sending = false;
  private cancelTimer: () => void = () => {};

  constructor(private readonly deps: StreamInputDeps) {}

  receive(frame: string): void {
    if (this.ended) return;
    const message = parse(frame);
    if (!message) {
      this.fail('invalid_message', 'The message is not an object with a text.');
      return;
    }
    const { entry } = this.deps;
    if (!this.initialised) {
      this.initialised = true;
      if (message.voice_settings) entry.voiceSettings = message.voice_settings;
      if (message.text !== ' ') {
        this.fail('invalid_message', 'The first message must hold a single blank as its text.');
        return;
      }
      return;
    }
    if (message.text === '') {
      this.ended = true;
      this.generate();
      this.pump();
      return;
    }
    if (message.text === ' ') entry.keepAlives++;
    else entry.texts.push(message.text);
    if (message.text !== ' ') this.gathered += message.text;
    if (this.deps.autoMode || message.flush || message.try_trigger_generation || this.gathered.length >= GATHER_CHARACTERS) this.generate();
  }

  fail(error: string, message: string): void {
    this.deps.entry.errors.push({ code: error, message, at: this.deps.clock.now() });
    this.deps.send({ message, error, code: POLICY_VIOLATION });
    this.deps.close(POLICY_VIOLATION, message.slice(0, 100));
  }

  stop(): void {
    this.ended = true;
    this.queue = [];
    this.cancelTimer();
  }

  private generate(): void {
    const text = this.gathered.trimEnd();
    if (text.trim() === '') return;
    this.gathered = this.gathered.slice(text.length);
    this.queue.push(...speakInParts(text, this.deps.baud));
    this.pump();
  }

  private pump(): void {
    if (this.sending) return;
    this.sending = true;
    this.cancelTimer = this.deps.clock.after(LATENCY_MS, () => this.sendNext());
  }

  private sendNext(): void {
    const part = this.queue.shift();
    if (part) {
      this.deps.entry.audioMs += part.audio.length / 8;
      this.deps.send({
        audio: part.audio.toString('base64'),
        isFinal: null,
        normalizedAlignment: part.alignment,
        alignment: part.alignment,
      });
      this.cancelTimer = this.deps.clock.after(PART_EVERY_MS, () => this.sendNext());
      return;
    }
    this.sending = false;
    if (!this.ended) return;
    this.deps.send({ audio: null, isFinal: true, normalizedAlignment: null, alignment: null });
    this.deps.close(1000, '');
  }
}

function parse(frame: string): z.output<typeof messageSchema> | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(frame)).data;
  } catch {
    return undefined;
  }
}
