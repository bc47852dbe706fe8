/** One response, from `response.created` to `response.done`: what the model says and calls, sent much faster than it plays. */
import type {
  ConversationItem,
  RealtimeConversationItemAssistantMessage,
  RealtimeResponse,
  RealtimeResponseStatus,
} from 'openai/resources/realtime/realtime';
import type { Clock } from '../../../contracts/clock';
import { encodeMulaw } from '../../../contracts/g711';
import { modulate, textWithin } from '../../voice';
import type { Thought } from '../brain/brain';
import { newId } from '../ids';
import { outputAudioTokens, textTokens } from '../tokens';
import type { Entry } from './conversation';
import type { ServerEventBody } from './server-event';
import type { AudioFormat } from './session-config';

export const RESPONSE_TIMING = {
  /** From the request to the first words. */
  thinkMs: 80,
  /** Audio per delta, and the time between two: forty times real time. */
  chunkMs: 200,
  chunkEveryMs: 5,
} as const;

export interface ResponseRunOptions {
  modality: 'text' | 'audio';
  format: AudioFormat;
  voice: string | { id: string };
  baud: number;
  maxOutputTokens: number | 'inf';
  metadata: Record<string, string> | null;
  /** Undefined: in no conversation. */
  conversationId: string | undefined;
  clock: Clock;
  send(event: ServerEventBody): void;
  think(): Thought;
  /** An item begins; in the default conversation it is added there. Returns the id before it. */
  begin(entry: Entry): string | null;
  /** Milliseconds of audio after which the socket breaks, on demand. */
  dropAfterMs(): number | undefined;
  drop(): void;
  rateLimits(): ServerEventBody;
  usage(output: { text: number; audio: number }): RealtimeResponse['usage'];
  said(text: string, status: 'completed' | 'cancelled' | 'incomplete', itemId: string): void;
  called(name: string, args: string, callId: string): void;
  /** Over, in whatever way; comes before `response.done` is sent, so that a new response may follow at once. */
  ended(status: 'completed' | 'cancelled' | 'incomplete'): void;
}

type Ending = { status: 'completed' | 'cancelled' | 'incomplete'; reason?: RealtimeResponseStatus['reason'] };

/** A message under way: how to close it when the response is cut. */
interface OpenMessage {
  close(status: Ending['status']): void;
}

export class ResponseRun {
  readonly id = newId('resp');
  /** Milliseconds of audio sent. */
  audioMs = 0;
  private readonly output: ConversationItem[] = [];
  private readonly spent = { text: 0, audio: 0 };
  private steps: Generator<number, Ending>;
  private stopTimer: (() => void) | undefined;
  private message: OpenMessage | undefined;
  private over = false;

  constructor(private readonly options: ResponseRunOptions) {
    this.steps = this.script();
  }

  start(): void {
    this.step();
  }

  /** Cuts it; a response that is over stays as it is. */
  cancel(reason: 'turn_detected' | 'client_cancelled'): void {
    if (this.over) return;
    this.stopTimer?.();
    this.finish({ status: 'cancelled', reason });
  }

  /** Without a word: the socket is gone. */
  abandon(): void {
    this.over = true;
    this.stopTimer?.();
  }

  private step(): void {
    if (this.over) return;
    const { done, value } = this.steps.next();
    if (this.over) return;
    if (done) this.finish(value);
    else this.stopTimer = this.options.clock.after(value, () => this.step());
  }

  /** Yields how many milliseconds to wait before it goes on. */
  private *script(): Generator<number, Ending> {
    const { options } = this;
    options.send({ type: 'response.created', response: this.onTheWire({ status: 'in_progress' }) });
    options.send(options.rateLimits());
    yield RESPONSE_TIMING.thinkMs;
    const thought = options.think();
    if (thought.say) {
      const complete = options.modality === 'audio' ? yield* this.speak(thought.say) : yield* this.write(thought.say);
      if (!complete) return { status: 'incomplete', reason: 'max_output_tokens' };
    }
    for (const call of thought.calls) yield* this.call(call.name, JSON.stringify(call.arguments));
    return { status: 'completed' };
  }

