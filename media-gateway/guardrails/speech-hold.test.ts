import { agentSchema } from '../../contracts/agent';
import type { CallSetup } from '../../contracts/call';
import { ManualClock } from '../../test/support/manual-clock';
import fc from '../../test/support/property';
import type { GuardrailCheck } from '../agent-code';
import type { EngineEvent } from '../engines/engine';
import { Guardrails } from './guardrails';
import { SpeechHold } from './speech-hold';

type Event = Parameters<SpeechHold['push']>[0];
type Done = Extract<EngineEvent, { kind: 'response_done' }>;

const TERM = 'legal action';

function held(check?: GuardrailCheck) {
  const agent = agentSchema.parse({
    engine: { type: 'openai-realtime' },
    systemPrompt: 'x',
    guardrails: [{ name: 'law', blockedTerms: [TERM] }, ...(check ? [{ name: 'mine', check: true }] : [])],
  });
  const log = { warn: () => undefined, info: () => undefined };
  const rails = new Guardrails(
    { agent, variables: {} } as unknown as CallSetup,
    { guardrails: check && { mine: check } },
    new ManualClock(),
    log,
  );
  const blocked: string[] = [];
  rails.listen({ blocked: ({ name }) => blocked.push(name) }, () => []);
  const out: Event[] = [];
  const dropped: string[] = [];
  const hold = new SpeechHold(
    rails,
    (event) => out.push(event),
    (itemId) => dropped.push(itemId),
  );
  return { hold, out, dropped, blocked, textOut: () => textOf(out) };
}

const text = (itemId: string, delta: string): Event => ({ kind: 'agent_text', itemId, delta });
const audio = (itemId: string): Event => ({ kind: 'audio', itemId, mulaw: new Uint8Array(160) });
const completed = (itemId: string): Event => ({ kind: 'item_completed', itemId });
const done = (status: Done['status'] = 'completed'): Event => ({ kind: 'response_done', status });
const textOf = (events: readonly Event[]) => events.flatMap((event) => (event.kind === 'agent_text' ? event.delta : [])).join('');
const settle = () => new Promise(setImmediate);

/** An answer of one or two items, each in pieces with its audio between them. */
const WORD = fc.constantFrom('yes', 'legal', 'action', 'legal action', 'Friday', ' ', '. ', ', ', 'l', 'act');
const ITEM = fc.array(fc.oneof({ weight: 3, arbitrary: WORD.map((word) => ({ word })) }, fc.constant('audio' as const)), { maxLength: 10 });
const ANSWER = fc.record({
  items: fc.array(ITEM, { minLength: 1, maxLength: 2 }),
  status: fc.constantFrom<Done['status']>('completed', 'cancelled', 'failed'),
});
type Answer = typeof ANSWER extends fc.Arbitrary<infer Value> ? Value : never;

function eventsOf({ items, status }: Answer, name: string): Event[] {
  const speech = items.flatMap((pieces, index) => {
    const id = `${name}_${index}`;
    return [...pieces.map((piece) => (piece === 'audio' ? audio(id) : text(id, piece.word))), completed(id)];
  });
  return [...speech, done(status)];
}

const blockedIn = (events: readonly Event[]) => {
  const items = new Map<string, string>();
  for (const event of events) if (event.kind === 'agent_text') items.set(event.itemId, (items.get(event.itemId) ?? '') + event.delta);
  return [...items.values()].some((words) => /(?<![a-z])legal[^a-z]+action(?![a-z])/i.test(words));
};

