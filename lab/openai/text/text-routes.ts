/** POST /v1/responses and /v1/chat/completions: reads a transcript in the input; summarises it, or fills a JSON schema from it. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { LabServer } from '../../lab-server';
import { ApiError, parseOrThrow } from '../api-error';
import type { BrainRule } from '../brain/brain-rules';
import { newId } from '../ids';
import type { TextEntry } from '../ledger-entry';
import { textTokens } from '../tokens';
import { ChatModelMemory } from './chat-conversation';
import { streamChat } from './chat-stream-route';
import { extract, type JsonSchema } from './extraction';
import { checkStrict } from './strict-schema';
import { summaryOf } from './summary';
import { readTranscript } from './transcript';

const content = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]);
const jsonSchema = {
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
  schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().nullish(),
  description: z.string().optional(),
};

const responsesBody = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.looseObject({ role: z.string().optional(), content: content.optional() }))]),
  instructions: z.string().nullish(),
  stream: z.literal(false).nullish(),
  text: z
    .looseObject({
      format: z
        .discriminatedUnion('type', [
          z.looseObject({ type: z.literal('text') }),
          z.looseObject({ type: z.literal('json_object') }),
          z.strictObject({ type: z.literal('json_schema'), ...jsonSchema }),
        ])
        .optional(),
    })
    .optional(),
});

const chatBody = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: content.nullish() })).min(1),
  stream: z.literal(false).nullish(),
  response_format: z
    .discriminatedUnion('type', [
      z.looseObject({ type: z.literal('text') }),
      z.looseObject({ type: z.literal('json_object') }),
      z.strictObject({ type: z.literal('json_schema'), json_schema: z.strictObject(jsonSchema) }),
    ])
    .optional(),
});

interface Format {
  name: string;
  schema: JsonSchema;
  strict?: boolean | null;
}

export function registerText(lab: LabServer, app: FastifyInstance, rules: readonly BrainRule[]): void {
  let memory = new ChatModelMemory(rules);
  lab.onReset(() => {
    memory = new ChatModelMemory(rules);
  });
  app.post('/v1/responses', (request) => {
    failOnDemand(lab, 'responses');
    const body = parseOrThrow(responsesBody, request.body);
    const format = body.text?.format;
    const input = typeof body.input === 'string' ? body.input : body.input.map((item) => flatten(item.content)).join('\n');
    const schema = format?.type === 'json_schema' ? format : undefined;
    if (schema?.strict) checkStrict(schema.name, schema.schema, 'text.format.schema');
    const text = answer(lab, 'responses', body.model, input, schema);
    const inputTokens = textTokens(`${body.instructions ?? ''}${input}${schema ? JSON.stringify(schema.schema) : ''}`);
    return {
      id: newId('resp'),
      object: 'response',
      created_at: Math.floor(lab.clock.now() / 1000),
      status: 'completed',
      error: null,
      incomplete_details: null,
      instructions: body.instructions ?? null,
      metadata: {},
      model: body.model,
      output: [
        {
          type: 'message',
          id: newId('msg'),
          status: 'completed',
          role: 'assistant',
          content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
        },
      ],
      parallel_tool_calls: true,
      temperature: 1,
      tool_choice: 'auto',
      tools: [],
      top_p: 1,
      text: { format: format ?? { type: 'text' } },
      usage: {
        input_tokens: inputTokens,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: textTokens(text),
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: inputTokens + textTokens(text),
      },
    };
  });

  app.post('/v1/chat/completions', (request, reply) => {
    failOnDemand(lab, 'chat');
    if (isMute(lab, 'chat')) return untilGone(reply);
    if ((request.body as { stream?: unknown } | null)?.stream === true) return streamChat(lab, memory, request, reply);
    const body = parseOrThrow(chatBody, request.body);
    const schema = body.response_format?.type === 'json_schema' ? body.response_format.json_schema : undefined;
    if (schema?.strict) checkStrict(schema.name, schema.schema, 'response_format');
    const asked = body.messages.filter((message) => message.role !== 'system' && message.role !== 'developer');
    const text = answer(lab, 'chat.completions', body.model, asked.map((message) => flatten(message.content)).join('\n'), schema);
    const prompt = textTokens(JSON.stringify(body.messages));
    return {
      id: newId('chatcmpl'),
      object: 'chat.completion',
      created: Math.floor(lab.clock.now() / 1000),
      model: body.model,
      choices: [{ index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: 'stop' }],
      usage: {
        prompt_tokens: prompt,
        completion_tokens: textTokens(text),
        total_tokens: prompt + textTokens(text),
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
      },
    };
  });
}

/** The request is taken, and never answered. */
export function isMute(lab: LabServer, event: string): boolean {
  return lab.faults.take('provider_mute', { event }) !== undefined;
}

export function untilGone(reply: FastifyReply): Promise<void> {
  reply.hijack();
  return new Promise((resolve) => void reply.raw.once('close', () => resolve()));
}

export function failOnDemand(lab: LabServer, event: string): void {
  const fault = lab.faults.take('provider_error', { event });
  if (fault) throw new ApiError('server_error', 'The server had an error while processing your request.', null, fault.status);
}

function answer(lab: LabServer, api: TextEntry['api'], model: string, input: string, format: Format | undefined): string {
  const lines = readTranscript(input);
  const output = format ? JSON.stringify(extract(format.schema, lines)) : summaryOf(lines);
  lab.ledger.note('text', { at: lab.clock.now(), api, model, schema: format?.name, input, output } satisfies TextEntry);
  return output;
}

function flatten(value: z.output<typeof content> | null | undefined): string {
  if (typeof value === 'string') return value;
  return (value ?? []).map((part) => part.text ?? '').join('\n');
}
