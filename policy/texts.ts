/** Every text of an agent and its calls that may hold `{placeholders}`: filling and all checks go by this one list. */
import { OF_EVERY_INBOUND_CALL } from './custom-params';
import { fillTemplate, placeholdersIn, variableName } from './template';

/** What an agent says or is told. What an earlier version stored has none of the newer fields. */
export interface AgentTexts {
  readonly systemPrompt: string;
  readonly firstMessage?: string;
  readonly disclosure?: string;
  readonly guardrails?: readonly { readonly replacement: string }[];
  readonly turns?: {
    readonly idle?: { readonly prompts?: readonly string[]; readonly goodbye?: string };
    readonly fillers?: { readonly phrases?: readonly string[] };
  };
}

/** As a campaign's specification has them. */
export interface CallTexts {
  readonly agent: AgentTexts;
  readonly dialing?: { readonly voicemailMessage?: string; readonly answering?: { readonly screening?: string } };
  readonly recording?: { readonly consent?: string };
  readonly transfer?: { readonly whisper?: string };
}

export interface Text {
  /** Where it stands: `agent.turns.idle.prompts.0`. */
  readonly field: string;
  readonly text: string;
}

export interface Unfilled {
  /** In the spelling of templates: `first_name`. */
  readonly name: string;
  /** The first text that uses it. */
  readonly field: string;
}

/** The same agent with each of its texts as `change` returns it. */
export function changeTexts<Agent extends AgentTexts>(agent: Agent, change: (text: string, field: string) => string): Agent {
  const one = (text: string | undefined, field: string) => (text === undefined ? undefined : change(text, field));
  const each = (texts: readonly string[] | undefined, field: string) => texts?.map((text, index) => change(text, `${field}.${index}`));
  const { systemPrompt, firstMessage, disclosure, turns, guardrails } = agent;
  const { idle, fillers } = turns ?? {};
  const changed: AgentTexts = {
    systemPrompt: change(systemPrompt, 'systemPrompt'),
    ...(firstMessage !== undefined && { firstMessage: change(firstMessage, 'firstMessage') }),
    ...(disclosure !== undefined && { disclosure: change(disclosure, 'disclosure') }),
    ...(guardrails && {
      guardrails: guardrails.map((rule, index) => ({ ...rule, replacement: change(rule.replacement, `guardrails.${index}.replacement`) })),
    }),
    ...(turns && {
      turns: {
        ...turns,
        ...(idle && {
          idle: { ...idle, prompts: each(idle.prompts, 'turns.idle.prompts'), goodbye: one(idle.goodbye, 'turns.idle.goodbye') },
        }),
        ...(fillers && { fillers: { ...fillers, phrases: each(fillers.phrases, 'turns.fillers.phrases') } }),
      },
    }),
  };
  // Each field is of the type that it was of: more than the compiler can follow through the spreads.
  return { ...agent, ...changed } as Agent;
}

/** With the variables in the place of the placeholders. */
export function fillAgent<Agent extends AgentTexts>(agent: Agent, variables: Readonly<Record<string, string>>): Agent {
  return changeTexts(agent, (text) => fillTemplate(text, variables));
}

export function textsOf({ agent, dialing, recording, transfer }: CallTexts): Text[] {
  const texts: Text[] = [];
  const add = (text: string | undefined, field: string) => {
    texts.push({ field, text: text ?? '' });
    return text ?? '';
  };
  changeTexts(agent, (text, field) => add(text, `agent.${field}`));
  add(recording?.consent, 'recording.consent');
  add(dialing?.voicemailMessage, 'dialing.voicemailMessage');
  add(dialing?.answering?.screening, 'dialing.answering.screening');
  add(transfer?.whisper, 'transfer.whisper');
  return texts;
}

/**
 * The placeholders for which there is no value, each once. Those of every inbound call are none of them: an agent, or whom it may transfer to, is
 * written for both directions, and in a call that goes out they become nothing.
 * @param filled names for which there is one, in any spelling
 */
export function unfilledIn(spec: CallTexts, filled: Iterable<string>): Unfilled[] {
  const known = new Set([...OF_EVERY_INBOUND_CALL, ...[...filled].map(variableName)]);
  const found = new Map<string, string>();
  for (const { field, text } of textsOf(spec)) {
    for (const name of placeholdersIn(text)) if (!known.has(name) && !found.has(name)) found.set(name, field);
  }
  return [...found].map(([name, field]) => ({ name, field }));
}

/** `{date} (agent.systemPrompt), {nick} (agent.firstMessage)` */
export function shownUnfilled(unfilled: readonly Unfilled[]): string {
  return unfilled.map(({ name, field }) => `{${name}} (${field})`).join(', ');
}
