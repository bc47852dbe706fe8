import type { TranscriptTurn } from '../../../contracts/call';
import type { ChatMessage } from '../../../providers/llm/chat';
import type { HistoryPlace } from '../engine';

interface Call {
  id: string;
  name: string;
  arguments: string;
  output?: string;
}

type Entry = { id: string } & (
  | { kind: 'user'; text: string }
  /** Of an item: what was spoken of it, and after an interruption what was heard. */
  | { kind: 'assistant'; text: string }
  | { kind: 'calls'; calls: Call[] }
  | { kind: 'told'; text: string }
);

const STILL_RUNNING = '{"status":"still running"}';

/** What the agent knows of the conversation: each turn once, and of its own only what was heard. */
export class ChatHistory {
  /** Changes with everything that a model would see. */
  version = 0;
  readonly #entries: Entry[] = [];
  #ids = 0;

  addUser(text: string): void {
    this.#push({ id: this.#id(), kind: 'user', text });
  }

  addAssistant(text: string, place?: HistoryPlace): void {
    const entry: Entry = { id: this.#id(), kind: 'assistant', text };
    const index = place ? this.#entries.findIndex(({ id }) => id === place.after) : -2;
    // Behind one that is gone: at the end. Behind none: at the beginning.
    if (!place || (index === -1 && place.after !== undefined)) this.#push(entry);
    else {
      this.#entries.splice(index + 1, 0, entry);
      this.version++;
    }
  }

  addTurns(turns: readonly TranscriptTurn[]): void {
    for (const { role, text } of turns) this.#push({ id: this.#id(), kind: role, text });
  }

  /** An answer takes its place; its words follow when they are spoken. */
  openItem(itemId: string): void {
    this.#push({ id: itemId, kind: 'assistant', text: '' });
  }

  spoken(itemId: string, text: string): void {
    const entry = this.#item(itemId);
    if (entry) entry.text += text;
    this.version++;
  }

  /** So much of an item was heard; nothing: it never was. */
  heard(itemId: string, text: string): void {
    const entry = this.#item(itemId);
    if (entry) entry.text = text;
    this.version++;
  }

  /** Calls of one answer stand together. */
  addCall(answerId: string, call: Call): void {
    const id = `${answerId}_calls`;
    const entry = this.#entries.findLast((candidate) => candidate.id === id);
    if (entry?.kind === 'calls') entry.calls.push(call);
    else this.#entries.push({ id, kind: 'calls', calls: [call] });
    this.version++;
  }

  /** A call that was made on an earlier socket is unknown here: its result is told in words. */
  result(callId: string, output: string): void {
    for (const entry of this.#entries) {
      const call = entry.kind === 'calls' ? entry.calls.find(({ id }) => id === callId) : undefined;
      if (!call) continue;
      call.output = output;
      this.version++;
      return;
    }
    this.#push({ id: this.#id(), kind: 'told', text: `Result of the tool you called: ${output}` });
  }

  place(): HistoryPlace {
    return { after: this.#entries.at(-1)?.id };
  }

  /** Calls are followed by their results, whatever was said in between: models refuse anything else. */
  messages(): ChatMessage[] {
    return this.#entries.flatMap((entry): ChatMessage[] => {
      switch (entry.kind) {
        case 'user':
        case 'assistant':
          return entry.text.trim() === '' ? [] : [{ role: entry.kind, text: entry.text.trim() }];
        case 'told':
          return [{ role: 'system', text: entry.text }];
        case 'calls':
          return [
            { role: 'assistant', toolCalls: entry.calls.map(({ id, name, arguments: args }) => ({ id, name, arguments: args })) },
            ...entry.calls.map(({ id, output }): ChatMessage => ({ role: 'tool', toolCallId: id, text: output ?? STILL_RUNNING })),
          ];
        default:
          return entry satisfies never;
      }
    });
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    this.version++;
  }

  #item(itemId: string): { text: string } | undefined {
    const entry = this.#entries.findLast(({ id }) => id === itemId);
    return entry?.kind === 'assistant' ? entry : undefined;
  }

  #id(): string {
    return `entry_${++this.#ids}`;
  }
}