  private *speak(text: string): Generator<number, boolean> {
    const { options } = this;
    const sampleRate = options.format.type === 'audio/pcmu' ? 8000 : 24000;
    const modem = { sampleRate, baud: options.baud } as const;
    const pcm = modulate(text, modem);
    const perMs = sampleRate / 1000;
    const dropAfterMs = options.dropAfterMs();
    const { entry, where, outputIndex } = this.beginMessage();
    let told = 0;
    const tell = (upTo: string) => {
      if (upTo.length <= told) return;
      options.send({ type: 'response.output_audio_transcript.delta', ...where, delta: upTo.slice(told) });
      told = upTo.length;
    };
    this.message = {
      close: (status) => {
        this.message = undefined;
        const transcript = status === 'completed' ? text : text.slice(0, told);
        if (!isCut(entry)) entry.turn = { role: 'assistant', text: transcript };
        options.send({ type: 'response.output_audio.done', ...where });
        options.send({ type: 'response.output_audio_transcript.done', ...where, transcript });
        options.send({ type: 'response.content_part.done', ...where, part: { type: 'audio', transcript } });
        this.endItem(entry, outputIndex, [{ type: 'output_audio', transcript }], status);
        this.spent.text += textTokens(transcript);
        this.spent.audio += outputAudioTokens(entry.audioMs);
        options.said(transcript, status, entry.id);
      },
    };
    const chunk = RESPONSE_TIMING.chunkMs * perMs;
    for (let at = 0; at < pcm.length; at += chunk) {
      const part = pcm.subarray(at, at + chunk);
      // The words run ahead of the sound, as the model writes before it speaks.
      tell(textWithin(text, at + 2 * chunk, modem));
      options.send({ type: 'response.output_audio.delta', ...where, delta: encode(part, options.format) });
      entry.audioMs += part.length / perMs;
      this.audioMs += part.length / perMs;
      if (!isCut(entry)) entry.turn = { role: 'assistant', text };
      if (dropAfterMs !== undefined && entry.audioMs >= dropAfterMs) {
        options.drop();
        // Nothing comes after: the session is closed, and this run with it.
        yield 0;
      }
      if (options.maxOutputTokens !== 'inf' && outputAudioTokens(entry.audioMs) > options.maxOutputTokens) return false;
      yield RESPONSE_TIMING.chunkEveryMs;
    }
    tell(text);
    this.message.close('completed');
    return true;
  }

  private *write(text: string): Generator<number, boolean> {
    const { options } = this;
    const { entry, where, outputIndex } = this.beginMessage();
    let written = '';
    this.message = {
      close: (status) => {
        this.message = undefined;
        options.send({ type: 'response.output_text.done', ...where, text: written });
        options.send({ type: 'response.content_part.done', ...where, part: { type: 'text', text: written } });
        this.endItem(entry, outputIndex, [{ type: 'output_text', text: written }], status);
        this.spent.text += textTokens(written);
        options.said(written, status, entry.id);
      },
    };
    for (const word of text.match(/\S+\s*/g) ?? []) {
      if (options.maxOutputTokens !== 'inf' && textTokens(written + word) > options.maxOutputTokens) return false;
      written += word;
      entry.turn = { role: 'assistant', text: written };
      options.send({ type: 'response.output_text.delta', ...where, delta: word });
      yield 1;
    }
    this.message.close('completed');
    return true;
  }

  private *call(name: string, args: string): Generator<number, void> {
    const { options } = this;
    const id = newId('item');
    const callId = newId('call');
    const item: ConversationItem & { type: 'function_call' } = {
      id,
      object: 'realtime.item',
      type: 'function_call',
      status: 'in_progress',
      call_id: callId,
      name,
      arguments: '',
    };
    const outputIndex = this.output.length;
    const entry: Entry = { id, item, turn: { role: 'call', callId, name, arguments: args }, audioMs: 0 };
    this.beginItem(entry, outputIndex);
    const where = { response_id: this.id, item_id: id, output_index: outputIndex, call_id: callId };
    for (const delta of args.match(/[\s\S]{1,16}/g) ?? []) {
      options.send({ type: 'response.function_call_arguments.delta', ...where, delta });
      yield 1;
    }
    item.arguments = args;
    options.send({ type: 'response.function_call_arguments.done', ...where, name, arguments: args });
    this.spent.text += textTokens(name + args);
    options.called(name, args, callId);
    this.finishItem(entry, outputIndex, 'completed');
  }

