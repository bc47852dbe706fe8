/** The items of one Realtime conversation, in order, with what the model knows of each. */
import type { ConversationItem } from 'openai/resources/realtime/realtime';
import { z } from 'zod';
import { ApiError, parseOrThrow } from '../api-error';
import type { BrainTurn } from '../brain/brain';
import { newId } from '../ids';
import { inputAudioTokens, outputAudioTokens, textTokens } from '../tokens';

export interface Entry {
  id: string;
  /** As the wire shows it, without audio. */
  item: ConversationItem;
  /** What the model takes it for; changes when the item is truncated. */
  turn: BrainTurn | undefined;
  /** Milliseconds of audio in it; 0 for text. */
  audioMs: number;
}

const part = (types: [string, ...string[]]) =>
  z.strictObject({
    type: z.enum(types),
    text: z.string().optional(),
    audio: z.string().optional(),
    transcript: z.string().optional(),
    image_url: z.string().optional(),
    detail: z.string().optional(),
  });
const envelope = {
  id: z.string().max(64).optional(),
  object: z.literal('realtime.item').optional(),
  status: z.enum(['completed', 'incomplete', 'in_progress']).optional(),
};

/** What a client may add. Assistant audio is not among it: the API takes assistant turns as text only. */
const clientItem = z.discriminatedUnion('role', [
  z.strictObject({
    ...envelope,
    type: z.literal('message'),
    role: z.literal('user'),
    content: z.array(part(['input_text', 'input_audio', 'input_image'])).min(1),
  }),
  z.strictObject({ ...envelope, type: z.literal('message'), role: z.literal('assistant'), content: z.array(part(['output_text'])).min(1) }),
  z.strictObject({ ...envelope, type: z.literal('message'), role: z.literal('system'), content: z.array(part(['input_text'])).min(1) }),
]);
const functionCall = z.strictObject({
  ...envelope,
  type: z.literal('function_call'),
  call_id: z.string().optional(),
  name: z.string(),
  arguments: z.string(),
});
const functionCallOutput = z.strictObject({
  ...envelope,
  type: z.literal('function_call_output'),
  call_id: z.string(),
  output: z.string(),
});

export class Conversation {
  readonly id = newId('conv');
  private entries: Entry[] = [];

  /** The id before this item, as the events tell it. */
  previousOf(id: string): string | null {
    const index = this.entries.findIndex((entry) => entry.id === id);
    return this.entries[index - 1]?.id ?? null;
  }

  get lastId(): string | null {
    return this.entries.at(-1)?.id ?? null;
  }

  get turns(): BrainTurn[] {
    return this.entries.flatMap((entry) => entry.turn ?? []);
  }

  find(id: string): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  add(entry: Entry, after?: string): void {
    if (this.find(entry.id)) throw new ApiError('item_create_duplicate_id', `Item with id '${entry.id}' already exists.`, 'item.id');
    if (after === undefined) {
      this.entries.push(entry);
      return;
    }
    const index = after === 'root' ? -1 : this.entries.findIndex((other) => other.id === after);
    if (index < 0 && after !== 'root') {
      throw new ApiError('item_create_invalid_previous_item_id', `Previous item with id '${after}' does not exist.`, 'previous_item_id');
    }
    this.entries.splice(index + 1, 0, entry);
  }

  /** Checks and adds an item of the client's. */
  create(item: unknown, after?: string): Entry {
    const entry = entryOf(item);
    const { turn } = entry;
    if (turn?.role === 'result' && !this.entries.some(({ turn: other }) => other?.role === 'call' && other.callId === turn.callId)) {
      throw new ApiError('invalid_tool_call_id', `Tool call ID '${turn.callId}' not found in conversation.`, 'item.call_id');
    }
    this.add(entry, after);
    return entry;
  }

  delete(id: string): void {
    const index = this.entries.findIndex((entry) => entry.id === id);
    if (index < 0) throw missing('delete', id);
    this.entries.splice(index, 1);
  }

