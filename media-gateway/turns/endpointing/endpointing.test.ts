/** Speech of test/fixtures/speech on a clock of our own: one frame is 20 ms, and nothing takes any other time. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { decodeMulaw, encodeMulaw, FRAME_BYTES, FRAME_MS, MULAW_SILENCE } from '../../../contracts/g711';
import { type EndpointingSpec, endpointingSchema } from '../../../contracts/turns';
import type { SttEvent } from '../../../providers/stt/stt';
import { ManualClock } from '../../../test/support/manual-clock';
import { openTurnDetector } from './open';
import type { TurnDetectorDeps, TurnJudge } from './turn-detector';

const log = pino({ level: 'silent' });
const speech = (name: string) => readFileSync(join(__dirname, '..', '..', '..', 'test', 'fixtures', 'speech', `${name}.ulaw`));
const silence = (ms: number) => Buffer.alloc(ms * 8, MULAW_SILENCE);
const spec = (input: { type: EndpointingSpec['type'] } & Record<string, unknown>): EndpointingSpec => endpointingSchema.parse(input);
const NOVA = { p99FinalMs: 350, endsTurns: true };
/** As Whisper: says nothing until it is told where an utterance ends. */
const UNASKED = { p99FinalMs: 350, endsTurns: false };

/** White noise of so much root mean square, always the same, over all of it. */
function inNoise(audio: Buffer, rms: number): Buffer {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2_147_483_648 - 1;
  };
  return Buffer.from(encodeMulaw(decodeMulaw(audio).map((sample) => sample + random() * rms * Math.sqrt(3))));
}

interface Told {
  at: number;
  what: 'started' | 'stopped' | 'ended' | 'eager' | 'resumed';
  text?: string;
}

function listen(endpointing: EndpointingSpec, deps: Partial<TurnDetectorDeps> = {}) {
  const clock = new ManualClock();
  const told: Told[] = [];
  const tell = (what: Told['what']) => (text?: string) => told.push({ at: clock.now(), what, ...(text === undefined ? {} : { text }) });
  const detector = openTurnDetector(endpointing, {
    clock,
    log,
    language: 'en',
    listener: {
      speechStarted: tell('started'),
      speechStopped: tell('stopped'),
      turnEnded: tell('ended'),
      eagerEnd: tell('eager'),
      resumed: tell('resumed'),
    },
    ...deps,
  });
  return {
    clock,
    told,
    detector,
    of: (what: Told['what']) => told.filter((each) => each.what === what),
    stt: (event: SttEvent) => detector.onStt(event),
    play(...parts: Buffer[]) {
      const all = Buffer.concat(parts);
      for (let at = 0; at < all.length; at += FRAME_BYTES) {
        clock.pass(FRAME_MS);
        detector.onAudio(all.subarray(at, at + FRAME_BYTES));
      }
    },
  };
}

const LANGUAGES = ['en', 'de', 'es', 'fr', 'it', 'pt'];

