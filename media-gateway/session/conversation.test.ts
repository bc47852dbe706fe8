import { pino } from 'pino';
import type { z } from 'zod';
import { agentSchema } from '../../contracts/agent';
import { BYTES_PER_MS, encodeMulaw } from '../../contracts/g711';
import { turnsSchema } from '../../contracts/turns';
import { ArgumentSchemas } from '../../runtime/json-schema';
import { ManualClock } from '../../test/support/manual-clock';
import type { EngineEvent, RespondOptions, VoiceEngine } from '../engines/engine';
import { ToolRunner } from '../tools/tool-runner';
import { ABSENT_ENGINE } from './absent-engine';
import { AmdWatch } from './amd-watch';
import { Conversation } from './conversation';
import { EngineLink } from './engine-link';
import { Fillers } from './fillers';
import { FixedLines } from './fixed-lines';
import { LineCache } from './line-cache';
import { LineReader } from './line-reader';
import { OrderedLines } from './ordered-lines';
import { Speaker } from './speaker';
import { TurnLog } from './turn-log';

const log = pino({ level: 'silent' });
const sound = (ms: number) => encodeMulaw(new Int16Array(ms * BYTES_PER_MS).fill(4_000));

/** Plays in real time, and tells what it has played. */
class Carrier {
  speaker: Speaker | undefined;
  #endsAt = 0;
  #marks: { name: string; cancel(): void }[] = [];

  constructor(private readonly clock: ManualClock) {}

  sendAudio(mulaw: Uint8Array): void {
    this.#endsAt = Math.max(this.#endsAt, this.clock.monotonic()) + mulaw.length / BYTES_PER_MS;
  }

