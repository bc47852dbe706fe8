import { encodeMulaw } from '../../../contracts/g711';
import { type EndpointingSpec, endpointingSchema } from '../../../contracts/turns';
import type { ChatDelta, ChatMessage } from '../../../providers/llm/chat';
import type { SpeechToText, SttEvent } from '../../../providers/stt/stt';
import type { SpeechEvent, SpeechStream, StreamingVoice } from '../../../providers/tts/stream';
import { ManualClock } from '../../../test/support/manual-clock';
import { openTurnDetector } from '../../turns/endpointing/open';
import type { EngineEvent } from '../engine';
import { Pipeline } from '.';
import type { AgentRequest, PipelineAgent } from './agent';
import { HookRunner, type PipelineHooks } from './hooks';

/** A recogniser on whose line the test speaks. */
class Recogniser implements SpeechToText {
  readonly format = { encoding: 'mulaw', sampleRate: 8_000 } as const;
  readonly p99FinalMs = 300;
  readonly endsTurns = true;
  readonly ready: Promise<void>;
  readonly heard: Uint8Array[] = [];
  finalized = 0;
  closed = false;
  #listener: (event: SttEvent) => void = () => undefined;

  constructor(reachable = true) {
    this.ready = reachable ? Promise.resolve() : Promise.reject(new Error('refused'));
    this.ready.catch(() => undefined);
  }

  listen(listener: (event: SttEvent) => void) {
    this.#listener = listener;
  }
  push(audio: Uint8Array) {
    this.heard.push(audio);
  }
  finalize() {
    this.finalized++;
  }
  close() {
    this.closed = true;
  }
  tell(event: SttEvent) {
    this.#listener(event);
  }
  /** A whole turn. */
  turn(text: string) {
    this.tell({ kind: 'speech_started' });
    this.tell({ kind: 'final', text });
    this.tell({ kind: 'end_of_turn', text });
  }
}

/** A voice that says nothing by itself. */
class Voice implements StreamingVoice {
  readonly format = { encoding: 'mulaw', sampleRate: 8_000 } as const;
  readonly streams: { pushed: string[]; ended: boolean; cancelled: boolean; tell(event: SpeechEvent): void }[] = [];
  closed = false;
  warm() {}
  speak(): SpeechStream {
    let listener: (event: SpeechEvent) => void = () => undefined;
    const stream = { pushed: [] as string[], ended: false, cancelled: false, tell: (event: SpeechEvent) => listener(event) };
    this.streams.push(stream);
    return {
      listen: (to) => {
        listener = to;
      },
      push: (text) => void stream.pushed.push(text),
      end: () => {
        stream.ended = true;
      },
      cancel: () => {
        stream.cancelled = true;
      },
    };
  }
  close() {
    this.closed = true;
  }
}

/** An agent whose answers the test writes. */
class Agent implements PipelineAgent {
  readonly asked: AgentRequest[] = [];
  constructor(private readonly script: (request: AgentRequest, attempt: number) => AsyncIterable<ChatDelta>) {}
  answer(request: AgentRequest) {
    this.asked.push(request);
    return this.script(request, this.asked.length);
  }
  close() {}
}

async function* words(...texts: string[]): AsyncGenerator<ChatDelta> {
  for (const text of texts) yield { kind: 'text', text };
}