describe('the end of a turn by our own voice detection', () => {
  it.each(LANGUAGES)('cuts in at a pause of 700 ms and not at one of 400 ms (%s)', (language) => {
    const heard = listen(spec({ type: 'vad' }));
    heard.play(silence(300), speech(`pauses-${language}`), silence(2_000));
    expect(heard.of('ended')).toHaveLength(2);
    const patient = listen(spec({ type: 'vad', minDelayMs: 800 }));
    patient.play(silence(300), speech(`pauses-${language}`), silence(2_000));
    expect(patient.of('ended')).toHaveLength(1);
  });

  it('comes the configured delay after the last voice, to a frame and the softness of its end', () => {
    const said = speech('no-wait');
    for (const minDelayMs of [300, 500, 900]) {
      const heard = listen(spec({ type: 'vad', minDelayMs }));
      heard.play(silence(300), said, silence(2_000));
      const endOfSpeech = 300 + said.length / 8;
      const [ended] = heard.of('ended');
      expect(ended?.at).toBeGreaterThan(endOfSpeech + minDelayMs - 160);
      expect(ended?.at).toBeLessThanOrEqual(endOfSpeech + minDelayMs + FRAME_MS);
    }
  });

  it('hears one turn in half a minute of talk without pauses, and none in noise alone', () => {
    const talk = listen(spec({ type: 'vad' }));
    talk.play(silence(300), speech('monologue-en'), silence(1_000));
    expect(talk.told.map(({ what }) => what)).toEqual(expect.arrayContaining(['started', 'ended']));
    expect(talk.of('ended')).toHaveLength(1);
    const noise = listen(spec({ type: 'vad' }));
    noise.play(inNoise(silence(20_000), 60));
    expect(noise.told).toEqual([]);
  });

  it.each([100, 250])('ends turns in steady noise of %d as in silence, once it knows the noise', (rms) => {
    const said = speech('no-wait');
    const heard = listen(spec({ type: 'vad' }));
    heard.play(inNoise(Buffer.concat([silence(4_000), said, silence(2_000)]), rms));
    const endOfSpeech = 4_000 + said.length / 8;
    const last = heard.of('ended').at(-1);
    expect(heard.of('ended').filter(({ at }) => at > 4_000)).toHaveLength(1);
    expect(last?.at).toBeLessThan(endOfSpeech + 600);
    expect(last?.at).toBeGreaterThan(endOfSpeech + 200);
  });

  it('follows a slow speaker with dynamic delay, and cuts in less often than without', () => {
    const cutsOf = (dynamic: boolean) => {
      const heard = listen(spec({ type: 'vad', dynamic, minDelayMs: 500, maxDelayMs: 2_000 }));
      for (let i = 0; i < 6; i++) heard.play(speech('slow-en'), silence(3_000));
      return heard.of('ended').length - 6;
    };
    expect(cutsOf(false)).toBe(30);
    expect(cutsOf(true)).toBeLessThan(24);
  });

  it('learns nothing from a pause in which the agent spoke', () => {
    const heard = listen(spec({ type: 'vad', dynamic: true, minDelayMs: 500, maxDelayMs: 3_000 }));
    for (let i = 0; i < 30; i++) {
      heard.play(speech('yeah-en'), silence(600));
      heard.detector.agentSpeaking(true);
      heard.play(silence(1_500));
      heard.detector.agentSpeaking(false);
    }
    heard.play(speech('yeah-en'));
    const from = heard.clock.now();
    heard.play(silence(1_000));
    expect((heard.of('ended').at(-1)?.at ?? 0) - from).toBeLessThan(540);
  });
});

describe('the end of a turn by its words', () => {
  /** What a recogniser would have said, 350 ms after each part. */
  function playNumber(endpointing: EndpointingSpec, deps: Partial<TurnDetectorDeps> = {}) {
    const heard = listen(endpointing, { stt: NOVA, ...deps });
    const all = speech('number-en');
    // "My number is" ends at 760 ms, "five five five" at 2,640 ms.
    heard.play(all.subarray(0, 1_100 * 8));
    heard.stt({ kind: 'final', text: 'My number is' });
    heard.play(all.subarray(1_100 * 8, 3_000 * 8));
    heard.stt({ kind: 'final', text: '555.' });
    heard.play(all.subarray(3_000 * 8), silence(350));
    heard.stt({ kind: 'final', text: '1234.' });
    heard.play(silence(4_000));
    return heard;
  }

  it('waits for the rest of a number that is announced and half said', () => {
    expect(playNumber(spec({ type: 'vad' })).of('ended')).toEqual([expect.objectContaining({ text: 'My number is 555. 1234.' })]);
  });

  it('would cut in twice without looking at the words', () => {
    expect(playNumber(spec({ type: 'vad', semantic: false })).of('ended')).toHaveLength(3);
  });

  it('gives the words up after the recogniser’s longest time, and takes those that come later for no new turn', () => {
    const heard = listen(spec({ type: 'vad', minDelayMs: 200 }), { stt: NOVA });
    heard.play(speech('no-wait'));
    heard.stt({ kind: 'interim', text: 'No wait I am not free' });
    const from = heard.clock.now();
    heard.play(silence(1_000));
    const [ended] = heard.of('ended');
    expect(ended?.text).toBe('No wait I am not free');
    expect((ended?.at ?? 0) - from).toBeLessThanOrEqual(350 + FRAME_MS);
    heard.stt({ kind: 'final', text: 'No, wait, I am not free.' });
    heard.play(silence(2_000));
    expect(heard.of('ended')).toHaveLength(1);
    // But words that were not in it are a turn of their own: nothing is lost.
    heard.stt({ kind: 'final', text: 'Are you there?' });
    heard.play(silence(2_000));
    expect(heard.of('ended').map(({ text }) => text)).toEqual(['No wait I am not free', 'Are you there?']);
  });

  it('a cough is a turn without words', () => {
    const heard = listen(spec({ type: 'vad' }), { stt: NOVA });
    heard.play(silence(300), speech('yeah-en'), silence(2_000));
    expect(heard.of('ended')).toEqual([expect.objectContaining({ text: '' })]);
  });

  it('tells the probable end when the words are final, and takes it back when the caller goes on', () => {
    const heard = listen(spec({ type: 'vad', minDelayMs: 1_000 }), { stt: NOVA });
    heard.play(speech('okay-en'), silence(300));
    heard.stt({ kind: 'final', text: 'Okay.' });
    heard.play(silence(300), speech('no-wait'), silence(300));
    heard.stt({ kind: 'final', text: 'No, wait, I am not free on that day.' });
    heard.play(silence(1_500));
    const decisions = heard.told.map(({ what }) => what).filter((what) => what !== 'stopped');
    expect(decisions).toEqual(['started', 'eager', 'resumed', 'eager', 'ended']);
    expect(heard.of('eager').at(-1)?.text).toBe(heard.of('ended')[0]?.text);
  });

  const judge = (answer: () => Promise<boolean>): TurnJudge => ({ finished: answer });

  it('asks the judge where the words do not tell, and waits for longer when it says so', async () => {
    const texts: string[] = [];
    const heard = listen(spec({ type: 'vad' }), {
      stt: NOVA,
      judge: {
        finished: async (text) => {
          texts.push(text);
          return false;
        },
      },
    });
    heard.play(speech('no-wait'), silence(300));
    heard.stt({ kind: 'final', text: 'I am not free on that day' });
    await new Promise(setImmediate);
    heard.play(silence(2_000));
    expect(heard.of('ended')).toEqual([]);
    heard.play(silence(1_000));
    expect(heard.of('ended')).toHaveLength(1);
    expect(texts).toEqual(['I am not free on that day']);
  });

  it.each([
    ['has no opinion', () => Promise.reject(new Error('429'))],
    ['never answers', () => new Promise<boolean>(() => undefined)],
  ])('is not held up by a judge that %s', async (_, answer) => {
    const heard = listen(spec({ type: 'vad' }), { stt: NOVA, judge: judge(answer) });
    heard.play(speech('no-wait'), silence(300));
    heard.stt({ kind: 'final', text: 'I am not free on that day' });
    await new Promise(setImmediate);
    heard.play(silence(1_000));
    expect(heard.of('ended')).toHaveLength(1);
  });
});

