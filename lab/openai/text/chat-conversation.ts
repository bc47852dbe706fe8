/** POST /v1/chat/completions with `stream: true`: the same model as in Realtime, in a conversation that the client tells anew with every request. */
import type OpenAI from 'openai';
import { z } from 'zod';
import type { Clock } from '../../../contracts/clock';
import { sleep } from '../../../contracts/clock';
import { ApiError } from '../api-error';
import { Brain, type BrainTurn, type Thought } from '../brain/brain';
import { type BrainRule, callsOf } from '../brain/brain-rules';
import { newId } from '../ids';
import type { FunctionTool } from '../realtime/session-config';
import { textTokens } from '../tokens';

const text = z.union([z.string(), z.array(z.looseObject({ type: z.literal('text'), text: z.string() }))]);

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer']), content: text, name: z.string().optional() }),
  z.strictObject({ role: z.literal('user'), content: text, name: z.string().optional() }),
  z.strictObject({
    role: z.literal('assistant'),
    content: text.nullish(),
    refusal: z.string().nullish(),
    tool_calls: z
      .array(
        z.strictObject({
          id: z.string().min(1),
          type: z.literal('function'),
          function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
        }),
      )
      .min(1)
      .optional(),
  }),
  z.strictObject({ role: z.literal('tool'), content: text, tool_call_id: z.string() }),
]);

export const chatStreamBody = z.strictObject({
  model: z.string(),
  messages: z.array(message).min(1),
  stream: z.literal(true),
  stream_options: z.strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  max_tokens: z.number().int().positive().nullish(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({
          name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
          description: z.string().optional(),
          parameters: z.record(z.string(), z.unknown()).optional(),
          strict: z.boolean().nullish(),
        }),
      }),
    )
    .min(1)
    .optional(),
  tool_choice: z.enum(['none', 'auto', 'required']).optional(),
  parallel_tool_calls: z.boolean().optional(),
});

type Body = z.output<typeof chatStreamBody>;
type Chunk = OpenAI.ChatCompletionChunk;
type Choice = OpenAI.ChatCompletionChunk.Choice;

/** From the request to the first word, and between two. */
export const CHAT_TIMING = { thinkMs: 60, wordEveryMs: 5 } as const;

/** What the model remembers between requests: only which of its own tool calls it still has something to say about. */
export class ChatModelMemory {
  readonly #brains = new Map<string, Brain>();

  constructor(private readonly rules: readonly BrainRule[]) {}

  brainFor(turns: readonly BrainTurn[]): Brain {
    const answered = turns.findLast((turn) => turn.role === 'result');
    const known = answered?.role === 'result' ? this.#brains.get(answered.callId) : undefined;
    return known ?? new Brain(this.rules.filter((rule) => !rule.once || !hasFollowed(rule, turns)));
  }

  called(brain: Brain, name: string, callId: string): void {
    brain.called(name, callId);
    this.#brains.set(callId, brain);
  }
}

/** The turns of a request; what comes first of the system is the instructions, what comes last the order for this answer. */
export function readChat(messages: Body['messages']): { instructions: string; order: string | undefined; turns: BrainTurn[] } {
  checkTools(messages);
  const isSystem = (index: number) => ['system', 'developer'].includes(messages[index]?.role ?? '');
  let first = 0;
  while (isSystem(first)) first++;
  let last = messages.length;
  while (last > first && isSystem(last - 1)) last--;
  const said = (from: number, to?: number) => messages.slice(from, to).map((each) => flat(each.content));
  return {
    instructions: said(0, first).join('\n\n'),
    order: last < messages.length ? said(last).join('\n\n') : undefined,
    turns: messages.slice(first, last).flatMap((each): BrainTurn[] => {
      switch (each.role) {
        case 'tool':
          return [{ role: 'result', callId: each.tool_call_id, output: flat(each.content) }];
        case 'assistant': {
          const calls = (each.tool_calls ?? []).map(
            ({ id, function: { name, arguments: args } }): BrainTurn => ({ role: 'call', callId: id, name, arguments: args }),
          );
          return each.content ? [{ role: 'assistant', text: flat(each.content) }, ...calls] : calls;
        }
        case 'user':
          return [{ role: 'user', text: flat(each.content) }];
        default:
          return [{ role: 'system', text: flat(each.content) }];
      }
    }),
  };
}

