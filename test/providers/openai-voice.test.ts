import { ttsSchema } from '../../contracts/providers';
import { openVoice } from '../../providers/tts/open-voice';
import type { SpeechEvent, SpeechStream, StreamingVoice } from '../../providers/tts/stream';
import { Events, heard, VendorLab } from './vendor-lab';

let lab: VendorLab;
const open: StreamingVoice[] = [];

beforeAll(async () => {
  lab = await VendorLab.start();
});
afterAll(() => lab.stop());
afterEach(() => {
  for (const voice of open.splice(0)) voice.close();
  lab.server.reset();
});

function voice(deps = lab.deps(), spec: object = {}): StreamingVoice {
  const opened = openVoice(ttsSchema.parse({ provider: 'openai', ...spec }), { language: 'en' }, deps);
  open.push(opened);
  return opened;
}

function answer(from = voice()): [SpeechStream, Events<SpeechEvent>] {
  const stream = from.speak();
  return [stream, new Events(stream)];
}

/** Audio of all `audio` events: 24 kHz. */
function textOf(events: Events<SpeechEvent>): string {
  const bytes = Buffer.concat(events.of('audio').map(({ audio }) => audio));
  return heard(
    Int16Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i)),
    24_000,
  );
}

it('speaks sentence after sentence in order, each told when its audio is complete', async () => {
  const [stream, events] = answer();
  const sentences = ['Good morning, this is Anna. ', 'I am calling about your appointment. ', 'Does Friday suit you?'];
  for (const sentence of sentences) stream.push(sentence);
  stream.end();
  await events.next('done');
  expect(textOf(events)).toBe(sentences.join(''));
  expect(events.of('spoken').map(({ text }) => text)).toEqual(sentences);
  expect(events.kinds.at(-1)).toBe('done');
  expect(events.of('usage').flatMap(({ lines }) => lines)).toEqual(
    sentences.map(({ length }) => ({ provider: 'openai', service: 'tts', item: 'gpt-4o-mini-tts', unit: 'character', quantity: length })),
  );
  expect(events.of('audio').every(({ audio }) => audio.length % 2 === 0)).toBe(true);
});

it('asks for the next sentence while the first one comes, and for no more', async () => {
  const [stream, events] = answer();
  for (let i = 0; i < 5; i++) stream.push(`Sentence number ${i} is long enough for several parts of audio to come one after another. `);
  await events.next('spoken');
  expect(lab.speeches).toHaveLength(2);
  stream.end();
  await events.next('done');
  expect(lab.speeches).toHaveLength(5);
});

it('is silent after cancel, and does not ask for the rest', async () => {
  const [stream, events] = answer();
  for (let i = 0; i < 4; i++) stream.push(`Sentence number ${i}, which is cut while its audio is coming in. `);
  await events.next('audio');
  stream.cancel();
  const told = events.all.length;
  const [second, after] = answer();
  second.push('Yes?');
  second.end();
  await after.next('done');
  expect(events.all).toHaveLength(told);
  expect(lab.speeches.map(({ text }) => text)).not.toContain('Sentence number 3, which is cut while its audio is coming in. ');
});

it('is done at once when there was nothing to say', async () => {
  const [stream, events] = answer();
  stream.push(' ');
  stream.end();
  await events.next('done');
  expect(events.kinds).toEqual(['done']);
  expect(lab.speeches).toEqual([]);
});

it.each([429, 500])('tells HTTP %d as a failure, never as an answer without audio', async (status) => {
  lab.fault({ kind: 'provider_error', event: 'speech', status, count: 9 });
  const [stream, events] = answer();
  stream.push('Good morning.');
  stream.end();
  expect((await events.next('failed')).error).toMatch(new RegExp(`OpenAI could not speak: ${status}`));
  expect(events.kinds).toEqual(['failed']);
});

it('tries once more when the first try is refused', async () => {
  lab.fault({ kind: 'provider_error', event: 'speech', status: 503 });
  const [stream, events] = answer();
  stream.push('Good morning.');
  stream.end();
  await events.next('done');
  expect(textOf(events)).toBe('Good morning.');
});

it('tells audio that breaks off as a failure, and keeps back what follows', async () => {
  lab.fault({ kind: 'provider_drop', event: 'speech', afterMs: 200 });
  const [stream, events] = answer();
  stream.push('This sentence is cut in the middle, because the connection breaks. ');
  stream.push('This one is not.');
  stream.end();
  await events.next('failed');
  expect('This sentence is cut in the middle, because the connection breaks. '.startsWith(textOf(events).replace('\uFFFD', ''))).toBe(true);
  expect(events.of('spoken')).toEqual([]);
});

it('names the variable when there is no key', async () => {
  const [stream, events] = answer(voice(lab.deps({ config: { ...lab.config, OPENAI_API_KEY: undefined } })));
  stream.push('Hello.');
  expect((await events.next('failed')).error).toContain('OPENAI_API_KEY');
});

it('ends all its answers when the call ends', async () => {
  const one = voice();
  const [stream, events] = answer(one);
  stream.push('A sentence that nobody is there to hear any more.');
  one.close();
  const told = events.all.length;
  stream.push('Nor this one.');
  stream.end();
  const [other, done] = answer();
  other.push('Yes?');
  other.end();
  await done.next('done');
  expect(events.all).toHaveLength(told);
});

it('peer defect 7: concurrent calls are spoken each in its own words', async () => {
  const calls = Array.from({ length: 5 }, () => answer());
  for (const [i, [stream]] of calls.entries()) {
    stream.push(`Caller ${i}, your room is ${100 + i}. `);
    stream.push(`See you, caller ${i}.`);
    stream.end();
  }
  await Promise.all(calls.map(([, events]) => events.next('done')));
  expect(calls.map(([, events]) => textOf(events))).toEqual(
    calls.map((_, i) => `Caller ${i}, your room is ${100 + i}. See you, caller ${i}.`),
  );
});