describe('the end of a turn by the recogniser’s final words', () => {
  it('peer defect 12: "yes", "no" and "okay" are turns', () => {
    for (const text of ['Yes.', 'no', 'okay']) {
      const heard = listen(spec({ type: 'stt' }), { stt: NOVA });
      heard.play(silence(200), speech('okay-en'), silence(320));
      heard.stt({ kind: 'final', text });
      heard.play(silence(1_000));
      expect(heard.of('ended').map((each) => each.text)).toEqual([text]);
    }
  });

  it('takes the silence that has passed when the words come off the wait', () => {
    const said = speech('no-wait');
    const heard = listen(spec({ type: 'stt' }), { stt: NOVA });
    heard.play(said.subarray(0, 800 * 8));
    heard.stt({ kind: 'interim', text: 'No wait' });
    heard.play(said.subarray(800 * 8), silence(400));
    heard.stt({ kind: 'final', text: 'No wait I am not free on that day.' });
    heard.play(silence(1_000));
    const [ended] = heard.of('ended');
    expect((ended?.at ?? 0) - said.length / 8).toBeLessThanOrEqual(500 + 2 * FRAME_MS);
  });

  it('is found by the voice where the recogniser waits to be asked: each would wait for the other, and the caller for both', () => {
    const heard = listen(spec({ type: 'stt' }), { stt: UNASKED });
    heard.play(silence(500), speech('okay-en'), silence(400));
    expect(heard.told.map(({ what }) => what)).toEqual(['started', 'stopped']);
    heard.stt({ kind: 'final', text: 'Okay.' });
    heard.play(silence(1_000));
    expect(heard.of('ended').map(({ text }) => text)).toEqual(['Okay.']);
  });

  it('does not end while the caller goes on after a final segment', () => {
    const all = speech('monologue-en');
    const heard = listen(spec({ type: 'stt' }), { stt: NOVA });
    for (let at = 0; at < all.length; at += 8_000) {
      heard.play(all.subarray(at, at + 8_000));
      heard.stt(at % 24_000 === 0 ? { kind: 'final', text: 'and then he came' } : { kind: 'interim', text: 'and then' });
    }
    expect(heard.of('ended')).toEqual([]);
    heard.play(silence(3_000));
    expect(heard.of('ended')).toHaveLength(1);
  });

  it('starts nothing by noise', () => {
    const heard = listen(spec({ type: 'stt' }), { stt: NOVA });
    heard.play(speech('no-wait'), inNoise(silence(3_000), 2_000));
    expect(heard.told).toEqual([]);
  });

  it('comes in spite of a line that is never quiet', () => {
    const heard = listen(spec({ type: 'stt' }), { stt: NOVA });
    heard.stt({ kind: 'final', text: 'Yes, please.' });
    heard.play(speech('monologue-en').subarray(0, 4_000 * 8));
    expect(heard.of('ended')).toHaveLength(1);
  });
});

