/**
 * The simulated model: decides by rules what to say and which tool to call, from the instructions, the tools and the whole conversation.
 * What it does not read in the conversation it does not know, so a client that loses the history shows.
 */
import { BUILT_IN_TOOLS } from '../../../contracts/agent';
import type { FunctionTool } from '../realtime/session-config';
import { argumentsFor } from './arguments';
import { type BrainRule, callsOf, compile } from './brain-rules';
import { callbackTime, intentOf } from './intents';

export type BrainTurn =
  | { role: 'user' | 'assistant' | 'system'; text: string /** The caller did not hear the rest. */; cut?: boolean }
  | { role: 'call'; callId: string; name: string; arguments: string }
  | { role: 'result'; callId: string; output: string };

export interface BrainContext {
  instructions: string;
  /** Instructions of this response, in place of the session's; mostly those and some more. */
  order?: string;
  tools: readonly FunctionTool[];
  turns: readonly BrainTurn[];
}

export interface ToolCall {
  name: string;
  arguments: Record<string, unknown>;
}

export interface Thought {
  say?: string;
  calls: ToolCall[];
}

const SILENCE: Thought = { calls: [] };
const say = (text: string, ...calls: ToolCall[]): Thought => ({ say: text, calls });

const ANYTHING_ELSE = 'Is there anything else I can do for you?';
const NOBODY_FREE = 'I am sorry, nobody can take the call at the moment. Can I help you otherwise?';
const FAREWELL = 'Thank you for your time. Goodbye.';
const CLARIFY = [
  'Sorry, I did not quite get that. Could you say it in other words?',
  'I am afraid I did not understand. Could you repeat that, please?',
];

export class Brain {
  private readonly usedRules = new Set<BrainRule>();
  /** What to say when a tool has answered: by tool until its call has an id. */
  private readonly announced = new Map<string, string>();
  private readonly afterwards = new Map<string, string>();

  constructor(private readonly rules: readonly BrainRule[]) {}

  /** The call that a thought asked for has got its id. */
  called(name: string, callId: string): void {
    const text = this.announced.get(name);
    if (text === undefined) return;
    this.announced.delete(name);
    this.afterwards.set(callId, text);
  }

