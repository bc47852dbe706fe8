import { type Clock, systemClock } from '../../contracts/clock';
import { decodeMulaw } from '../../contracts/g711';
import { ttsSchema } from '../../contracts/providers';
import { ElevenLabsHttpVoice } from '../../providers/tts/elevenlabs-http';
import { lineSpeech, lineVoice } from '../../providers/tts/line-speech';
import { openVoice } from '../../providers/tts/open-voice';
import type { ElevenLabsTtsSpec } from '../../providers/tts/specs';
import type { SpeechEvent, SpeechStream, StreamingVoice } from '../../providers/tts/stream';
import { pipelineEngine } from './engines';
import { Events, heard, VendorLab } from './vendor-lab';

let lab: VendorLab;
const open: StreamingVoice[] = [];

beforeAll(async () => {
  // Loading the package takes seconds where others test too, which is not what the first test of it is about.
  require('@elevenlabs/elevenlabs-js');
  lab = await VendorLab.start({ elevenLabsIdleMs: 1_000 });
}, 30_000);
afterAll(() => lab.stop());
afterEach(() => {
  for (const voice of open.splice(0)) voice.close();
  lab.server.reset();
});

const spec = (changes: object) => ttsSchema.parse({ provider: 'elevenlabs', ...changes }) as ElevenLabsTtsSpec;

function voice(changes: object = {}, deps = lab.deps()): StreamingVoice {
  const opened = openVoice(spec(changes), { language: 'en-GB' }, deps);
  open.push(opened);
  return opened;
}

function answer(from: StreamingVoice): [SpeechStream, Events<SpeechEvent>] {
  const stream = from.speak();
  return [stream, new Events(stream)];
}

const textOf = (events: Events<SpeechEvent>) => heard(decodeMulaw(Buffer.concat(events.of('audio').map(({ audio }) => audio))), 8000);
const spokenOf = (events: Events<SpeechEvent>) =>
  events
    .of('spoken')
    .map(({ text }) => text)
    .join('');
/** A clock whose waits are so many times shorter. */
const fast = (times: number): Clock => ({ ...systemClock, after: (ms, fn) => systemClock.after(ms / times, fn) });

describe.each(['websocket', 'http'])('an answer over %s', (transport) => {
  it('is spoken in the telephone format, and told as it is spoken', async () => {
    const one = voice({ transport });
    const [stream, events] = answer(one);
    const sentences = ['Good morning, this is Anna.', ' Does Friday suit you?', ' It would be at nine.'];
    for (const sentence of sentences) stream.push(sentence);
    stream.end();
    await events.next('done');
    expect(one.format).toEqual({ encoding: 'mulaw', sampleRate: 8000 });
    expect(textOf(events).replace(/\s+/g, ' ')).toBe(sentences.join(''));
    expect(spokenOf(events)).toBe(sentences.join(''));
    expect(events.kinds.at(-1)).toBe('done');
    expect(events.of('usage').flatMap(({ lines }) => lines)).toEqual(
      sentences.map(({ length }) => ({
        provider: 'elevenlabs',
        service: 'tts',
        item: 'eleven_flash_v2_5',
        unit: 'character',
        quantity: length,
      })),
    );
  });

  it('is silent after cancel', async () => {
    const [stream, events] = answer(voice({ transport }));
    stream.push('This is a long sentence, which is cut while its audio is still coming in from the vendor.');
    await events.next('audio');
    stream.cancel();
    const told = events.all.length;
    const [other, done] = answer(voice({ transport }));
    other.push('Yes?');
    other.end();
    await done.next('done');
    expect(events.all).toHaveLength(told);
  });

  it('is done at once when there was nothing to say', async () => {
    const [stream, events] = answer(voice({ transport }));
    stream.push('  ');
    stream.end();
    await events.next('done');
    expect(events.kinds).toEqual(['done']);
  });

  it('takes voice, model, language and settings from the agent', async () => {
    const [stream, events] = answer(
      voice({ transport, voice: 'Sarah', model: 'eleven_multilingual_v2', stability: 0.4, similarityBoost: 0.8, speed: 1.1 }),
    );
    stream.push('Hello.');
    stream.end();
    await events.next('done');
    expect(lab.elevenLabs[0]).toMatchObject({
      voiceId: 'EXAVITQu4vr4xnSDxMaL',
      modelId: 'eleven_multilingual_v2',
      voiceSettings: { stability: 0.4, similarity_boost: 0.8, speed: 1.1 },
      query: { output_format: 'ulaw_8000' },
    });
    expect(lab.elevenLabs[0]?.query.language_code).toBeUndefined();
  });

  it('that breaks off is a failure, and what was not heard is not told as spoken', async () => {
    lab.fault({ kind: 'provider_drop', event: 'elevenlabs', afterMs: 200 });
    const [stream, events] = answer(voice({ transport }));
    const text = 'This sentence is cut in the middle, because the connection breaks.';
    stream.push(text);
    stream.end();
    expect((await events.next('failed')).error).toMatch(/^ElevenLabs /);
    expect(text.startsWith(spokenOf(events))).toBe(true);
    expect(spokenOf(events).length).toBeLessThan(text.length);
    expect(events.of('done')).toEqual([]);
  });

  it('names the variable when there is no key', async () => {
    const [stream, events] = answer(voice({ transport }, lab.deps({ config: { ...lab.config, ELEVENLABS_API_KEY: undefined } })));
    stream.push('Hello.');
    expect((await events.next('failed')).error).toContain('ELEVENLABS_API_KEY');
  });

  it("peer defect 7: in concurrent calls is each call's own", async () => {
    const calls = Array.from({ length: 5 }, () => answer(voice({ transport })));
    for (const [i, [stream]] of calls.entries()) {
      stream.push(`Caller ${i}, your room is ${100 + i}.`);
      stream.end();
    }
    await Promise.all(calls.map(([, events]) => events.next('done')));
    expect(calls.map(([, events]) => textOf(events))).toEqual(calls.map((_, i) => `Caller ${i}, your room is ${100 + i}.`));
  });
});