  private beginMessage() {
    const id = newId('item');
    const item: ConversationItem = { id, object: 'realtime.item', type: 'message', status: 'in_progress', role: 'assistant', content: [] };
    const entry: Entry = { id, item, turn: undefined, audioMs: 0 };
    const outputIndex = this.output.length;
    this.beginItem(entry, outputIndex);
    const where = { response_id: this.id, item_id: id, output_index: outputIndex, content_index: 0 };
    const part = this.options.modality === 'audio' ? { type: 'audio' as const, transcript: '' } : { type: 'text' as const, text: '' };
    this.options.send({ type: 'response.content_part.added', ...where, part });
    return { entry, where, outputIndex };
  }

  private beginItem(entry: Entry, outputIndex: number): void {
    const { options } = this;
    options.send({ type: 'response.output_item.added', response_id: this.id, output_index: outputIndex, item: { ...entry.item } });
    const previous = options.begin(entry);
    if (options.conversationId === undefined) return;
    options.send({ type: 'conversation.item.added', previous_item_id: previous, item: { ...entry.item } });
  }

  private endItem(
    entry: Entry,
    outputIndex: number,
    content: RealtimeConversationItemAssistantMessage.Content[],
    status: Ending['status'],
  ): void {
    const { item } = entry;
    if (item.type === 'message' && item.role === 'assistant' && !isCut(entry)) item.content = content;
    this.finishItem(entry, outputIndex, status === 'completed' ? 'completed' : 'incomplete');
  }

  private finishItem(entry: Entry, outputIndex: number, status: 'completed' | 'incomplete'): void {
    const { options } = this;
    const item = entry.item as ConversationItem & { status?: string };
    item.status = status;
    this.output.push(entry.item);
    if (options.conversationId !== undefined) options.send({ type: 'conversation.item.done', item: { ...entry.item } });
    options.send({ type: 'response.output_item.done', response_id: this.id, output_index: outputIndex, item: { ...entry.item } });
  }

  private finish(ending: Ending): void {
    this.over = true;
    this.message?.close(ending.status);
    this.options.ended(ending.status);
    this.options.send({ type: 'response.done', response: this.onTheWire(ending) });
  }

  private onTheWire(state: Ending | { status: 'in_progress' }): RealtimeResponse {
    const { options } = this;
    const response: RealtimeResponse & { max_output_tokens: number | 'inf' } = {
      object: 'realtime.response',
      id: this.id,
      status: state.status,
      output: this.output.map((item) => ({ ...item })),
      conversation_id: options.conversationId,
      output_modalities: [options.modality],
      max_output_tokens: options.maxOutputTokens,
      audio: { output: { format: options.format, voice: options.voice as 'alloy' } },
      metadata: options.metadata,
    };
    if (state.status === 'in_progress') return response;
    response.usage = options.usage(this.spent);
    if ('reason' in state && state.reason) response.status_details = { type: state.status, reason: state.reason };
    return response;
  }
}

/** The client has truncated it while it came: its transcript is gone. */
function isCut({ turn }: Entry): boolean {
  return turn?.role === 'assistant' && turn.cut === true;
}

function encode(pcm: Int16Array, format: AudioFormat): string {
  if (format.type === 'audio/pcmu') return Buffer.from(encodeMulaw(pcm)).toString('base64');
  const bytes = Buffer.alloc(2 * pcm.length);
  for (let i = 0; i < pcm.length; i++) bytes.writeInt16LE(pcm[i] as number, 2 * i);
  return bytes.toString('base64');
}
