/** What a model writes and a voice should not read: marks of layout, pictures, numbers as they are printed. Works on one chunk at a time. */
import { spokenNumbers } from './numbers';

export type TextFilter = 'markdown' | 'emoji' | 'numbers';

const PICTURE =
  '(?:\\p{Extended_Pictographic}(?:\\uFE0F|\\p{Emoji_Modifier})?(?:\\u200D\\p{Extended_Pictographic}(?:\\uFE0F|\\p{Emoji_Modifier})?)*|\\p{Regional_Indicator}{2}|[0-9#*]\\uFE0F?\\u20E3|\\uFE0F)';
/** With the space before it where a sentence's sign follows, or one of two spaces. */
const EMOJI = new RegExp(`(^|\\s)?${PICTURE}+(\\s?)`, 'gu');
/** Pictographs by the standard that are signs of writing. */
const WRITTEN = /^\s?[©®™‼⁉ℹ↔-↙]\s?$/u;

/** @param language BCP 47; how numbers are read depends on it */
export function spokenText(text: string, filters: readonly TextFilter[], language: string): string {
  let spoken = text;
  if (filters.includes('markdown')) spoken = withoutMarkdown(spoken);
  if (filters.includes('emoji')) spoken = withoutEmoji(spoken);
  if (filters.includes('numbers')) spoken = spokenNumbers(spoken, language);
  return spoken;
}

function withoutMarkdown(text: string): string {
  return (
    text
      // Pictures have nothing to read but their description, links only their words.
      .replace(/!?\[([^\]\n]*)\]\([^)\s]*(?:\s+"[^"]*")?\)/g, '$1')
      .replace(/<(https?:\/\/[^>\s]+)>/g, '$1')
      .replace(/^\s*(```|~~~)[^\n]*$/gm, '')
      .replace(/`{1,3}/g, '')
      .replace(/^([ \t]*)#{1,6}[ \t]+/gm, '$1')
      .replace(/^[ \t]*>[ \t]?/gm, '')
      .replace(/^[ \t]*[-*_]{3,}[ \t]*$/gm, '')
      .replace(/^([ \t]*)[-*+•][ \t]+/gm, '$1')
      .replace(/^[ \t]*\|?[ \t]*:?-{3,}:?[ \t]*(\|[ \t]*:?-{3,}:?[ \t]*)*\|?[ \t]*$/gm, '')
      .replace(/[ \t]*\|[ \t]*/g, (_bar, at: number, all: string) => (/\n|^$/.test(all.charAt(at - 1)) ? '' : ', '))
      .replace(/(\*\*|__|~~)/g, '')
      // One star or underscore at a word's edge; within a word or a sum it stays.
      .replace(/(^|[\s("'“‘])[*_](?=\S)/g, '$1')
      .replace(/(\S)[*_](?=$|[\s.,;:!?)"'”’])/g, '$1')
  );
}

function withoutEmoji(text: string): string {
  return text.replace(EMOJI, (found: string, before: string | undefined, after: string, at: number, all: string) => {
    if (WRITTEN.test(found)) return found;
    const next = all.charAt(at + found.length);
    // Between two words one space stays; before a sign or the end none does.
    if (before === undefined || before === '') return before === '' ? '' : after;
    return after === '' && /^$|[.,!?;:]/.test(next) ? '' : before;
  });
}
