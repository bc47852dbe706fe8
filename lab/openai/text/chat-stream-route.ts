import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LabServer } from '../../lab-server';
import { parseOrThrow } from '../api-error';
import type { ChatEntry } from '../ledger-entry';
import { answerChunks, type ChatModelMemory, chatStreamBody, readChat, toolsOf } from './chat-conversation';

/** Answers a streaming request as server-sent events, and stops as soon as the client hangs up. */
export function streamChat(lab: LabServer, memory: ChatModelMemory, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const body = parseOrThrow(chatStreamBody, request.body);
  const { instructions, order, turns } = readChat(body.messages);
  const brain = memory.brainFor(turns);
  const tools = toolsOf(body);
  const entry = lab.ledger.note<ChatEntry>('chat', {
    at: lab.clock.now(),
    model: body.model,
    messages: body.messages,
    tools: tools.map(({ name }) => name),
    said: '',
    toolCalls: [],
    status: 'open',
  });
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(new Error('the client has hung up')));
  const fault = lab.faults.take('provider_drop', { event: 'chat' });

  const events = async function* () {
    try {
      const chunks = answerChunks(body, brain.think({ instructions, order, tools, turns }), {
        clock: lab.clock,
        signal: gone.signal,
        called: (name, args, callId) => {
          memory.called(brain, name, callId);
          entry.toolCalls.push({ callId, name, arguments: args });
        },
      });
      for await (const chunk of chunks) {
        entry.said += chunk.choices[0]?.delta.content ?? '';
        yield `data: ${JSON.stringify(chunk)}\n\n`;
        if (fault && entry.said.length >= (fault.afterMs ?? 0)) {
          entry.status = 'dropped';
          reply.raw.destroy();
          return;
        }
      }
      entry.status = 'completed';
      yield 'data: [DONE]\n\n';
    } catch (error) {
      if (!gone.signal.aborted) throw error;
      entry.status = 'aborted';
    }
  };
  return reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-cache').send(Readable.from(events()));
}