  retrieve(id: string): Entry {
    const entry = this.find(id);
    if (!entry) throw missing('retrieve', id);
    return entry;
  }

  /** Cuts an assistant's audio where the caller stopped hearing it; its transcript goes with it, as the API has it. */
  truncate(id: string, contentIndex: number, audioEndMs: number, heard: (full: string) => string): Entry {
    const entry = this.find(id);
    if (!entry) throw missing('truncate', id);
    const { item } = entry;
    if (item.type !== 'message' || item.role !== 'assistant' || entry.audioMs === 0 || entry.turn?.role !== 'assistant') {
      throw new ApiError('invalid_value', 'Only model output audio messages can be truncated', 'item_id');
    }
    if (contentIndex !== 0) throw new ApiError('invalid_value', `Content at index ${contentIndex} does not exist.`, 'content_index');
    if (audioEndMs > entry.audioMs) {
      throw new ApiError(
        'invalid_value',
        `Audio content of ${Math.floor(entry.audioMs)}ms is already shorter than ${audioEndMs}ms`,
        'audio_end_ms',
      );
    }
    entry.audioMs = audioEndMs;
    entry.turn = { role: 'assistant', text: heard(entry.turn.text), cut: true };
    item.content = [{ type: 'output_audio' }];
    return entry;
  }

  /** What the items count as input of the next response. */
  tokens(): { text: number; audio: number } {
    return tokensOf(this.entries);
  }
}

export function tokensOf(entries: readonly Entry[]): { text: number; audio: number } {
  let text = 0;
  let audio = 0;
  for (const { item, turn, audioMs } of entries) {
    if (audioMs > 0) audio += item.type === 'message' && item.role === 'assistant' ? outputAudioTokens(audioMs) : inputAudioTokens(audioMs);
    else if (turn) text += textTokens('text' in turn ? turn.text : turn.role === 'call' ? turn.arguments : turn.output);
  }
  return { text, audio };
}

/** Reads a client's item; also used for the `input` of a response, which is in no conversation. */
export function entryOf(given: unknown): Entry {
  const type = typeof given === 'object' && given !== null ? (given as { type?: unknown }).type : undefined;
  if (type === 'function_call') {
    const item = parseOrThrow(functionCall, given, 'item');
    const callId = item.call_id ?? newId('call');
    const id = item.id ?? newId('item');
    return {
      id,
      item: { ...item, id, object: 'realtime.item', call_id: callId, status: 'completed' },
      turn: { role: 'call', callId, name: item.name, arguments: item.arguments },
      audioMs: 0,
    };
  }
  if (type === 'function_call_output') {
    const item = parseOrThrow(functionCallOutput, given, 'item');
    const id = item.id ?? newId('item');
    return {
      id,
      item: { ...item, id, object: 'realtime.item', status: 'completed' },
      turn: { role: 'result', callId: item.call_id, output: item.output },
      audioMs: 0,
    };
  }
  if (type !== 'message')
    throw new ApiError(
      'invalid_value',
      `Invalid value: '${String(type)}'. Supported values are: 'message', 'function_call', and 'function_call_output'.`,
      'item.type',
    );
  const item = parseOrThrow(clientItem, given, 'item');
  const id = item.id ?? newId('item');
  const text = item.content.map((content) => content.text ?? content.transcript ?? '').join(' ');
  return {
    id,
    item: { ...item, id, object: 'realtime.item', status: 'completed' } as ConversationItem,
    turn: { role: item.role, text },
    audioMs: 0,
  };
}

function missing(verb: 'truncate' | 'delete' | 'retrieve', id: string): ApiError {
  return new ApiError(
    `item_${verb}_invalid_item_id`,
    `Error ${verb.replace(/e$/, '')}ing item: the item with id '${id}' does not exist.`,
    'item_id',
  );
}
