import type { GuardrailSpec } from '../../contracts/agent';
import type { EngineEvent } from '../engines/engine';
import { wholeWords } from './blocked-terms';
import type { Guardrails } from './guardrails';

type Speech = Extract<EngineEvent, { kind: 'audio' | 'agent_text' | 'item_completed' }>;
type Held = { event: Speech /** Characters of its item that must have been judged before. */; needs: number } | { event: Done };
type Done = Extract<EngineEvent, { kind: 'response_done' }>;

interface Item {
  text: string;
  /** Characters from the beginning that may be heard. */
  judged: number;
  complete: boolean;
  judging: boolean;
}

const SENTENCE_END = /[.!?…。！？]["'”’)]*(?:\s|$)|\n/gu;

/**
 * Stands between a speech-to-speech vendor and the speaker: words and their audio go on when the words have been judged. Audio has no place in the text
 * but the moment at which it came; the vendor's text is at that point or ahead of it, so audio waits for one more piece of text than had come by then.
 */
export class SpeechHold {
  readonly #items = new Map<string, Item>();
  /** Items of the answer of which something went on to the speaker. */
  readonly #passed = new Set<string>();
  #queue: Held[] = [];
  /** An answer is being made. */
  #open = false;
  /** The rest of an answer that was stopped is not heard. */
  #stopped = false;

  /** @param drop the vendor should forget an item of which nothing was heard */
  constructor(
    private readonly guardrails: Guardrails,
    private readonly out: (event: Speech | Done) => void,
    private readonly drop: (itemId: string) => void,
  ) {}

  push(event: Speech | Done): void {
    if (event.kind === 'response_done') {
      this.#done(event);
      return;
    }
    if (this.#stopped) {
      if (event.kind === 'item_completed' && !this.#passed.has(event.itemId)) this.drop(event.itemId);
      return;
    }
    this.#open = true;
    const item = this.#item(event.itemId);
    switch (event.kind) {
      case 'audio':
        this.#queue.push({ event, needs: item.text.length + 1 });
        break;
      case 'agent_text':
        item.text += event.delta;
        this.#queue.push({ event, needs: item.text.length });
        break;
      case 'item_completed':
        item.complete = true;
        this.#queue.push({ event, needs: item.text.length });
        break;
      default:
        event satisfies never;
    }
    this.#judge(event.itemId, item);
  }

  /** Words wait to be judged. */
  get busy(): boolean {
    return this.#queue.length > 0;
  }

  /** The answer is not wanted any more: what is held is not heard, nor what is still to come of it. */
  cut(): void {
    const unheard = [...this.#items.keys()].filter((itemId) => !this.#passed.has(itemId));
    const over = this.#queue.find((held): held is { event: Done } => !('needs' in held));
    this.#stopped = this.#open;
    this.#clear();
    for (const itemId of unheard) this.drop(itemId);
    if (over) this.#over(over.event);
  }

  /** The vendor is gone. */
  reset(): void {
    this.#open = this.#stopped = false;
    this.#passed.clear();
    this.#clear();
  }

  #clear(): void {
    this.#queue = [];
    this.#items.clear();
  }

  #item(itemId: string): Item {
    let item = this.#items.get(itemId);
    if (!item) {
      item = { text: '', judged: 0, complete: false, judging: false };
      this.#items.set(itemId, item);
    }
    return item;
  }

  #done(event: Done): void {
    this.#open = this.#stopped = false;
    // Half an answer is not wanted; of a whole one everything has come.
    if (event.status !== 'completed') this.#clear();
    else for (const [itemId, item] of this.#items) this.#complete(itemId, item);
    this.#queue.push({ event });
    this.#flush();
  }

  #complete(itemId: string, item: Item): void {
    if (item.complete) return;
    item.complete = true;
    this.#judge(itemId, item);
  }

  #judge(itemId: string, item: Item): void {
    const rule = this.guardrails.term(item.complete ? item.text : wholeWords(item.text));
    if (rule) {
      this.#stop(rule);
      return;
    }
    if (this.guardrails.hasChecks) void this.#judgeSentences(itemId, item);
    else this.#settle(item);
    this.#flush();
  }

  #settle(item: Item): void {
    item.judged = item.complete ? Number.POSITIVE_INFINITY : this.guardrails.terms.settled(item.text);
  }

  /** One sentence after the other; never rejects. */
  async #judgeSentences(itemId: string, item: Item): Promise<void> {
    if (item.judging) return;
    item.judging = true;
    for (let end = sentenceEnd(item); end > item.judged; end = sentenceEnd(item)) {
      const rule = await this.guardrails.judge(item.text.slice(item.judged, end).trim());
      if (this.#items.get(itemId) !== item) return;
      if (rule) {
        this.#stop(rule);
        return;
      }
      item.judged = end;
      this.#flush();
    }
    item.judging = false;
    if (item.complete && item.judged >= item.text.length) {
      item.judged = Number.POSITIVE_INFINITY;
      this.#flush();
    }
  }

  #stop(rule: GuardrailSpec): void {
    this.cut();
    this.guardrails.blocked(rule);
  }

  #flush(): void {
    for (;;) {
      const head = this.#queue[0];
      if (!head) return;
      if ('needs' in head) {
        const item = this.#items.get(head.event.itemId);
        if (item && item.judged < head.needs) return;
        this.#passed.add(head.event.itemId);
      }
      this.#queue.shift();
      if (head.event.kind === 'item_completed') this.#items.delete(head.event.itemId);
      if (head.event.kind === 'response_done') this.#over(head.event);
      else this.out(head.event);
    }
  }

  #over(event: Done): void {
    this.#passed.clear();
    this.out(event);
  }
}

/** Where the last whole sentence ends. */
function sentenceEnd(item: Item): number {
  if (item.complete) return item.text.length;
  let end = 0;
  for (const match of item.text.matchAll(SENTENCE_END)) end = match.index + match[0].length;
  return end;
}