describe('speech that is held back until it has been judged', () => {
  it('comes out as it came in where nothing is wrong with it, words and audio in their order', () => {
    fc.assert(
      fc.property(fc.array(ANSWER, { minLength: 1, maxLength: 3 }), (answers) => {
        const { hold, out } = held();
        const pushed: Event[] = [];
        for (const [index, answer] of answers.entries()) {
          const events = eventsOf({ ...answer, status: 'completed' }, `a${index}`);
          fc.pre(!blockedIn(events));
          for (const event of events) hold.push(event);
          pushed.push(...events);
        }
        expect(out).toEqual(pushed);
        expect(hold.busy).toBe(false);
      }),
    );
  });

  it('peer defect 15: no term comes out however it is split, no sound of it, and every answer ends once', () => {
    fc.assert(
      fc.property(fc.array(ANSWER, { minLength: 1, maxLength: 3 }), (answers) => {
        const { hold, out, dropped, blocked } = held();
        for (const [index, answer] of answers.entries()) {
          const events = eventsOf(answer, `a${index}`);
          const from = out.length;
          const blocks = blocked.length;
          for (const event of events) hold.push(event);
          const heard = out.slice(from);
          expect(heard.at(-1)).toEqual(events.at(-1));
          expect(heard.filter(({ kind }) => kind === 'response_done')).toHaveLength(1);
          // What comes is the beginning of what came.
          expect(heard.slice(0, -1)).toEqual(events.slice(0, heard.length - 1));
          expect(blockedIn(heard)).toBe(false);
          expect(blocked.length - blocks).toBe(blockedIn(events) ? 1 : 0);
          if (answer.status === 'completed' && !blockedIn(events)) expect(heard).toEqual(events);
        }
        // Only of what nobody heard of is the vendor to forget.
        const passed = new Set(out.flatMap((event) => ('itemId' in event ? event.itemId : [])));
        expect(dropped.filter((itemId) => passed.has(itemId))).toEqual([]);
      }),
    );
  });

  it('that is cut says no more of that answer, whenever that is, and the next one is heard', () => {
    fc.assert(
      fc.property(ANSWER, fc.nat(20), (answer, when) => {
        const { hold, out, dropped } = held();
        const events = eventsOf(answer, 'a');
        const at = Math.min(when, events.length - 1);
        for (const event of events.slice(0, at)) hold.push(event);
        hold.cut();
        const before = out.length;
        for (const event of events.slice(at)) hold.push(event);
        // One that nothing had come of yet is not under way.
        if (at > 0) expect(out.slice(before)).toEqual([events.at(-1)]);
        expect(out.filter(({ kind }) => kind === 'response_done')).toHaveLength(1);
        expect(hold.busy).toBe(false);
        const passed = new Set(out.flatMap((event) => ('itemId' in event ? event.itemId : [])));
        expect(dropped.filter((itemId) => passed.has(itemId))).toEqual([]);
        const next = [text('n', 'Good bye.'), audio('n'), completed('n'), done()];
        for (const event of next) hold.push(event);
        expect(out.slice(-4)).toEqual(next);
      }),
    );
  });

  it('that is reset forgets what it held, and begins anew', () => {
    fc.assert(
      fc.property(ANSWER, fc.nat(20), (answer, when) => {
        const { hold, out, blocked } = held();
        const events = eventsOf(answer, 'a');
        for (const event of events.slice(0, Math.min(when, events.length - 1))) hold.push(event);
        const before = [out.length, blocked.length];
        hold.reset();
        expect(hold.busy).toBe(false);
        expect([out.length, blocked.length]).toEqual(before);
        // From another socket, half a term that the first one had begun is none.
        const next = [text('n', 'action is needed. '), audio('n'), completed('n'), done()];
        for (const event of next) hold.push(event);
        expect(out.slice(before[0])).toEqual(next);
      }),
    );
  });

  it('an end that waits behind words goes out when these are cut', async () => {
    let answer: (exception: boolean) => void = () => undefined;
    const { hold, out, dropped } = held(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    for (const event of [text('a', 'Yes.'), audio('a'), completed('a'), done()]) hold.push(event);
    expect([out, hold.busy]).toEqual([[], true]);
    hold.cut();
    expect(out).toEqual([done()]);
    expect(dropped).toEqual(['a']);
    answer(false);
    await settle();
    expect(out).toEqual([done()]);
  });
});

describe('with a function that judges sentences', () => {
  it('a sentence and its audio wait for it, and the next one for the next verdict', async () => {
    const asked: { sentence: string; answer(exception: boolean): void }[] = [];
    const { hold, textOut } = held((sentence) => new Promise((resolve) => asked.push({ sentence, answer: resolve })));
    for (const event of [text('a', 'It is on '), audio('a'), text('a', 'Friday. Come'), audio('a'), text('a', ' early.')]) hold.push(event);
    expect(asked.map(({ sentence }) => sentence)).toEqual(['It is on Friday.']);
    expect(textOut()).toBe('');
    asked[0]?.answer(false);
    await settle();
    expect(textOut()).toBe('It is on ');
    for (const event of [completed('a'), done()]) hold.push(event);
    await settle();
    expect(asked.map(({ sentence }) => sentence)).toEqual(['It is on Friday.', 'Come early.']);
    asked[1]?.answer(false);
    await settle();
    expect(textOut()).toBe('It is on Friday. Come early.');
    expect(hold.busy).toBe(false);
  });

  it('several items are judged side by side, and come out in their order', async () => {
    const asked = new Map<string, (exception: boolean) => void>();
    const { hold, out, blocked } = held((sentence) => new Promise((resolve) => void asked.set(sentence, resolve)));
    const events = [text('a', 'One.'), audio('a'), completed('a'), text('b', 'Two.'), audio('b'), completed('b'), done()];
    for (const event of events) hold.push(event);
    expect([...asked.keys()]).toEqual(['One.', 'Two.']);
    asked.get('Two.')?.(false);
    await settle();
    expect(out).toEqual([]);
    asked.get('One.')?.(false);
    await settle();
    expect(out).toEqual(events);
    expect(blocked).toEqual([]);
  });

  it('that takes exception to the second item, the first one was heard, and the answer ends', async () => {
    const { hold, out, dropped, blocked } = held(async (sentence) => sentence === 'Two.');
    for (const event of [text('a', 'One.'), audio('a'), completed('a'), text('b', 'Two.'), audio('b'), completed('b')]) hold.push(event);
    await settle();
    expect(out).toEqual([text('a', 'One.'), audio('a'), completed('a')]);
    expect([dropped, blocked]).toEqual([['b'], ['mine']]);
    for (const event of [text('c', 'Three.'), completed('c')]) hold.push(event);
    expect(dropped).toEqual(['b', 'c']);
    hold.push(done('cancelled'));
    expect(out.at(-1)).toEqual(done('cancelled'));
    for (const event of [text('d', 'Four.'), completed('d'), done()]) hold.push(event);
    await settle();
    expect(textOf(out)).toBe('One.Four.');
  });
});
