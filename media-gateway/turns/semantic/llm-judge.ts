import { PatterError } from '../../../contracts/errors';
import type { ChatModel } from '../../../providers/llm/chat';
import type { TurnJudge } from '../endpointing/turn-detector';

const QUESTION = (language: string) =>
  `You hear a phone caller through speech recognition, in the language "${language}". The caller has just paused. ` +
  'Answer with one word: DONE when the text is something that a listener would answer now, MORE when the caller is in the middle of a thought.';

/** Asks a text model whether the caller has finished. A request a pause, a word an answer. */
export function llmJudge(model: ChatModel): TurnJudge {
  return {
    async finished(text, { language, signal }) {
      const messages = [
        { role: 'system', text: QUESTION(language) },
        { role: 'user', text },
      ] as const;
      let answer = '';
      for await (const delta of model.answer({ messages, tools: [], signal })) {
        if (delta.kind === 'text') answer += delta.text;
        const word = /\b(done|more)\b/i.exec(answer)?.[1]?.toLowerCase();
        if (word) return word === 'done';
      }
      throw new PatterError('PATTER_PROVIDER_FAILED', 'The model gave no verdict on the end of a turn');
    },
  };
}
