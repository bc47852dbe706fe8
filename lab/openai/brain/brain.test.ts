import { isPatterError } from '../../../contracts/errors';
import type { FunctionTool } from '../realtime/session-config';
import { Brain, type BrainTurn } from './brain';
import { type BrainRuleInput, parseBrainRules } from './brain-rules';

const tool = (name: string, properties: Record<string, unknown> = {}): FunctionTool => ({
  type: 'function',
  name,
  parameters: { type: 'object', properties, required: Object.keys(properties) },
});
const text = { type: 'string' };
const ALL = [
  tool('transfer_call', { reason: text }),
  tool('end_call', { farewell: text }),
  tool('opt_out'),
  tool('schedule_callback', { when: text }),
  tool('confirm', { date: text }),
];
const INSTRUCTIONS = 'You call Ada about the appointment on Tuesday at 3 pm.';
const GREETING: BrainTurn = { role: 'assistant', text: 'Hi Ada, your appointment is on Tuesday. Does that still suit you?' };

const user = (said: string): BrainTurn => ({ role: 'user', text: said });
const assistant = (said: string): BrainTurn => ({ role: 'assistant', text: said });

function think(
  turns: BrainTurn[],
  { tools = ALL, rules = [] as BrainRuleInput[], order }: { tools?: FunctionTool[]; rules?: BrainRuleInput[]; order?: string } = {},
) {
  return new Brain(parseBrainRules(rules)).think({ instructions: INSTRUCTIONS, tools, turns, order });
}

const answer = (said: string, tools?: FunctionTool[]) => think([GREETING, user(said)], { tools });
const called = (said: string) => answer(said).calls.map((call) => [call.name, call.arguments]);

describe('what the simulated model understands', () => {
  it.each([
    ['Yes, that works.', 'confirm', { date: 'Tuesday at 3 pm' }],
    ['OK, Wednesday is fine.', 'confirm', { date: 'Wednesday' }],
    ['Yes, Friday the 4th of December at 10:30 am is right.', 'confirm', { date: 'Friday the 4th of December at 10:30 am' }],
    ['[DTMF: 1]', 'confirm', { date: 'Tuesday at 3 pm' }],
    ['Can I talk to a real person?', 'transfer_call', { reason: 'Can I talk to a real person?' }],
    ['Please never call me again.', 'opt_out', {}],
    ["Yes I am Ada, but don't call me any more.", 'opt_out', {}],
    ['Take me off your list.', 'opt_out', {}],
    ['Not now. Call me tomorrow at 10, please.', 'schedule_callback', { when: 'tomorrow at 10' }],
    ['Could you call back in an hour?', 'schedule_callback', { when: 'in an hour' }],
    ['Goodbye.', 'end_call', { farewell: 'Thank you for your time. Goodbye.' }],
  ])('%s → %s', (said, name, args) => {
    expect(called(said)).toEqual([[name, args]]);
  });

  it.each([
    ['No, that does not work for me.', /another time/],
    ["It doesn't suit me.", /another time/],
    ['Are you a robot?', /AI assistant\. Does that still suit you\?$/],
    ['What is this about?', /about the appointment on Tuesday at 3 pm/],
    ['Sorry, could you repeat that?', /^Does that still suit you\?$/],
    ['Hello?', /^Does that still suit you\?$/],
    ['My parrot likes crackers.', /other words|repeat/],
    ['', /could not hear/],
    ['\uFFFD\uFFFD', /could not hear/],
  ])('%s is answered and nothing is called', (said, expected) => {
    expect(answer(said).say).toMatch(expected);
    expect(called(said)).toEqual([]);
  });

  it('leaves an answering machine alone', () => {
    expect(answer('You have reached Ada. Please leave a message after the beep.')).toEqual({ calls: [] });
  });

  it('says before a transfer that it will connect', () => {
    expect(answer('Give me a human!').say).toBe('One moment, I will connect you.');
  });

  it('does without tools that it was not given', () => {
    expect(answer('I want to talk to a person.', [])).toMatchObject({ say: expect.stringMatching(/cannot connect/), calls: [] });
    expect(answer('Yes.', [])).toMatchObject({ say: expect.stringMatching(/^Thank you, that is noted/), calls: [] });
    expect(answer('Goodbye.', [])).toMatchObject({ say: expect.stringMatching(/Goodbye/), calls: [] });
  });

  it('chooses among the developer’s tools by name, and takes the first one otherwise', () => {
    expect(answer('Yes.', [tool('look_up'), tool('book_slot')]).calls).toMatchObject([{ name: 'book_slot' }]);
    expect(answer('Yes.', [...ALL.slice(0, 4), tool('note', { note: text })]).calls).toEqual([
      { name: 'note', arguments: { note: 'Yes.' } },
    ]);
    expect(answer('No.', [tool('confirm'), tool('reschedule')]).calls).toMatchObject([{ name: 'reschedule' }]);
  });
});

