/** A piece of an item's text, and how much of its audio had come when it came. */
export interface TextDelta {
  text: string;
  /** Milliseconds of the item's audio received before. */
  atAudioMs: number;
  /** Its audio begins at just that place. */
  exact?: boolean;
}

export interface SpokenItem {
  deltas: readonly TextDelta[];
  /** Milliseconds of audio received. */
  audioMs: number;
  /** Where the last sound in it ends: what follows is silence, which nobody misses. */
  audibleMs: number;
  /** More of it is to come, or was when it was cut: its words may be ahead of its sound. */
  open?: boolean;
}

/** Where nothing is known of a voice's pace: milliseconds a letter. */
const TYPICAL_MS_PER_LETTER = 65;
/** Two frames: the carrier plays by frames, and so finely is it reckoned where it stands. */
const FRAME_TOLERANCE_MS = 40;

/**
 * The part of an item's text that was heard in its first `heardMs`, cut at a word's end. The place is proportional to the audio; where
 * the vendor sends each piece of text before its audio (or after it), that piece cannot have been heard earlier (must have been heard) by then.
 * Where all places are exact, the proportion is that of the piece.
 */
export function heardText(spoken: SpokenItem, heardMs: number): string {
  const item = spoken.open ? withItsSound(spoken) : spoken;
  const text = item.deltas.map((delta) => delta.text).join('');
  if (heardMs <= 0) return '';
  if (item.audioMs <= 0 || heardMs >= item.audibleMs - FRAME_TOLERANCE_MS) return text.trim();
  if (item.deltas.every((delta) => delta.exact)) return cutAtWord(text, exactly(item, heardMs)).trim();
  let characters = Math.floor((text.length * heardMs) / item.audioMs);
  const first = item.deltas[0];
  if (item.deltas.length > 1 && first) {
    const textComesFirst = first.atAudioMs === 0;
    let seen = 0;
    for (const delta of item.deltas) {
      if (textComesFirst && delta.atAudioMs > heardMs) {
        characters = Math.min(characters, seen);
        break;
      }
      seen += delta.text.length;
      if (!textComesFirst && delta.atAudioMs <= heardMs) characters = Math.max(characters, seen);
    }
  }
  return cutAtWord(text, characters).trim();
}

/**
 * Without words that were written and have no sound yet. Where a voice is told its text piece by piece, only the beginning of the last one's sound may
 * have come; a vendor that does not tell its places does not tell its end at once either, and has mostly said what it wrote.
 */
function withItsSound(item: SpokenItem): SpokenItem {
  // Words that come behind their sound have sounded.
  if (item.deltas[0]?.atAudioMs !== 0) return item;
  const silent = item.deltas.findIndex(({ atAudioMs }) => atAudioMs >= item.audioMs);
  const deltas = silent === -1 ? item.deltas : item.deltas.slice(0, silent);
  const last = deltas.at(-1);
  if (!last?.exact || deltas.length < item.deltas.length) return { ...item, deltas };
  const before = deltas.slice(0, -1).reduce((sum, { text }) => sum + text.length, 0);
  const msPerLetter = before > 0 && last.atAudioMs > 0 ? last.atAudioMs / before : TYPICAL_MS_PER_LETTER;
  const endsMs = Math.max(item.audioMs, last.atAudioMs + last.text.length * msPerLetter);
  return { deltas, audioMs: endsMs, audibleMs: endsMs };
}

/** Each piece lasts until the next one begins; within it the place is proportional. */
function exactly({ deltas, audibleMs }: SpokenItem, heardMs: number): number {
  let seen = 0;
  for (const [index, { text, atAudioMs }] of deltas.entries()) {
    const untilMs = deltas[index + 1]?.atAudioMs ?? audibleMs;
    if (heardMs < untilMs) return seen + Math.floor((text.length * Math.max(0, heardMs - atAudioMs)) / (untilMs - atAudioMs));
    seen += text.length;
  }
  return seen;
}

function cutAtWord(text: string, characters: number): string {
  if (characters >= text.length) return text;
  if (/\s/.test(text.charAt(characters))) return text.slice(0, characters);
  const head = text.slice(0, characters);
  const lastSpace = head.search(/\s\S*$/);
  if (lastSpace >= 0) return head.slice(0, lastSpace);
  // A script without spaces is cut where it was, but never within a character.
  return /^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]/u.test(head) ? '' : head.replace(/[\uD800-\uDBFF]$/, '');
}