describe('the socket', () => {
  it('aligns text with audio: what is told as spoken is never ahead of the audio', async () => {
    const [stream, events] = answer(voice());
    stream.push('One two three four five six seven eight nine ten eleven twelve.');
    stream.end();
    await events.next('done');
    const audio: Uint8Array[] = [];
    for (const event of events.all) {
      if (event.kind === 'audio') audio.push(event.audio);
      if (event.kind !== 'spoken') continue;
      const soFar = spokenOf({ of: () => events.of('spoken').slice(0, events.of('spoken').indexOf(event) + 1) } as never);
      expect(heard(decodeMulaw(Buffer.concat(audio)), 8000).startsWith(soFar.slice(0, -1))).toBe(true);
    }
    expect(events.of('spoken').length).toBeGreaterThan(1);
  });

  it('is open before the first word, and again before the next answer', async () => {
    const one = voice();
    one.warm();
    one.warm();
    const [stream, events] = answer(one);
    stream.push('Hello.');
    stream.end();
    await events.next('done');
    const [next, nextEvents] = answer(one);
    next.push('Goodbye.');
    next.end();
    await nextEvents.next('done');
    while (lab.elevenLabs.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    one.close();
    // One for each answer, and one for an answer that did not come.
    expect(lab.elevenLabs.map(({ texts }) => texts)).toEqual([['Hello. '], ['Goodbye. '], []]);
  });

  it('is kept alive by blanks while the model thinks, which are not spoken', async () => {
    // 15 s of a clock that is 100 times as fast; the lab hangs up after a second.
    const [stream, events] = answer(voice({}, lab.deps({ clock: fast(100) })));
    stream.push('One moment.');
    await events.next('spoken');
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    stream.push('Friday is free.');
    stream.end();
    await events.next('done');
    expect(textOf(events)).toBe('One moment. Friday is free.');
    expect(lab.elevenLabs[0]?.keepAlives).toBeGreaterThan(1);
  });

  it('that broke while nothing was said is no failure of the next answer', async () => {
    const one = voice();
    lab.fault({ kind: 'provider_refuse', event: 'elevenlabs', status: 503 });
    one.warm();
    while (!lab.elevenLabs[0]?.closedAt) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [stream, events] = answer(one);
    stream.push('Hello.');
    stream.end();
    await events.next('done');
    expect(textOf(events)).toBe('Hello.');
  });

  it.each([429, 503])('tells a handshake refused with %d as a failure', async (status) => {
    lab.fault({ kind: 'provider_refuse', event: 'elevenlabs', status });
    const [stream, events] = answer(voice());
    stream.push('Hello.');
    stream.end();
    expect((await events.next('failed')).error).toContain(`ElevenLabs refused the socket with ${status}`);
    expect(events.of('audio')).toEqual([]);
  });

  it('tells what the vendor refuses after it has opened', async () => {
    const [stream, events] = answer(voice({ voice: 'nobody' }));
    stream.push('Hello.');
    expect((await events.next('failed')).error).toBe(
      'ElevenLabs refused: voice_id_does_not_exist: A voice with voice_id nobody does not exist.',
    );
  });

  it('tells a close in the middle with its code, and takes unknown messages for none', async () => {
    lab.fault({ kind: 'provider_unknown_event', event: 'elevenlabs' });
    lab.fault({ kind: 'provider_close', event: 'elevenlabs', afterMs: 200 });
    const [stream, events] = answer(voice());
    stream.push('This sentence is cut in the middle, because the vendor hangs up.');
    stream.end();
    expect((await events.next('failed')).error).toBe('ElevenLabs closed with 1011 internal error');
    expect(events.of('audio').length).toBeGreaterThan(0);
  });
});

describe('HTTP', () => {
  it.each([429, 500])(
    'tells HTTP %d as a failure, never as an answer without audio',
    async (status) => {
      lab.fault({ kind: 'provider_error', event: 'elevenlabs', status, count: 9 });
      const [stream, events] = answer(voice({ transport: 'http' }));
      stream.push('Hello.');
      stream.end();
      expect((await events.next('failed')).error).toContain(String(status));
      expect(events.kinds).toEqual(['failed']);
    },
    15_000,
  );

  it('names the line that installs the package when it is not there', async () => {
    const load = () => {
      throw new Error("Cannot find module '@elevenlabs/elevenlabs-js'");
    };
    const one = new ElevenLabsHttpVoice(spec({ transport: 'http' }), { language: 'en' }, lab.deps(), load);
    open.push(one);
    one.warm();
    const [stream, events] = answer(one);
    stream.push('Hello.');
    expect((await events.next('failed')).error).toContain('npm install @elevenlabs/elevenlabs-js');
  });
});

describe('fixed lines', () => {
  it.each([
    ['rachel', pipelineEngine({ provider: 'elevenlabs' })],
    ['sarah', { type: 'elevenlabs-convai', agentId: 'a', override: {}, lineVoice: 'sarah', lineModel: 'eleven_flash_v2_5' } as never],
  ])('of an agent that speaks with an ElevenLabs voice are spoken by it (%s)', async (name, engine) => {
    expect(lineVoice(engine)).toBe(name);
    const speech = lineSpeech(engine, lab.deps());
    const samples = await speech.synthesize({ text: 'This is an automated call.', voice: lineVoice(engine) });
    expect(speech.sampleRate).toBe(8000);
    expect(heard(samples, 8000)).toBe('This is an automated call.');
    expect(lab.elevenLabs).toHaveLength(1);
  });

  it('of the others are spoken by OpenAI', async () => {
    const engine = pipelineEngine({ provider: 'openai', voice: 'marin' });
    const speech = lineSpeech(engine, lab.deps());
    const samples = await speech.synthesize({ text: 'Hello.', voice: lineVoice(engine) });
    expect(heard(samples, speech.sampleRate)).toBe('Hello.');
    expect(lab.speeches).toMatchObject([{ voice: 'marin', text: 'Hello.' }]);
  });

  it('that cannot be spoken are an error that says why', async () => {
    lab.fault({ kind: 'provider_refuse', event: 'elevenlabs', status: 503 });
    const speech = lineSpeech(pipelineEngine({ provider: 'elevenlabs' }), lab.deps());
    await expect(speech.synthesize({ text: 'Hello.', voice: 'rachel' })).rejects.toMatchObject({
      code: 'PATTER_PROVIDER_FAILED',
      message: expect.stringContaining('503'),
    });
    const without = lineSpeech(
      pipelineEngine({ provider: 'elevenlabs' }),
      lab.deps({ config: { ...lab.config, ELEVENLABS_API_KEY: undefined } }),
    );
    await expect(without.synthesize({ text: 'Hello.', voice: 'rachel' })).rejects.toMatchObject({ code: 'PATTER_CREDENTIAL_MISSING' });
  });

  it('that are not wanted any more end their socket', async () => {
    const speech = lineSpeech(pipelineEngine({ provider: 'elevenlabs' }), lab.deps());
    const abort = new AbortController();
    const line = speech.synthesize({ text: 'Hello.', voice: 'rachel', signal: abort.signal });
    abort.abort();
    await expect(line).rejects.toMatchObject({ code: 'PATTER_PROVIDER_FAILED' });
  });
});