describe('what it makes of the conversation', () => {
  const call: BrainTurn = { role: 'call', callId: 'c1', name: 'confirm', arguments: '{}' };

  it('greets at the beginning only', () => {
    expect(think([]).say).toMatch(/^Hello Ada/);
    expect(think([GREETING]).say).toBe('Are you still there?');
  });

  it('goes on with a history that was told as text: no second greeting, no second confirmation', () => {
    const history = [GREETING, user('Yes.'), assistant('Thank you, that is confirmed. Is there anything else I can do for you?')];
    expect(think([...history, user('No, thanks.')]).calls).toMatchObject([{ name: 'end_call' }]);
    expect(think([...history, user('Yes, it suits me.')]).say).toBe('What else can I do for you?');
    expect(think([...history, assistant('Fine.'), user('Yes, it suits me.')]).say).toMatch(/settled already/);
  });

  it('takes “no” for the end only when it has asked whether there is more', () => {
    expect(think([assistant('Is there anything else I can do for you?'), user('No.')]).calls).toMatchObject([{ name: 'end_call' }]);
    expect(think([assistant('Is there anything else I can do for you?'), user('Perfect, thanks. Bye.')]).calls).toMatchObject([
      { name: 'end_call' },
    ]);
    expect(think([GREETING, user('No.')]).calls).toEqual([]);
    expect(think([GREETING, user('Yes, perfect. Bye.')]).calls).toMatchObject([{ name: 'confirm' }]);
  });

  it('tells what came of a tool', () => {
    const afterTool = (name: string, output: string) =>
      think([GREETING, user('x'), { role: 'call', callId: 'c1', name, arguments: '{}' }, { role: 'result', callId: 'c1', output }]);
    expect(afterTool('confirm', '{"ok":true}').say).toMatch(/confirmed/);
    expect(afterTool('confirm', '{"error":"timed out"}').say).toMatch(/did not work/);
    expect(afterTool('transfer_call', '{"error":"no answer"}').say).toMatch(/nobody can take the call/);
    expect(afterTool('schedule_callback', 'Noted.').calls).toMatchObject([{ name: 'end_call' }]);
    expect(afterTool('end_call', 'Bye.')).toEqual({ calls: [] });
  });

  it('takes a tool’s answer in words too, as after a reconnection', () => {
    const told: BrainTurn = { role: 'system', text: 'Result of the tool you called: {"ok":true}' };
    expect(think([GREETING, user('Yes.'), call, told]).say).toMatch(/confirmed/);
  });

  it('answers words that came after the tool’s answer', () => {
    const turns = [
      GREETING,
      user('Yes.'),
      call,
      { role: 'result', callId: 'c1', output: '{"ok":true}' } as BrainTurn,
      user('Are you a robot?'),
    ];
    expect(think(turns).say).toMatch(/AI assistant/);
  });

  it('asks again only what was heard', () => {
    expect(think([{ role: 'assistant', text: 'Hi Ada, your app', cut: true }, user('Pardon?')]).say).toBe('How can I help you?');
  });
});

describe('an order for one response', () => {
  it.each([
    [`${INSTRUCTIONS}\n\nSay exactly the following text and nothing else:\n\nGood night: bye.`, 'Good night: bye.'],
    ['Say the following in the language "de", and nothing else:\n\nHallo.', 'Hallo.'],
    ['Greet with "Welcome back!" now.', 'Welcome back!'],
    [`${INSTRUCTIONS}\n\nNobody took the call.`, 'I am sorry, nobody can take the call at the moment. Can I help you otherwise?'],
    ['Ask whether the caller is still there.', 'Are you still there?'],
    [INSTRUCTIONS, 'I am an AI assistant. Does that still suit you?'],
  ])('%j', (order, expected) => {
    expect(think([GREETING, user('Are you a robot?')], { order }).say).toBe(expected);
  });

  it('to go on after an interruption answers what was asked last', () => {
    const order = `${INSTRUCTIONS}\n\nThe line was interrupted for a moment and is back.`;
    expect(think([GREETING, user('Are you a robot?')], { order }).say).toMatch(/^Sorry, the line was interrupted; I am back\. I am an AI/);
    expect(think([GREETING], { order }).say).toMatch(/I am back\. Does that still suit you\?$/);
  });
});

describe('the rules of a scenario', () => {
  it('come first, once if they say so, and only with their tool', () => {
    const brain = new Brain(
      parseBrainRules([
        { when: 'parrot', once: true, say: 'A parrot!' },
        { when: 'parrot', needsTool: 'sell', say: 'We have a shop.' },
      ]),
    );
    const context = { instructions: '', tools: ALL, turns: [GREETING, user('My PARROT')] };
    expect(brain.think(context).say).toBe('A parrot!');
    expect(brain.think(context).say).toMatch(/other words|repeat/);
    expect(brain.think({ ...context, tools: [tool('sell')] }).say).toBe('We have a shop.');
  });

  it('call a tool and say what comes then', () => {
    const brain = new Brain(
      parseBrainRules([{ when: 'DTMF: 5', say: 'Wait.', call: { tool: 'confirm', args: { date: 'Friday' } }, thenSay: 'Done.' }]),
    );
    const turns: BrainTurn[] = [GREETING, user('[DTMF: 5]')];
    const context = { instructions: '', tools: ALL };
    expect(brain.think({ ...context, turns })).toEqual({ say: 'Wait.', calls: [{ name: 'confirm', arguments: { date: 'Friday' } }] });
    brain.called('confirm', 'c9');
    turns.push({ role: 'call', callId: 'c9', name: 'confirm', arguments: '{}' }, { role: 'result', callId: 'c9', output: '{}' });
    expect(brain.think({ ...context, turns }).say).toBe('Done.');
  });

  it.each([
    [[{ when: '(', say: 'x' }], /0\.when/],
    [[{ when: 'x' }], /says or calls/],
    [[{ when: 'x', say: 'y', unless: 'z' }], /unless/],
    ['yes', /brain/],
  ])('are refused when they cannot be read: %j', (section, message) => {
    try {
      parseBrainRules(section);
      throw new Error('was read');
    } catch (error) {
      expect(isPatterError(error, 'PATTER_CONFIG_INVALID')).toBe(true);
      expect((error as Error).message).toMatch(message);
    }
  });
});
