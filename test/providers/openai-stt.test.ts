import { sttSchema } from '../../contracts/providers';
import type { RealtimeEntry, TranscriptionEntry } from '../../lab/openai/ledger-entry';
import { openSpeechToText } from '../../providers/stt/open-stt';
import type { SpeechToText, SttEvent } from '../../providers/stt/stt';
import { Events, say, VendorLab } from './vendor-lab';

let lab: VendorLab;
const open: SpeechToText[] = [];

beforeAll(async () => {
  lab = await VendorLab.start();
});
afterAll(() => lab.stop());
afterEach(() => {
  for (const stt of open.splice(0)) stt.close();
  lab.server.reset();
});

function listenTo(spec: object = {}, deps = lab.deps()): [SpeechToText, Events<SttEvent>] {
  const stt = openSpeechToText(sttSchema.parse({ provider: 'openai', ...spec }), { language: 'en-US' }, deps);
  open.push(stt);
  return [stt, new Events(stt)];
}

describe('a Realtime transcription session', () => {
  it('hears turns, with the words as they come', async () => {
    const [stt, events] = listenTo();
    say(stt, 200, 'I would like to move my appointment.', 800, 'Yes', 800);
    await events.next('end_of_turn', 2);
    expect(events.of('final').map(({ text }) => text)).toEqual(['I would like to move my appointment.', 'Yes']);
    expect(events.of('interim').at(-1)?.text).toBe('Yes');
    expect(events.of('speech_started')).toHaveLength(2);
    const [session] = lab.notes<RealtimeEntry>('realtime');
    expect(session).toMatchObject({ model: 'gpt-4o-mini-transcribe', errors: [] });
  });

  it('reports tokens', async () => {
    const [stt, events] = listenTo();
    say(stt, 'Hello there.', 800);
    await events.next('end_of_turn');
    expect(events.of('usage').flatMap(({ lines }) => lines.map(({ unit }) => unit))).toEqual(['input_audio_token', 'output_text_token']);
  });

  it('commits on finalize, without waiting for silence', async () => {
    const [stt, events] = listenTo();
    await stt.ready;
    say(stt, 'My number is', 100);
    stt.finalize();
    await events.next('finalized');
    expect(events.of('final').map(({ text }) => text)).toEqual(['My number is']);
    expect(events.of('end_of_turn')).toEqual([]);
  });

  it('answers a finalize that finds nothing to commit', async () => {
    const [stt, events] = listenTo();
    await stt.ready;
    stt.finalize();
    await events.next('finalized');
    expect(events.of('final')).toEqual([]);
    expect(events.of('closed')).toEqual([]);
  });

  it('goes on after a transcript that failed', async () => {
    lab.fault({ kind: 'provider_error', event: 'transcription' });
    const [stt, events] = listenTo();
    say(stt, 'This is lost.', 800, 'This is not.', 800);
    await events.next('end_of_turn');
    expect(events.of('final').map(({ text }) => text)).toEqual(['This is not.']);
  });

  it('has no turns of its own with the model that has none', async () => {
    const [stt, events] = listenTo({ model: 'gpt-realtime-whisper' });
    expect(stt.endsTurns).toBe(false);
    await stt.ready;
    say(stt, 'Hello there.', 800);
    stt.finalize();
    await events.next('finalized');
    expect(events.of('final').map(({ text }) => text)).toEqual(['Hello there.']);
  });

  it('tells a refused handshake, a dropped socket, and a missing key', async () => {
    lab.fault({ kind: 'provider_refuse', status: 429 });
    const [refused] = listenTo();
    await expect(refused.ready).rejects.toMatchObject({ code: 'PATTER_PROVIDER_FAILED', message: expect.stringContaining('429') });
    lab.fault({ kind: 'provider_drop', event: 'transcription', afterMs: 50 });
    const [, dropped] = listenTo();
    expect((await dropped.next('closed')).error).toBe('OpenAI closed with 1006');
    const [without] = listenTo({}, lab.deps({ config: { ...lab.config, OPENAI_API_KEY: undefined } }));
    await expect(without.ready).rejects.toMatchObject({
      code: 'PATTER_CREDENTIAL_MISSING',
      message: expect.stringContaining('OPENAI_API_KEY'),
    });
  });
});

describe('Whisper', () => {
  const whisper = { model: 'whisper-1', prompt: 'Acme Dental' };

  it('gets one utterance at a time, without the silence before it', async () => {
    const [stt, events] = listenTo(whisper);
    say(stt, 5_000, 'My number is one two three.', 200);
    stt.finalize();
    say(stt, 3_000, 'Yes', 200);
    stt.finalize();
    await events.next('finalized');
    expect(events.of('final').map(({ text }) => text)).toEqual(['My number is one two three.', 'Yes']);
    const uploads = lab.notes<TranscriptionEntry>('transcription');
    expect(uploads.map(({ text, language, prompt }) => ({ text, language, prompt }))).toEqual([
      { text: 'My number is one two three.', language: 'en', prompt: 'Acme Dental' },
      { text: 'Yes', language: 'en', prompt: 'Acme Dental' },
    ]);
    expect(uploads[0]?.durationMs).toBeLessThan(1_000);
    expect(events.of('usage').flatMap(({ lines }) => lines.map(({ unit, quantity }) => [unit, quantity]))).toEqual([
      ['second', 1],
      ['second', 1],
    ]);
  });

  it('is asked for nothing when nothing was said', async () => {
    const [stt, events] = listenTo(whisper);
    say(stt, 2_000);
    stt.finalize();
    await events.next('finalized');
    expect(lab.notes('transcription')).toEqual([]);
    expect(events.kinds).toEqual(['finalized']);
  });

  it.each([429, 500])('tells HTTP %d as the end, never as silence', async (status) => {
    lab.fault({ kind: 'provider_error', event: 'transcriptions', status, count: 9 });
    const [stt, events] = listenTo(whisper);
    say(stt, 'Hello?', 200);
    stt.finalize();
    expect((await events.next('closed')).error).toContain(`OpenAI could not transcribe: ${status}`);
  });

  it('says nothing after close', async () => {
    const [stt, events] = listenTo(whisper);
    say(stt, 'Hello?', 200);
    stt.finalize();
    stt.close();
    const [other, told] = listenTo(whisper);
    say(other, 'Hello?', 200);
    other.finalize();
    await told.next('final');
    expect(events.all).toEqual([]);
  });
});

it('peer defect 7: concurrent calls hear their own words only', async () => {
  const calls = Array.from({ length: 4 }, (_, i) => listenTo(i % 2 === 0 ? {} : { model: 'whisper-1' }));
  for (const [i, [stt]] of calls.entries()) {
    say(stt, `Caller ${i} wants room ${100 + i}.`, 800);
    if (!stt.endsTurns) stt.finalize();
  }
  await Promise.all(calls.map(([, events]) => events.next('final')));
  expect(calls.map(([, events]) => events.of('final').map(({ text }) => text))).toEqual(
    calls.map((_, i) => [`Caller ${i} wants room ${100 + i}.`]),
  );
});