  think(context: BrainContext): Thought {
    const order = orderOf(context);
    const ordered = obey(order);
    if (ordered) return ordered;
    if (/\bcut your last message off\b/i.test(order)) return this.goOn(context);
    if (!/\b(are|is|you'?re|line is) back\b/i.test(order)) return this.answer(context);
    const { turns, instructions } = context;
    const answered = sinceLastReply(turns).some((turn) => turn.role === 'user') ? this.answer(context) : say(question(turns, instructions));
    return { ...answered, say: `Sorry, the line was interrupted; I am back. ${answered.say ?? ''}`.trim() };
  }

  /** What is left of the answer whose beginning stands last. */
  private goOn(context: BrainContext): Thought {
    const last = context.turns.findLastIndex((turn) => turn.role === 'assistant');
    const begun = context.turns[last];
    const whole = this.answer({ ...context, turns: context.turns.slice(0, Math.max(0, last)) });
    if (begun?.role !== 'assistant' || !whole.say?.startsWith(begun.text)) return whole;
    return { ...whole, say: whole.say.slice(begun.text.length).trim() };
  }

  private answer(context: BrainContext): Thought {
    const open = sinceLastReply(context.turns);
    const result = open.findLast((turn) => turn.role === 'result' || isToldResult(turn));
    const said = open
      .flatMap((turn) => (turn.role === 'user' ? turn.text : []))
      .join(' ')
      .trim();
    const heard = open.some((turn) => turn.role === 'user');
    if (result && !heard) return this.afterTool(result, context);
    const rule = this.rules.find((each) => this.fits(each, said, context));
    if (rule) return this.follow(rule);
    if (!heard) return opening(context);
    return reply(said, context);
  }

  private fits(rule: BrainRule, said: string, { tools }: BrainContext): boolean {
    if (rule.once && this.usedRules.has(rule)) return false;
    const needed = [rule.needsTool, ...callsOf(rule).map((call) => call.tool)];
    if (needed.some((name) => name !== undefined && !tools.some((tool) => tool.name === name))) return false;
    return compile(rule.when)?.test(said) ?? false;
  }

  private follow(rule: BrainRule): Thought {
    this.usedRules.add(rule);
    const calls = callsOf(rule);
    if (rule.thenSay !== undefined) for (const { tool } of calls) this.announced.set(tool, rule.thenSay);
    return { say: rule.say, calls: calls.map(({ args, tool }) => ({ name: tool, arguments: args })) };
  }

  private afterTool(turn: BrainTurn, context: BrainContext): Thought {
    const callId = turn.role === 'result' ? turn.callId : undefined;
    const announced = callId === undefined ? undefined : this.afterwards.get(callId);
    if (announced !== undefined) return say(announced);
    const call = context.turns.findLast((other) => other.role === 'call' && (callId === undefined || other.callId === callId));
    const name = call?.role === 'call' ? call.name : '';
    const output = turn.role === 'result' ? turn.output : 'text' in turn ? turn.text : '';
    if (failed(output)) {
      if (name === 'transfer_call') return say(NOBODY_FREE);
      return say(`I am sorry, that did not work. ${ANYTHING_ELSE}`);
    }
    switch (name) {
      case 'transfer_call':
      case 'end_call':
        return SILENCE;
      case 'opt_out':
        return withEnd('You will not be called again. Goodbye.', context);
      case 'schedule_callback':
        return withEnd('We will call you again then. Goodbye.', context);
      default:
        return say(`Thank you, that is confirmed. ${ANYTHING_ELSE}`);
    }
  }
}

/** What has come since the model last spoke or called something. */
function sinceLastReply(turns: readonly BrainTurn[]): BrainTurn[] {
  const last = turns.findLastIndex((turn) => turn.role === 'assistant' || turn.role === 'call');
  return turns.slice(last + 1);
}

/** After a reconnection a client can tell a tool's answer only in words. */
function isToldResult(turn: BrainTurn): boolean {
  return turn.role === 'system' && /\btool\b/i.test(turn.text);
}

function failed(output: string): boolean {
  return /"?(ok|success)"?\s*:\s*false|\b(error|failed|failure|nobody|no answer|unavailable|timed? ?out)\b/i.test(output);
}

/** What the instructions of this response add to the session's. */
function orderOf({ order = '', instructions }: BrainContext): string {
  // What a tool has answered is no order, whatever stands in quotation marks there.
  const text = order
    .trim()
    .replace(/^\[The tool [^\n]*\]$/gm, '')
    .trim();
  return instructions !== '' && text.startsWith(instructions.trim()) ? text.slice(instructions.trim().length).trim() : text;
}

/** An order to say something: a text that follows it, or words in quotation marks, are said as they are. */
function obey(order: string): Thought | undefined {
  const verbatim =
    /\bsay (?:exactly )?(?:the following|this)\b[^:]*:\s*([\s\S]+)$/i.exec(order)?.[1] ??
    /\bsay(?: exactly)?:\s*([\s\S]+)$/i.exec(order)?.[1];
  if (verbatim) return say(verbatim.trim());
  const quoted = /["“«]([^"”»]+)["”»]/.exec(order)?.[1];
  if (quoted) return say(quoted);
  if (/\b(nobody|no one|not answer|could not be reached|unavailable)\b/i.test(order)) return say(NOBODY_FREE);
  if (/\b(silent|silence|still there)\b/i.test(order)) return say('Are you still there?');
  if (/\b(goodbye|farewell)\b/i.test(order)) return say(FAREWELL);
  return undefined;
}

function opening({ turns, instructions }: BrainContext): Thought {
  const last = turns.findLast((turn) => turn.role === 'assistant');
  if (last && 'text' in last) {
    // Back on the line, and nobody has spoken since: the transfer came to nothing.
    return say(/\bconnect you\b/i.test(last.text) ? NOBODY_FREE : 'Are you still there?');
  }
  const name = /\b(?:call|calling) ([A-Z][\p{L}'-]+)/u.exec(instructions)?.[1];
  return say(`Hello${name ? ` ${name}` : ''}, how can I help you?`);
}

function reply(said: string, context: BrainContext): Thought {
  const { turns, tools, instructions } = context;
  const knowledge = { said, instructions };
  const lastReply = turns.findLast((turn) => turn.role === 'assistant');
  const lastWords = lastReply && 'text' in lastReply ? lastReply.text : '';
  const has = (name: string) => tools.find((tool) => tool.name === name);
  const call = (tool: FunctionTool): ToolCall => ({ name: tool.name, arguments: argumentsFor(tool.parameters, knowledge) });
  const askedForMore = /anything else/i.test(lastWords);
  switch (intentOf(said)) {
    case 'machine':
      return SILENCE;
    case 'opt_out': {
      const tool = has('opt_out');
      return tool ? { calls: [call(tool)] } : withEnd('I understand. You will not be called again. Goodbye.', context);
    }
    case 'person': {
      const tool = has('transfer_call');
      return tool
        ? say('One moment, I will connect you.', call(tool))
        : say(`I am sorry, I cannot connect you with a colleague. ${ANYTHING_ELSE}`);
    }
    case 'callback': {
      const tool = has('schedule_callback');
      return tool ? { calls: [call(tool)] } : withEnd(`We will try again ${callbackTime(said)}. Goodbye.`, context);
    }
    case 'wrong_person':
      return withEnd('I am sorry for the trouble. Goodbye.', context);
    case 'robot':
      return say(`I am an AI assistant. ${question(turns, instructions)}`);
    case 'who':
      return say(`I am an AI assistant. ${about(instructions)} ${question(turns, instructions)}`);
    case 'repeat':
      return say(question(turns, instructions));
    case 'yes':
      // "Great, thanks, bye" after all is said is no new consent.
      if (/\b(good ?)?bye\b/i.test(said) && askedForMore) return withEnd(FAREWELL, context);
      return askedForMore ? say('What else can I do for you?') : accept(context, call);
    case 'no': {
      if (askedForMore) return withEnd(FAREWELL, context);
      const tool = customTools(tools).find((each) => /cancel|declin|reject|reschedul/i.test(each.name));
      if (tool) return { calls: [call(tool)] };
      return say('I see. Would you like to be called again at another time, or shall I connect you with a colleague?');
    }
    case 'thanks':
    case 'goodbye':
      return withEnd(FAREWELL, context);
    case 'hello':
      return say(lastWords === '' ? 'Hello, how can I help you?' : question(turns, instructions));
    case 'unheard':
      return say('Sorry, I could not hear you. Could you say that again?');
    case 'unknown':
      return say(CLARIFY[turns.length % CLARIFY.length] as string);
  }
}

function accept({ turns, tools }: BrainContext, call: (tool: FunctionTool) => ToolCall): Thought {
  const custom = customTools(tools);
  const tool = custom.find((each) => /confirm|accept|book|rsvp/i.test(each.name)) ?? custom[0];
  const done = turns.some(
    (turn) =>
      (turn.role === 'call' && turn.name === tool?.name) || (turn.role === 'assistant' && /that is (confirmed|noted)/i.test(turn.text)),
  );
  if (done) return say(`That is settled already. ${ANYTHING_ELSE}`);
  return tool ? { calls: [call(tool)] } : say(`Thank you, that is noted. ${ANYTHING_ELSE}`);
}

function customTools(tools: readonly FunctionTool[]): FunctionTool[] {
  return tools.filter((tool) => !(BUILT_IN_TOOLS as readonly string[]).includes(tool.name));
}

/** Says goodbye and hangs up, where the agent can. */
function withEnd(text: string, { tools }: BrainContext): Thought {
  const tool = tools.find((each) => each.name === 'end_call');
  if (!tool) return say(text);
  const properties = Object.keys((tool.parameters?.properties ?? {}) as object);
  const farewell = properties.find((name) => /farewell|goodbye|message|say/i.test(name));
  if (farewell) return { calls: [{ name: tool.name, arguments: { [farewell]: text } }] };
  const knowledge = { said: 'The conversation is over.', instructions: '' };
  return say(text, { name: tool.name, arguments: argumentsFor(tool.parameters, knowledge) });
}

/** The last thing that was asked, to ask it again. */
function question(turns: readonly BrainTurn[], instructions: string): string {
  for (const turn of [...turns].reverse()) {
    if (turn.role !== 'assistant') continue;
    const asked = turn.text
      .match(/[^.!?]*\?/g)
      ?.at(-1)
      ?.trim();
    if (asked) return asked;
  }
  const task = /\bask (?:\w+ )?whether ([^.\n]+)/i.exec(instructions)?.[1];
  if (!task) return 'How can I help you?';
  return `May I ask whether ${task.replace(/\b(them|him|her|they|he|she)\b/gi, 'you')}?`;
}

function about(instructions: string): string {
  const sentence = /\byou call\b[^.\n]*\babout ([^.\n]+)/i.exec(instructions)?.[1];
  return sentence ? `I am calling about ${sentence}.` : 'I am calling on behalf of the office.';
}