/** Never ends by itself. */
async function* endless(signal: AbortSignal, first: string): AsyncGenerator<ChatDelta> {
  yield { kind: 'text', text: first };
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

/** 100 ms of sound for each letter that is not a space. */
const sound = (text: string) => encodeMulaw(new Int16Array(800 * text.replace(/\s/g, '').length).fill(4_000));
const settle = async () => {
  for (let i = 0; i < 30; i++) await Promise.resolve();
};

function pipeline(
  options: {
    script?: ConstructorParameters<typeof Agent>[0];
    hooks?: PipelineHooks;
    preemptive?: boolean;
    endpointing?: EndpointingSpec;
  } = {},
) {
  const clock = new ManualClock();
  const recognisers: Recogniser[] = [];
  let reachable = true;
  const voice = new Voice();
  const agent = new Agent(options.script ?? (() => words('Good morning to you, Ada. ', 'How are you?')));
  const log = { warn: () => undefined, debug: () => undefined, error: () => undefined, info: () => undefined } as never;
  const engine = new Pipeline({
    spec: { textFilters: ['markdown', 'emoji'] },
    instructions: 'You are kind.',
    language: 'en',
    tools: [{ name: 'book', description: '', parameters: {} }],
    preemptive: options.preemptive ?? false,
    openStt: () => {
      const stt = new Recogniser(reachable);
      recognisers.push(stt);
      return stt;
    },
    openDetector: (stt, listener) =>
      openTurnDetector(options.endpointing ?? { type: 'provider' }, {
        clock,
        log,
        stt,
        language: 'en',
        listener,
        prepares: options.preemptive,
      }),
    voice,
    agent,
    hooks: new HookRunner(options.hooks ?? {}, { callId: 'call_1', language: 'en' }, clock, log),
    clock,
    log,
  });
  const events: EngineEvent[] = [];
  engine.listen((event) => events.push(event));
  const kinds = (...wanted: EngineEvent['kind'][]) => events.filter(({ kind }) => wanted.includes(kind));
  return {
    clock,
    engine,
    voice,
    agent,
    recognisers,
    events,
    kinds,
    unreachable: () => {
      reachable = false;
    },
    stt: () => recognisers.at(-1) as Recogniser,
    texts: () => kinds('agent_text').map((event) => (event.kind === 'agent_text' ? event.delta : '')),
    messages: () => agent.asked.at(-1)?.messages as ChatMessage[],
  };
}

describe('a turn of the caller', () => {
  it('is over with its words known, and is in the history once when the answer is asked for', async () => {
    const { engine, events, stt, messages } = pipeline();
    engine.listen((event) => {
      events.push(event);
      // As the conversation does.
      if (event.kind === 'speech_stopped') engine.respond();
    });
    stt().turn('Yes.');
    await settle();
    expect(events.slice(0, 4).map(({ kind }) => kind)).toEqual(['speech_started', 'user_interim', 'speech_stopped', 'user_transcript']);
    expect(messages()).toEqual([
      { role: 'system', text: 'You are kind.' },
      { role: 'user', text: 'Yes.' },
    ]);
  });

  it.each(['provider', 'vad'] as const)('that the caller ends by hanging up is told with the words it had (%s)', async (type) => {
    const { engine, kinds, stt } = pipeline({ endpointing: endpointingSchema.parse({ type }) });
    for (let frame = 0; frame < 20; frame++) engine.appendAudio(sound('x'));
    stt().tell({ kind: 'speech_started' });
    stt().tell({ kind: 'final', text: 'Never call me' });
    stt().tell({ kind: 'interim', text: 'aga' });
    await settle();
    engine.commitAudio();
    await settle();
    expect(stt().finalized).toBe(1);
    stt().tell({ kind: 'final', text: 'again.' });
    stt().tell({ kind: 'finalized' });
    await settle();
    expect(kinds('user_transcript')).toMatchObject([{ text: 'Never call me again.' }]);
    engine.close();
  });

  it('without words is told so before it is over, and stays out of the history', async () => {
    const { engine, clock, kinds, stt, messages } = pipeline();
    stt().tell({ kind: 'speech_started' });
    for (let ms = 0; ms < 20_000; ms += 20) {
      engine.appendAudio(new Uint8Array(160).fill(0xff));
      clock.pass(20);
    }
    expect(kinds('user_transcript', 'speech_stopped').map(({ kind }) => kind)).toEqual(['user_transcript', 'speech_stopped']);
    engine.respond();
    await settle();
    expect(messages()).toEqual([{ role: 'system', text: 'You are kind.' }]);
  });
});

describe('an answer', () => {
  it('goes to the voice sentence by sentence while it is being written', async () => {
    const { engine, voice } = pipeline({
      script: ({ signal }) => endless(signal, 'Good morning to you, Ada. I have found your booking now. How are'),
    });
    engine.respond();
    await settle();
    expect(voice.streams[0]?.pushed).toEqual(['Good morning to you,', ' Ada. I have found your booking now.']);
    engine.close();
  });

  it('tells where in the audio its words are', async () => {
    const { engine, voice, kinds } = pipeline();
    engine.respond();
    await settle();
    const [stream] = voice.streams;
    for (const text of stream?.pushed ?? []) {
      stream?.tell({ kind: 'audio', audio: sound(text) });
      stream?.tell({ kind: 'spoken', text });
    }
    stream?.tell({ kind: 'done' });
    await settle();
    expect(kinds('agent_text')).toMatchObject([
      { delta: 'Good morning to you,', fromMs: 0 },
      { delta: ' Ada. How are you?', fromMs: 1_700 },
    ]);
    expect(kinds('response_done')).toMatchObject([{ status: 'completed' }]);
  });

  it('peer defect 22: is forgotten from the word on that the caller did not hear', async () => {
    const { engine, voice, kinds, messages } = pipeline();
    engine.respond();
    await settle();
    const [stream] = voice.streams;
    for (const text of stream?.pushed ?? []) {
      stream?.tell({ kind: 'audio', audio: sound(text) });
      stream?.tell({ kind: 'spoken', text });
    }
    const item = kinds('audio')[0];
    engine.cancel();
    engine.interrupt(item?.kind === 'audio' ? item.itemId : '', 1_400);
    engine.respond();
    await settle();
    expect(messages()).toEqual([
      { role: 'system', text: 'You are kind.' },
      { role: 'assistant', text: 'Good morning to' },
    ]);
  });

  it('peer defect 22: that stalls in the middle of a sentence and is interrupted was heard as far as its sound came', async () => {
    const { engine, voice, kinds, messages } = pipeline({ script: () => words('One two three four five six seven eight nine ten. ') });
    engine.respond();
    await settle();
    const [stream] = voice.streams;
    // With the second piece the words of the whole sentence are told; then the voice falls silent.
    stream?.tell({ kind: 'audio', audio: encodeMulaw(new Int16Array(8 * 400).fill(4_000)) });
    stream?.tell({ kind: 'audio', audio: encodeMulaw(new Int16Array(8 * 400).fill(4_000)) });
    const item = kinds('audio')[0];
    engine.cancel();
    engine.interrupt(item?.kind === 'audio' ? item.itemId : '', 800);
    engine.respond();
    await settle();
    expect(messages().at(1)).toEqual({ role: 'assistant', text: expect.stringMatching(/^One two( three)?$/) });
  });

  it('that is cancelled stops the agent and the voice at once, and is told as cancelled', async () => {
    const { engine, voice, agent, kinds } = pipeline({ script: ({ signal }) => endless(signal, 'One moment. Then') });
    engine.respond();
    await settle();
    engine.cancel();
    expect(agent.asked[0]?.signal.aborted).toBe(true);
    expect(voice.streams[0]?.cancelled).toBe(true);
    expect(engine.responding).toBe(false);
    voice.streams[0]?.tell({ kind: 'audio', audio: sound('late') });
    await settle();
    expect(kinds('audio')).toEqual([]);
    expect(kinds('response_done')).toEqual([{ kind: 'response_done', status: 'cancelled' }]);
  });

  it('leaves no timer behind', async () => {
    const { engine, clock, voice } = pipeline();
    engine.respond();
    await settle();
    voice.streams[0]?.tell({ kind: 'done' });
    await settle();
    engine.close();
    expect(clock.pending).toBe(0);
    expect(voice.closed).toBe(true);
  });

  it('calls tools beside each other, and the model gets each result behind its call', async () => {
    const { engine, kinds, messages } = pipeline({
      script: (_, attempt) =>
        (async function* (): AsyncGenerator<ChatDelta> {
          if (attempt > 1) return;
          yield { kind: 'tool_call', id: 'a', name: 'book', arguments: '{}' };
          yield { kind: 'tool_call', id: 'b', name: 'book', arguments: '{"x":1}' };
        })(),
    });
    engine.respond();
    await settle();
    expect(kinds('tool_call')).toHaveLength(2);
    expect(kinds('response_done')).toMatchObject([{ status: 'completed' }]);
    engine.addUserText('[DTMF: 1]');
    engine.toolResult('b', 'done');
    engine.respond();
    await settle();
    expect(
      messages()
        .slice(1)
        .map((message) => ('toolCalls' in message ? 'calls' : message.text)),
    ).toEqual(['calls', '{"status":"still running"}', 'done', '[DTMF: 1]']);
  });

  it('follows the instructions of this one answer, told last', async () => {
    const { engine, agent, messages } = pipeline();
    engine.addAssistantText('Hello.');
    engine.respond({ instructions: 'You are kind.\n\nSay goodbye.', tools: false });
    await settle();
    expect(messages()).toEqual([
      { role: 'system', text: 'You are kind.' },
      { role: 'assistant', text: 'Hello.' },
      { role: 'system', text: 'Say goodbye.' },
    ]);
    expect(agent.asked[0]?.tools).toEqual([]);
  });
});

describe('what fails', () => {
  it('an agent that fails before its first word is asked once more', async () => {
    const { engine, agent, voice } = pipeline({
      script: (_, attempt) =>
        (async function* (): AsyncGenerator<ChatDelta> {
          if (attempt === 1) throw new Error('HTTP 503');
          yield { kind: 'text', text: 'Here I am.' };
        })(),
    });
    engine.respond();
    await settle();
    expect(agent.asked.map(({ requestId }) => requestId)).toEqual([agent.asked[0]?.requestId, agent.asked[0]?.requestId]);
    expect(voice.streams[0]?.pushed).toEqual(['Here I am.']);
  });

  it('peer defect 10: an agent that fails again is a failed answer, not an empty one', async () => {
    const { engine, kinds } = pipeline({
      // biome-ignore lint/correctness/useYield: it fails before it says anything
      script: async function* () {
        throw new Error('HTTP 503');
      },
    });
    engine.respond();
    await settle();
    expect(kinds('response_done')).toEqual([{ kind: 'response_done', status: 'failed', error: 'HTTP 503' }]);
  });

  it('a voice that fails in mid-answer is asked for the rest only', async () => {
    const { engine, voice, texts, kinds } = pipeline();
    engine.respond();
    await settle();
    const [first] = voice.streams;
    first?.tell({ kind: 'audio', audio: sound('Good morning to you,') });
    first?.tell({ kind: 'spoken', text: 'Good morning to you,' });
    first?.tell({ kind: 'failed', error: 'gone' });
    const second = voice.streams[1];
    expect(second?.pushed.join('')).toBe(' Ada. How are you?');
    expect(second?.ended).toBe(true);
    second?.tell({ kind: 'audio', audio: sound('Ada.Howareyou?') });
    second?.tell({ kind: 'spoken', text: ' Ada. How are you?' });
    second?.tell({ kind: 'done' });
    await settle();
    expect(texts().join('')).toBe('Good morning to you, Ada. How are you?');
    expect(kinds('response_done')).toMatchObject([{ status: 'completed' }]);
  });

  it('a voice that fails in mid-sentence does not say again what came of it', async () => {
    const { engine, voice, texts } = pipeline({
      script: () => words('One two three four five six. ', 'Seven eight nine ten eleven twelve.'),
    });
    engine.respond();
    await settle();
    const [first] = voice.streams;
    first?.tell({ kind: 'audio', audio: sound('Onetwothreefourfivesix.') });
    first?.tell({ kind: 'spoken', text: 'One two three four five six.' });
    // Half of the second one, in two pieces.
    first?.tell({ kind: 'audio', audio: sound('Seven') });
    first?.tell({ kind: 'audio', audio: sound('eightnine') });
    first?.tell({ kind: 'failed', error: 'gone' });
    const [rest] = voice.streams[1]?.pushed ?? [];
    expect(rest).toMatch(/^ (nine|ten) .*twelve\.$/);
    expect(texts().join('')).toBe('One two three four five six. Seven eight nine ten eleven twelve.');
  });

  it('a recogniser that dies is opened again and told what it had not written down; the caller’s turn goes on', async () => {
    const { engine, clock, recognisers, events, kinds } = pipeline();
    await settle();
    recognisers[0]?.tell({ kind: 'speech_started' });
    engine.appendAudio(new Uint8Array(160).fill(1));
    recognisers[0]?.tell({ kind: 'final', text: 'I would like' });
    engine.appendAudio(new Uint8Array(160).fill(2));
    recognisers[0]?.tell({ kind: 'closed', error: '1011' });
    engine.appendAudio(new Uint8Array(160).fill(3));
    clock.pass(1);
    await settle();
    expect(Buffer.concat(recognisers[1]?.heard ?? [])).toEqual(Buffer.concat([Buffer.alloc(160, 2), Buffer.alloc(160, 3)]));
    recognisers[1]?.tell({ kind: 'final', text: 'to book' });
    recognisers[1]?.tell({ kind: 'end_of_turn' });
    await settle();
    expect(kinds('user_transcript')).toMatchObject([{ text: 'I would like to book' }]);
    expect(events.some(({ kind }) => kind === 'closed')).toBe(false);
  });

  it('peer defect 8: a recogniser that stays away is told within two seconds', async () => {
    const { clock, recognisers, kinds, unreachable, engine } = pipeline();
    await settle();
    unreachable();
    recognisers[0]?.tell({ kind: 'closed', error: 'Deepgram went away' });
    for (let ms = 0; ms < 2_000; ms += 50) {
      clock.pass(50);
      const last = recognisers.at(-1);
      if (recognisers.length > 1 && !last?.closed) last?.tell({ kind: 'closed', error: 'refused' });
      await settle();
    }
    expect(kinds('closed')).toHaveLength(1);
    expect(clock.pending).toBe(0);
    engine.close();
  });

  it('a recogniser that takes every new socket only to close it is not opened for ever: the caller would never be answered', async () => {
    const { clock, recognisers, kinds, engine } = pipeline();
    await settle();
    let opened = 0;
    for (let ms = 0; ms < 2_000; ms += 20) {
      // As Deepgram does with audio that it cannot read: the socket opens, and is closed at the first frame.
      if (recognisers.length > opened) {
        opened = recognisers.length;
        await settle();
        recognisers.at(-1)?.tell({ kind: 'closed', error: '1008 DATA-0000' });
      }
      clock.pass(20);
      await settle();
    }
    expect(kinds('closed')).toMatchObject([{ error: expect.stringContaining('DATA-0000') }]);
    expect(opened).toBeLessThan(12);
    expect(clock.pending).toBe(0);
    engine.close();
  });

  it('a recogniser that was well in between has its whole time again', async () => {
    const { clock, recognisers, kinds, engine } = pipeline();
    await settle();
    for (let times = 0; times < 5; times++) {
      recognisers.at(-1)?.tell({ kind: 'closed', error: 'gone' });
      clock.pass(400);
      await settle();
      recognisers.at(-1)?.tell({ kind: 'interim', text: 'I would' });
      clock.pass(400);
    }
    expect(kinds('closed')).toEqual([]);
    engine.close();
  });
});

describe('an answer that is prepared', () => {
  const eager = { preemptive: true, script: () => words('It is at ten.') };

  it('is thought of when the turn is probably over, spoken only when it is, and asked for once', async () => {
    const { engine, stt, agent, voice } = pipeline(eager);
    stt().tell({ kind: 'final', text: 'When is it' });
    stt().tell({ kind: 'eager_end_of_turn', text: 'When is it' });
    await settle();
    expect(agent.asked).toHaveLength(1);
    expect(voice.streams).toHaveLength(0);
    stt().tell({ kind: 'end_of_turn', text: 'When is it?' });
    engine.respond();
    await settle();
    expect(agent.asked).toHaveLength(1);
    expect(voice.streams[0]?.pushed).toEqual(['It is at ten.']);
  });

  it('is thrown away when the caller goes on', async () => {
    const { engine, stt, agent } = pipeline(eager);
    stt().tell({ kind: 'final', text: 'When is it' });
    stt().tell({ kind: 'eager_end_of_turn', text: 'When is it' });
    await settle();
    stt().tell({ kind: 'turn_resumed' });
    expect(agent.asked[0]?.signal.aborted).toBe(true);
    stt().tell({ kind: 'end_of_turn', text: 'When is it, and where?' });
    engine.respond();
    await settle();
    expect(agent.asked).toHaveLength(2);
  });

  it('is thrown away when something else was said meanwhile', async () => {
    const { engine, stt, agent } = pipeline(eager);
    stt().tell({ kind: 'eager_end_of_turn', text: 'When is it' });
    await settle();
    stt().tell({ kind: 'end_of_turn', text: 'When is it?' });
    engine.addUserText('[DTMF: 1]');
    engine.respond();
    await settle();
    expect(agent.asked).toHaveLength(2);
  });

  it('is not asked for when the caller went on at once', async () => {
    const { stt, agent } = pipeline(eager);
    stt().tell({ kind: 'eager_end_of_turn', text: 'When is it' });
    stt().tell({ kind: 'turn_resumed' });
    await settle();
    expect(agent.asked).toEqual([]);
  });

  it('is none for a turn of more than ten seconds', async () => {
    const { stt, agent, clock } = pipeline(eager);
    stt().tell({ kind: 'interim', text: 'When' });
    clock.pass(10_100);
    stt().tell({ kind: 'eager_end_of_turn', text: 'When is it' });
    await settle();
    expect(agent.asked).toEqual([]);
    stt().tell({ kind: 'end_of_turn', text: 'When is it?' });
    stt().tell({ kind: 'interim', text: 'And' });
    stt().tell({ kind: 'eager_end_of_turn', text: 'And where is it' });
    await settle();
    expect(agent.asked).toHaveLength(1);
  });

  it('is tried three times a turn at most', async () => {
    const { stt, agent } = pipeline(eager);
    for (let i = 0; i < 6; i++) {
      stt().tell({ kind: 'eager_end_of_turn', text: `When is it ${i}` });
      await settle();
      stt().tell({ kind: 'turn_resumed' });
    }
    expect(agent.asked).toHaveLength(3);
  });
});

describe('hooks', () => {
  it('that take too long are passed over', async () => {
    const { clock, stt, kinds } = pipeline({ hooks: { afterTranscribe: () => new Promise(() => undefined) } });
    stt().turn('Hello.');
    await settle();
    expect(kinds('user_transcript')).toEqual([]);
    clock.pass(1_000);
    await settle();
    expect(kinds('user_transcript')).toMatchObject([{ text: 'Hello.' }]);
  });

  it('keep the order of what they take different times for', async () => {
    let release: () => void = () => undefined;
    const { engine, stt } = pipeline({
      hooks: {
        beforeSendToStt: (audio) =>
          audio[0] === 1 ? new Promise((resolve) => (release = () => resolve(audio))) : audio[0] === 2 ? null : audio,
      },
    });
    for (const byte of [1, 2, 3]) engine.appendAudio(Uint8Array.of(byte));
    expect(stt().heard).toEqual([]);
    release();
    await settle();
    expect(stt().heard.map((audio) => audio[0])).toEqual([1, 3]);
  });

  it('may take a turn out: then nobody is asked', async () => {
    const { kinds, stt } = pipeline({ hooks: { afterTranscribe: () => null } });
    stt().turn('Some noise.');
    await settle();
    expect(kinds('user_transcript', 'speech_stopped').map(({ kind }) => kind)).toEqual(['user_transcript', 'speech_stopped']);
  });

  it('that give back something else than they were given are passed over: what would come of it ends the process', async () => {
    const wrong = (value: unknown) => () => value as never;
    const { engine, stt, voice, agent, kinds } = pipeline({
      hooks: {
        beforeSendToStt: wrong('audio'),
        afterTranscribe: wrong(5),
        beforeLlm: wrong(Promise.resolve('messages')),
        afterLlm: wrong({}),
        beforeSynthesize: wrong(Promise.resolve(true)),
        afterSynthesize: wrong('audio'),
      },
    });
    engine.appendAudio(new Uint8Array(160).fill(1));
    stt().turn('Hello.');
    await settle();
    engine.respond();
    for (let i = 0; i < 3; i++) await settle();
    voice.streams[0]?.tell({ kind: 'audio', audio: sound('Good') });
    expect(stt().heard).toEqual([new Uint8Array(160).fill(1)]);
    expect(kinds('user_transcript')).toMatchObject([{ text: 'Hello.' }]);
    expect(agent.asked[0]?.messages).toHaveLength(2);
    expect(voice.streams[0]?.pushed).toEqual(['Good morning to you,', ' Ada. How are you?']);
    expect(kinds('audio')).toMatchObject([{ mulaw: sound('Good') }]);
    engine.close();
  });

  it('that take longer for a frame than the frame lasts do not hear the caller later and later', async () => {
    const { engine, clock, stt } = pipeline({ hooks: { beforeSendToStt: () => new Promise(() => undefined) } });
    // Ten seconds of the caller; each frame is given up after 100 ms.
    for (let frame = 0; frame < 500; frame++) {
      engine.appendAudio(new Uint8Array(160).fill(frame % 256));
      clock.pass(20);
      await settle();
    }
    expect(stt().heard.length).toBeGreaterThan(500 - 60);
    expect(
      stt()
        .heard.slice(0, 300)
        .map((audio) => audio[0]),
    ).toEqual(Array.from({ length: 300 }, (_, frame) => frame % 256));
    engine.close();
  });
});