  sendMark(name: string): void {
    const cancel = this.clock.after(Math.max(0, this.#endsAt - this.clock.monotonic()), () => this.speaker?.acknowledge(name));
    this.#marks.push({ name, cancel });
  }

  clear(): void {
    this.#endsAt = 0;
    for (const { cancel } of this.#marks.splice(0)) cancel();
  }
}

interface Talk {
  turns?: z.input<typeof turnsSchema>;
  builtIn?: () => string | Promise<string>;
  /** Lines can be made. */
  voice?: boolean;
}

/** A conversation in the open, with a vendor that says what the test lets it say. */
function talking({ turns: spec = {}, builtIn = () => '', voice = false }: Talk = {}) {
  const clock = new ManualClock();
  const asked: (RespondOptions | undefined)[] = [];
  const interrupted: { itemId: string; heardMs: number }[] = [];
  let listener: (event: EngineEvent) => void = () => undefined;
  let responding = false;
  let sockets = 1;
  const results: string[] = [];
  const engine: VoiceEngine = {
    ...ABSENT_ENGINE,
    get responding() {
      return responding;
    },
    listen: (to) => {
      listener = to;
    },
    respond: (options) => {
      asked.push(options);
      responding = true;
    },
    cancel: () => {
      responding = false;
    },
    toolResult: (_, output) => void results.push(output),
    interrupt: (itemId, heardMs) => void interrupted.push({ itemId, heardMs }),
  };
  const turns = new TurnLog([]);
  const carrier = new Carrier(clock);
  const speaker: Speaker = new Speaker(carrier, clock, turns, () => conversation.update());
  carrier.speaker = speaker;
  const link = new EngineLink(
    engine,
    () => {
      sockets++;
      return engine;
    },
    () => [],
    {
      event: (event) => event.kind !== 'usage' && event.kind !== 'first_words' && conversation.onEvent(event),
      interrupted: () => conversation.interrupted(),
      restored: () => conversation.restored(),
      resultRetold: () => undefined,
      resultSpoken: () => undefined,
      nextReady: () => undefined,
      lost: () => conversation.providerLost(),
    },
    clock,
    log,
  );
  const agent = agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'You are a test.' });
  const tools = new ToolRunner({
    ...{ clock, log, schemas: new ArgumentSchemas(), builtIn, history: () => [] },
    setup: { agent, variables: {} } as never,
    fetch: { send: () => Promise.reject(new Error('nobody is asked')) },
  });
  const conversation: Conversation = new Conversation({
    ...{ speaker, link, turns, tools, clock, language: 'en', goOnInstructions: 'Go on.' },
    amd: new AmdWatch(false, () => undefined),
    spec: turnsSchema.parse(spec),
    listener: {
      ...{ changed: () => reader.changed(), active: () => undefined, interrupted: () => undefined },
      ...{ toolsBegan: () => fillers.prepare(), toolsSlow: () => void fillers.say(), answerLate: () => undefined },
    },
  });
  const synthesize = () => (voice ? Promise.resolve(new Int16Array(8_000).fill(4_000)) : Promise.reject(new Error('no voice today')));
  const lines = new FixedLines({ sampleRate: 8_000, model: 'voice', synthesize }, 'alloy', new LineCache(), clock);
  const reader: LineReader = new LineReader(lines, speaker, conversation, link, 'en', clock);
  const fillers: Fillers = new Fillers({ turns: turnsSchema.parse(spec), language: 'en' }, { lines, reader, conversation });
  link.start();
  conversation.setMode('open');
  const tell = (...events: EngineEvent[]) => {
    for (const event of events) {
      if (event.kind === 'response_done') responding = false;
      listener(event);
    }
  };
  return {
    ...{ clock, conversation, reader, speaker, turns, asked, interrupted, results, tell },
    sockets: () => sockets,
    /** All of an answer, which takes so long to be heard. */
    answers: (itemId: string, text: string, ms: number) =>
      tell(
        { kind: 'agent_text', itemId, delta: text },
        { kind: 'audio', itemId, mulaw: sound(ms) },
        { kind: 'item_completed', itemId },
        { kind: 'response_done', status: 'completed' },
      ),
  };
}

it('a vendor that falls silent after it has called a tool is asked again on another socket, and told what the tool has answered', async () => {
  const { clock, conversation, results, sockets, tell } = talking();
  conversation.respond();
  tell({ kind: 'tool_call', toolCallId: 'call_1', name: 'book', arguments: '{}' });
  while (results.length === 0) await Promise.resolve();
  // Neither the end of its answer nor anything else comes.
  for (let s = 0; s < 6; s++) {
    clock.pass(1_000);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }
  expect(sockets()).toBe(2);
  expect(results).toHaveLength(2);
});

describe('a line that the model reads, because there is no voice for it', () => {
  it('is read to its end, however long it is: a message for a machine is cut off nowhere', async () => {
    const { answers, asked, clock, reader, speaker } = talking();
    const text = 'This is Acme Dental with a message for Ada Lovelace about her appointment on Friday. '.repeat(6);
    let result: string | undefined;
    const said = reader.say({ text, verbatim: true }, { interruptible: false }).then((how) => {
      result = how;
    });
    while (asked.length === 0) await Promise.resolve();
    answers('a1', text, 35_000);
    for (let s = 0; s < 34; s++) {
      clock.pass(1_000);
      await Promise.resolve();
    }
    expect(speaker.busy).toBe(true);
    expect(result).toBeUndefined();
    clock.pass(2_000);
    await said;
    expect(result).toBe('played');
  });
});

describe('the caller speaks while the agent does', () => {
  it('and is understood only after a second sound: the words count all the same', () => {
    const { answers, asked, clock, interrupted, speaker, tell, turns } = talking();
    answers('a1', 'Your appointment is on Friday at ten.', 5_000);
    clock.pass(1_000);
    tell({ kind: 'speech_started', itemId: 'u1' });
    clock.pass(400);
    tell({ kind: 'speech_stopped', itemId: 'u1' });
    clock.pass(200);
    // A breath, before the words of the first are known.
    tell({ kind: 'speech_started', itemId: 'u2' }, { kind: 'user_transcript', itemId: 'u1', text: 'Stop, please.' });
    expect(speaker.busy).toBe(false);
    expect(interrupted).toMatchObject([{ itemId: 'a1' }]);
    tell({ kind: 'speech_stopped', itemId: 'u2' }, { kind: 'user_transcript', itemId: 'u2', text: '' });
    clock.pass(3_000);
    expect(asked).toHaveLength(1);
    expect(turns.turns().map(({ text }) => text)).toEqual([expect.stringMatching(/^Your/), 'Stop, please.']);
  });

  it('and what they mean comes when the agent has gone on already: also of the first of two sounds', () => {
    const { answers, asked, clock, speaker, tell } = talking();
    answers('a1', 'Your appointment is on Friday at ten.', 9_000);
    clock.pass(1_000);
    tell({ kind: 'speech_started', itemId: 'u1' }, { kind: 'speech_stopped', itemId: 'u1' });
    tell({ kind: 'speech_started', itemId: 'u2' }, { kind: 'speech_stopped', itemId: 'u2' });
    tell({ kind: 'user_transcript', itemId: 'u2', text: 'mhm' });
    clock.pass(1_000);
    expect(speaker.speaking).toBe(true);
    tell({ kind: 'user_transcript', itemId: 'u1', text: 'Stop, please.' });
    expect(speaker.busy).toBe(false);
    expect(asked).toHaveLength(1);
  });

  it('and presses a key at that: gets an answer when they have finished', () => {
    const { answers, asked, clock, conversation, speaker, tell } = talking();
    answers('a1', 'Press one for the first floor, two for the second.', 5_000);
    clock.pass(1_000);
    tell({ kind: 'speech_started', itemId: 'u1' });
    conversation.keys('[DTMF: 1]');
    expect(speaker.busy).toBe(false);
    tell({ kind: 'speech_stopped', itemId: 'u1' }, { kind: 'user_transcript', itemId: 'u1', text: 'One.' });
    clock.pass(3_000);
    expect(asked).toHaveLength(1);
  });

  it('because it has stopped in the middle: what it had written and not said was not heard', () => {
    const { clock, interrupted, speaker, tell, turns } = talking();
    // The words are ahead of their sound, and then neither comes.
    tell(
      { kind: 'agent_text', itemId: 'a1', delta: 'Your appointment is ' },
      { kind: 'audio', itemId: 'a1', mulaw: sound(1_000) },
      { kind: 'agent_text', itemId: 'a1', delta: 'on Friday at ten with Doctor Meier.' },
    );
    clock.pass(1_500);
    expect(turns.turns((id) => speaker.heardSoFar(id))).toMatchObject([{ text: 'Your appointment is' }]);
    tell({ kind: 'speech_started', itemId: 'u1' }, { kind: 'user_transcript', itemId: 'u1', text: 'Are you still there?' });
    expect(interrupted).toEqual([{ itemId: 'a1', heardMs: 1_000 }]);
    expect(turns.turns()).toMatchObject([{ text: 'Your appointment is', interrupted: true }, { text: 'Are you still there?' }]);
  });

  it('into a line that is not interrupted, and goes on after it: that is a turn, and is answered', () => {
    const { asked, clock, speaker, tell } = talking();
    speaker.line('This call is recorded.', sound(2_000), { interruptible: false });
    clock.pass(1_500);
    tell({ kind: 'speech_started', itemId: 'u1' });
    clock.pass(3_000);
    expect(speaker.busy).toBe(false);
    tell({ kind: 'speech_stopped', itemId: 'u1' }, { kind: 'user_transcript', itemId: 'u1', text: 'Why do you record it?' });
    clock.pass(3_000);
    expect(asked).toHaveLength(1);
  });

  it('only into a line that is not interrupted: is written down, and not answered', () => {
    const { asked, clock, speaker, tell, turns } = talking();
    speaker.line('This call is recorded.', sound(2_000), { interruptible: false });
    clock.pass(500);
    tell({ kind: 'speech_started', itemId: 'u1' });
    clock.pass(500);
    tell({ kind: 'speech_stopped', itemId: 'u1' }, { kind: 'user_transcript', itemId: 'u1', text: 'Yes.' });
    clock.pass(4_000);
    expect(asked).toEqual([]);
    expect(turns.turns().map(({ text }) => text)).toEqual(['This call is recorded.', 'Yes.']);
  });
});

const settle = async () => {
  for (let i = 0; i < 60; i++) await Promise.resolve();
};

describe('a caller who is muted', () => {
  const speaks = (tell: (...events: EngineEvent[]) => void, itemId: string, text: string) =>
    tell({ kind: 'speech_started', itemId }, { kind: 'speech_stopped', itemId }, { kind: 'user_transcript', itemId, text });

  it('always: is written down, and neither interrupts nor is answered, whoever speaks', () => {
    const { answers, asked, clock, conversation, interrupted, speaker, tell, turns } = talking({ turns: { mute: ['always'] } });
    answers('a1', 'The office is closed today.', 3_000);
    clock.pass(1_000);
    tell({ kind: 'speech_started', itemId: 'u1' });
    conversation.voiced(2_000);
    tell({ kind: 'user_transcript', itemId: 'u1', text: 'Stop, please!' }, { kind: 'speech_stopped', itemId: 'u1' });
    expect(speaker.speaking).toBe(true);
    clock.pass(4_000);
    expect(speaker.busy).toBe(false);
    speaks(tell, 'u2', 'And tomorrow?');
    clock.pass(20_000);
    expect({ asked, interrupted }).toEqual({ asked: [], interrupted: [] });
    expect(turns.turns().map(({ text }) => text)).toEqual(['The office is closed today.', 'Stop, please!', 'And tomorrow?']);
  });

  it('in the first message: also where that is the model’s own, until it was heard', () => {
    const { answers, asked, clock, conversation, interrupted, speaker, tell } = talking({ turns: { mute: ['first_message'] } });
    conversation.begin();
    speaks(tell, 'u1', 'Hello? Who is there?');
    answers('a1', 'Good morning, I am calling about Friday.', 3_000);
    clock.pass(1_000);
    speaks(tell, 'u2', 'Stop, please!');
    expect(speaker.speaking).toBe(true);
    clock.pass(4_000);
    expect({ asked: asked.length, interrupted }).toEqual({ asked: 1, interrupted: [] });
    speaks(tell, 'u3', 'What about Friday?');
    expect(asked).toHaveLength(2);
    answers('a2', 'You have an appointment.', 3_000);
    clock.pass(1_000);
    speaks(tell, 'u4', 'Stop, please!');
    expect(interrupted).toMatchObject([{ itemId: 'a2' }]);
  });

  it('not at all: the model’s first words are interrupted like any others', () => {
    const { answers, clock, conversation, interrupted, tell } = talking();
    conversation.begin();
    answers('a1', 'Good morning, I am calling about Friday.', 3_000);
    clock.pass(1_000);
    speaks(tell, 'u1', 'Stop, please!');
    expect(interrupted).toMatchObject([{ itemId: 'a1' }]);
  });
});

describe('a tool that takes long', () => {
  /** It never answers. */
  const slow = { builtIn: () => new Promise<string>(() => undefined), voice: true };
  const calls: EngineEvent[] = [
    { kind: 'tool_call', toolCallId: 'call_1', name: 'end_call', arguments: '{}' },
    { kind: 'response_done', status: 'completed' },
  ];

  it('is bridged after a second, where nothing else is said', async () => {
    const { clock, conversation, speaker, tell, turns } = talking(slow);
    conversation.respond();
    tell(...calls);
    await settle();
    clock.pass(999);
    await settle();
    expect(speaker.busy).toBe(false);
    clock.pass(1);
    await settle();
    expect(speaker.busy).toBe(true);
    clock.pass(2_000);
    expect(turns.turns().map(({ text }) => text)).toEqual(['One moment, please.']);
  });

  it('is not bridged while the caller speaks', async () => {
    const { clock, conversation, speaker, tell, turns } = talking(slow);
    conversation.respond();
    tell(...calls);
    await settle();
    clock.pass(500);
    tell({ kind: 'speech_started', itemId: 'u1' });
    clock.pass(3_000);
    await settle();
    expect(speaker.busy).toBe(false);
    tell({ kind: 'speech_stopped', itemId: 'u1' }, { kind: 'user_transcript', itemId: 'u1', text: 'Take your time.' });
    clock.pass(3_000);
    await settle();
    expect(turns.turns().map(({ text }) => text)).toEqual(['Take your time.']);
  });
});

it('a line that was ordered with `interruptible: false` is heard to its end, whoever talks over it, and the caller is answered after it', async () => {
  const { asked, clock, conversation, reader, tell, turns } = talking({ voice: true });
  const told: unknown[] = [];
  const lines = new OrderedLines({
    ...{ reader, prefetch: () => undefined, live: () => true, talking: () => true },
    quiet: () => conversation.quiet,
    emit: (event) => told.push(event),
  });
  const said = lines.say({ orderId: 'o1', text: 'The office closes in ten minutes.', interruptible: false });
  await settle();
  clock.pass(400);
  tell({ kind: 'speech_started', itemId: 'u1' });
  conversation.voiced(2_000);
  tell({ kind: 'user_transcript', itemId: 'u1', text: 'No, wait, listen to me!' });
  clock.pass(2_000);
  await said;
  expect(told).toEqual([{ kind: 'said', orderId: 'o1', result: 'played' }]);
  tell({ kind: 'speech_stopped', itemId: 'u1' });
  expect(asked).toHaveLength(1);
  expect(turns.turns()).toMatchObject([{ text: 'The office closes in ten minutes.' }, { text: 'No, wait, listen to me!' }]);
  expect(turns.turns().some(({ interrupted }) => interrupted)).toBe(false);
});