describe('the end of a turn by the recogniser itself', () => {
  const provider = spec({ type: 'provider' });

  it('passes on what it decides, the probable end included', () => {
    const heard = listen(provider, { stt: NOVA });
    heard.stt({ kind: 'speech_started' });
    heard.stt({ kind: 'eager_end_of_turn', text: 'Book a table' });
    heard.stt({ kind: 'turn_resumed' });
    heard.stt({ kind: 'end_of_turn', text: 'Book a table for two' });
    expect(heard.told.map(({ what, text }) => [what, text])).toEqual([
      ['started', undefined],
      ['stopped', undefined],
      ['eager', 'Book a table'],
      ['resumed', undefined],
      ['stopped', undefined],
      ['ended', 'Book a table for two'],
    ]);
  });

  it('where answers are prepared, takes silence without news for the probable end of a recogniser that tells only the certain one', () => {
    const heard = listen(provider, { stt: NOVA, prepares: true });
    heard.play(silence(300), speech('no-wait'));
    heard.stt({ kind: 'interim', text: 'No wait, I am' });
    heard.play(silence(160));
    heard.stt({ kind: 'interim', text: 'No wait, I am not free on that day' });
    heard.play(silence(40));
    expect(heard.of('eager')).toEqual([]);
    heard.play(silence(140));
    heard.stt({ kind: 'interim', text: 'No, wait. I am not free on that day.' });
    heard.play(silence(300));
    // Written in another way it is the same.
    expect(heard.of('eager').map(({ text }) => text)).toEqual(['No wait, I am not free on that day']);
    heard.stt({ kind: 'interim', text: 'No wait, I am not free on that day, but' });
    heard.play(silence(400));
    expect(heard.told.at(-1)?.what).toBe('resumed');
    heard.stt({ kind: 'end_of_turn', text: 'No wait, I am not free on that day, but on Friday.' });
    expect(heard.of('eager')).toHaveLength(1);
  });

  it('guesses nothing where nothing is prepared, nor for a recogniser that tells it', () => {
    for (const deps of [{ stt: NOVA }, { stt: { ...NOVA, tellsEager: true }, prepares: true }]) {
      const heard = listen(provider, deps);
      heard.stt({ kind: 'interim', text: 'Book a table for two' });
      heard.play(silence(600));
      expect(heard.of('eager')).toEqual([]);
    }
  });

  it('ends a turn that the recogniser forgets, after its own longest wait', () => {
    const heard = listen(provider, { stt: { ...NOVA, turnTimeoutMs: 3_000 } });
    heard.stt({ kind: 'final', text: 'Hello' });
    heard.play(silence(3_900));
    expect(heard.of('ended')).toEqual([]);
    heard.play(silence(200));
    expect(heard.of('ended')).toEqual([expect.objectContaining({ text: 'Hello' })]);
  });

  it('ends a sound without words soon, so that nobody waits for it', () => {
    const heard = listen(provider, { stt: NOVA });
    heard.stt({ kind: 'speech_started' });
    heard.play(silence(1_100));
    expect(heard.of('ended')).toEqual([expect.objectContaining({ text: '' })]);
  });

  it('is ours where the recogniser does not decide', () => {
    const heard = listen(provider, { stt: UNASKED });
    heard.play(speech('no-wait'), silence(350));
    heard.stt({ kind: 'final', text: 'Not on that day.' });
    heard.play(silence(500));
    expect(heard.of('ended').map((each) => each.text)).toEqual(['Not on that day.']);
  });
});

it('nothing is told after the end, and no timer is left', () => {
  for (const type of ['vad', 'stt', 'provider'] as const) {
    const heard = listen(spec({ type }), { stt: NOVA });
    heard.stt({ kind: 'final', text: 'Hello' });
    heard.detector.dispose();
    const before = heard.told.length;
    heard.stt({ kind: 'end_of_turn', text: 'Hello' });
    heard.play(speech('no-wait'), silence(3_000));
    expect(heard.told).toHaveLength(before);
    expect(heard.clock.pending).toBe(0);
  }
});
