import fc from '../../test/support/property';
import { SentenceChunker } from './sentence-chunker';
import { spokenText } from './spoken-text';

/** The pieces of a text that comes in parts. */
function chunksOf(parts: readonly string[], language = 'en'): string[] {
  const chunker = new SentenceChunker(language);
  const chunks = parts.flatMap((part) => chunker.push(part));
  const rest = chunker.end();
  return rest === undefined ? chunks : [...chunks, rest];
}

const trimmed = (text: string, language?: string) => chunksOf([text], language).map((chunk) => chunk.trim());

/** Cuts a text at the given places. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
}

const WORDS = [
  'Hello',
  'Dr.',
  'z.B.',
  'U.S.',
  '3.14',
  '1,000',
  'p.m.',
  'No.',
  '5',
  '…',
  '!',
  '?',
  '. ',
  ', ',
  '\n',
  '。',
  '你好',
  '，',
  'नमस्ते',
  '।',
  'مرحبا',
  '؟',
  '«ja»',
  '"so."',
  '👩‍👩‍👧',
  'é',
  ' ',
  'etc. ',
];
const text = fc.oneof(
  fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((words) => words.join('')),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((words) => words.join(' ')),
  fc.string({ unit: 'binary', maxLength: 900 }),
);
const places = fc.array(fc.nat(), { maxLength: 30 });

describe('sentences of a text that is still being written', () => {
  it('loses and adds no character, wherever the deltas are cut', () => {
    fc.assert(fc.property(text, places, (whole, at) => chunksOf(cut(whole, at)).join('') === whole));
  });

  it('cuts at the same places however the text came in', () => {
    fc.assert(
      fc.property(text, places, (whole, at) => {
        expect(chunksOf(cut(whole, at))).toEqual(chunksOf([whole]));
      }),
    );
  });

  it('loses nothing when the first words are taken early', () => {
    fc.assert(
      fc.property(text, places, (whole, at) => {
        const chunker = new SentenceChunker('en');
        const chunks = cut(whole, at).flatMap((part) => [...chunker.push(part), chunker.early() ?? '']);
        return [...chunks, chunker.end() ?? ''].join('') === whole;
      }),
    );
  });

  it.each([
    ['en', 'I have told Dr. Smith about the U.S. visit at 3 p.m. on Monday. Does that still suit you?', 2],
    ['en', 'The doors open at 3 p.m. They close at ten in the evening.', 2],
    ['en', 'It costs 3.50 or 1,000.75 in all of the shops. That is the price of it today.', 2],
    ['en', 'Apartment No. 5 is the one that is meant. Is the answer really no. Then we are finished with it.', 3],
    ['de', 'Das geht z.B. am 3. Mai oder bei Fr. Schmidt in der Praxis. Passt Ihnen das denn auch?', 2],
    ['es', 'La Sra. López le espera mañana por la tarde. ¿Le viene bien a esa hora?', 2],
    ['zh', '您好，我是牙科诊所的人工智能助理，打电话来确认您的预约。星期二下午三点您方便过来吗？谢谢您的时间和耐心，我们期待您的光临。', 3],
    ['hi', 'नमस्ते, मैं क्लिनिक से बोल रही हूँ और आपसे बात करना चाहती हूँ। क्या मंगलवार आपके लिए ठीक रहेगा?', 2],
    ['ar', 'مرحبا بك معك المساعد الآلي للعيادة هل يناسبك الموعد؟ شكرا جزيلا لك على وقتك الثمين.', 2],
    ['en', 'She said “I will be there.” And then she left the house. Wait... what was that all about?', 3],
  ])('%s: %s', (language, whole, sentences) => {
    const ends = /[.!?…。！？।؟]["”]?$/;
    const chunks = trimmed(whole, language);
    // A first clause counts as a part of its sentence.
    const complete = chunks.filter((chunk) => ends.test(chunk));
    expect(complete).toHaveLength(sentences);
    expect(chunks.slice(1).every((chunk) => ends.test(chunk))).toBe(true);
  });

  it('lets the first words go at a comma, and later ones only at the end of a sentence', () => {
    const chunks = trimmed(
      'Thank you for your patience, Ada, I have found your booking, and it is on Tuesday. We see you then, at three, in room five.',
    );
    expect(chunks).toEqual([
      'Thank you for your patience,',
      'Ada, I have found your booking, and it is on Tuesday.',
      'We see you then, at three, in room five.',
    ]);
  });

  it('takes what is there when the text is slow to come, but tears no number apart', () => {
    const chunker = new SentenceChunker('en');
    chunker.push('You can reach the practice at 555 0199 and ');
    expect(chunker.early()).toBe('You can reach the practice at 555 0199');
    const other = new SentenceChunker('en');
    other.push('You can reach the practice under 555 0199');
    expect(other.early()).toBe('You can reach the practice');
  });

  it('cuts a sentence without an end', () => {
    const chunks = chunksOf([`${'word '.repeat(200)}`]);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(300);
    expect(chunks.slice(0, -1).every((chunk) => /word$/.test(chunk))).toBe(true);
    expect(Math.max(...chunksOf(['字'.repeat(1_000)]).map((chunk) => chunk.length))).toBeLessThanOrEqual(300);
  });

  it('never cuts a character in two', () => {
    const chunks = chunksOf(['👍🏽'.repeat(400)]);
    expect(chunks.some((chunk) => /[\uD800-\uDBFF]$/.test(chunk))).toBe(false);
  });
});

describe('what is spoken of a text', () => {
  const spoken = (written: string, language = 'en') => spokenText(written, ['markdown', 'emoji', 'numbers'], language);

  it.each([
    ['**Great**, your _appointment_ is `confirmed`.', 'Great, your appointment is confirmed.'],
    ['See [our page](https://acme.example/a_b) for more.', 'See our page for more.'],
    ['# Hours\n- Monday\n* Tuesday', 'Hours\nMonday\nTuesday'],
    ['2 * 3 is 6, and snake_case stays.', '2 * 3 is 6, and snake_case stays.'],
    ['Great! 🎉 See you 👩‍👩‍👧.', 'Great! See you.'],
    ['Press 1️⃣ or wait 🇩🇪', 'Press or wait'],
    ['Acme™ is fine.', 'Acme™ is fine.'],
  ])('%s', (written, expected) => expect(spoken(written)).toBe(expected));

  it.each([
    ['en', 'Call +1 212 555 0100 now.', 'Call plus 1, 2 1 2, 5 5 5, 0 1 0 0 now.'],
    ['en', 'Call (212) 555-0100.', 'Call 2 1 2, 5 5 5, 0 1 0 0.'],
    ['en', 'Call 212-555-0100.', 'Call 2 1 2, 5 5 5, 0 1 0 0.'],
    ['en', 'Your code is 12345678.', 'Your code is 1 2 3, 4 5 6, 7 8.'],
    ['en', 'It costs $1,234.50 or $1 or €20.', 'It costs 1234 dollars and 50 cents or 1 dollar or 20 euros.'],
    ['en', 'That is 12,000 people and 3.5%.', 'That is 12000 people and 3.5 percent.'],
    ['de', 'Das macht 1.234,50 € bei 12.000 Stück und 3,5 %.', 'Das macht 1234 Euro und 50 Cent bei 12000 Stück und 3,5 Prozent.'],
    ['de', 'Rufen Sie 030 1234567 an.', 'Rufen Sie 0 3 0, 1 2 3, 4 5 6 7 an.'],
    ['es', 'Son 1.500 € o 20,05 €.', 'Son 1500 euros o 20 euros con 5 céntimos.'],
    ['fr', 'Cela fait 1 500 € pour 12 000 clients.', 'Cela fait 1500 euros pour 12000 clients.'],
    ['en', 'On 2026-11-21 at 10:30 in room 101.', 'On 2026-11-21 at 10:30 in room 101.'],
  ])('%s: %s', (language, written, expected) => expect(spoken(written, language)).toBe(expected));
});