/** The chunks of an answer, in their time. Ends early when `signal` is aborted. */
export async function* answerChunks(
  body: Body,
  thought: Thought,
  options: { clock: Clock; signal: AbortSignal; called(name: string, args: string, callId: string): void },
): AsyncGenerator<Chunk> {
  const { clock, signal } = options;
  const envelope = {
    id: newId('chatcmpl'),
    object: 'chat.completion.chunk',
    created: Math.floor(clock.now() / 1_000),
    model: body.model,
  } as const;
  const usage = body.stream_options?.include_usage ? { usage: null } : {};
  const chunk = (delta: Choice['delta'], finish: Choice['finish_reason'] = null): Chunk => ({
    ...envelope,
    ...usage,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  });
  await sleep(clock, CHAT_TIMING.thinkMs, signal);
  yield chunk({ role: 'assistant', content: thought.say ? '' : null, refusal: null });
  let written = '';
  for (const word of thought.say?.match(/\s*\S+|\s+$/g) ?? []) {
    written += word;
    yield chunk({ content: word });
    await sleep(clock, CHAT_TIMING.wordEveryMs, signal);
  }
  for (const [index, call] of thought.calls.entries()) {
    const id = newId('call');
    const args = JSON.stringify(call.arguments);
    written += args;
    yield chunk({ tool_calls: [{ index, id, type: 'function', function: { name: call.name, arguments: '' } }] });
    for (let at = 0; at < args.length; at += 8) yield chunk({ tool_calls: [{ index, function: { arguments: args.slice(at, at + 8) } }] });
    options.called(call.name, args, id);
  }
  yield chunk({}, thought.calls.length > 0 ? 'tool_calls' : 'stop');
  if (!body.stream_options?.include_usage) return;
  const prompt = textTokens(JSON.stringify(body.messages) + JSON.stringify(body.tools ?? ''));
  const completion = textTokens(written);
  yield {
    ...envelope,
    choices: [],
    usage: {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
    },
  };
}

export function toolsOf({ tools, tool_choice }: Body): FunctionTool[] {
  if (tool_choice === 'none') return [];
  return (tools ?? []).map(({ function: { name, description, parameters } }) => ({ type: 'function', name, description, parameters }));
}

/** Every call has its result right behind it, and no result stands without its call: the API refuses anything else. */
function checkTools(messages: Body['messages']): void {
  let open = new Set<string>();
  for (const [index, each] of messages.entries()) {
    if (each.role === 'tool') {
      if (open.delete(each.tool_call_id)) continue;
      throw new ApiError(
        null,
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
        `messages.[${index}].role`,
      );
    }
    if (open.size > 0) throw unanswered(open);
    open = new Set(each.role === 'assistant' ? each.tool_calls?.map(({ id }) => id) : []);
  }
  if (open.size > 0) throw unanswered(open);
}

function unanswered(ids: ReadonlySet<string>): ApiError {
  return new ApiError(
    null,
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...ids].join(', ')}`,
    'messages',
  );
}

function hasFollowed(rule: BrainRule, turns: readonly BrainTurn[]): boolean {
  return turns.some((turn) =>
    turn.role === 'call'
      ? callsOf(rule).some(({ tool }) => tool === turn.name)
      : turn.role === 'assistant' && rule.say !== undefined && rule.say.startsWith(turn.text),
  );
}

function flat(content: z.output<typeof text> | null | undefined): string {
  return typeof content === 'string' ? content : (content ?? []).map((part) => part.text).join('\n');
}
