import { randomUUID } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import type { PipelineSpec } from '../../../../contracts/agent';
import type { CallSetup } from '../../../../contracts/call';
import type { Clock } from '../../../../contracts/clock';
import { isPatterError, PatterError } from '../../../../contracts/errors';
import type { ChatDelta } from '../../../../providers/llm/chat';
import type { GuardedFetch } from '../../../../runtime/guarded-fetch';
import { signedHeaders } from '../../../../runtime/webhook-signature';
import type { AgentRequest, PipelineAgent } from '../agent';
import { messageOf } from './message-agent';
import { ServerSentEvents } from './server-sent-events';

export type OnMessageSpec = NonNullable<PipelineSpec['onMessage']>;

/** An answer, or a part of one. */
const replySchema = z.looseObject({
  text: z.string().optional(),
  delta: z.string().optional(),
  tool: z.looseObject({ name: z.string(), arguments: z.record(z.string(), z.unknown()).default({}) }).optional(),
});

/** What nobody listens to is not read. */
const MOST_BYTES = 256_000;

/** One signed POST a turn. The answer is JSON, text as it comes, or server-sent events. */
export class WebhookAgent implements PipelineAgent {
  constructor(
    private readonly spec: OnMessageSpec,
    private readonly setup: CallSetup,
    private readonly deps: { fetch: Pick<GuardedFetch, 'stream' | 'close'>; clock: Clock },
  ) {}

  async *answer(request: AgentRequest): AsyncGenerator<ChatDelta> {
    const { url, secret, timeoutMs } = this.spec;
    const { clock, fetch } = this.deps;
    const body = JSON.stringify({ type: 'message', ...messageOf(this.setup, request) });
    const id = `${this.setup.callId}.${request.requestId}`;
    const stalled = new AbortController();
    const wait = () => clock.after(timeoutMs, () => stalled.abort(new Error(`gave nothing for ${timeoutMs} ms`)));
    let cancel = wait();
    const signal = AbortSignal.any([request.signal, stalled.signal]);
    try {
      const response = await fetch.stream({
        url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream, application/json, text/plain',
          'user-agent': 'patter',
          ...signedHeaders(id, clock.now(), body, secret),
        },
        body,
        signal,
      });
      if (response.status < 200 || response.status >= 300) throw new Error(`answered ${response.status}`);
      const read = reader(response.headers['content-type'] ?? '');
      const decoder = new StringDecoder('utf8');
      let bytes = 0;
      for await (const chunk of response.body) {
        cancel();
        cancel = wait();
        bytes += chunk.length;
        if (bytes > MOST_BYTES) throw new Error(`answered with more than ${MOST_BYTES} bytes`);
        yield* read.push(decoder.write(chunk));
      }
      signal.throwIfAborted();
      yield* read.end(decoder.end());
    } catch (cause) {
      request.signal.throwIfAborted();
      if (isPatterError(cause, 'PATTER_URL_FORBIDDEN')) throw cause;
      const reason: unknown = stalled.signal.aborted ? stalled.signal.reason : cause;
      const problem = reason instanceof Error ? reason.message : String(reason);
      // Paths and queries often hold credentials.
      throw new PatterError('PATTER_WEBHOOK_FAILED', `onMessage at ${new URL(url).host} ${problem}`, { cause });
    } finally {
      cancel();
    }
  }

  close(): void {
    this.deps.fetch.close();
  }
}

interface Reader {
  push(text: string): ChatDelta[];
  end(text: string): ChatDelta[];
}

function reader(contentType: string): Reader {
  if (/\bjson\b/i.test(contentType)) return jsonReader();
  if (/event-stream/i.test(contentType)) return eventReader();
  const words = (text: string): ChatDelta[] => (text === '' ? [] : [{ kind: 'text', text }]);
  return { push: words, end: words };
}

function jsonReader(): Reader {
  let all = '';
  return {
    push(text) {
      all += text;
      return [];
    },
    end(text) {
      all += text;
      return all.trim() === '' ? [] : deltasOf(JSON.parse(all));
    },
  };
}

/** Each event's data is a part of the text: JSON with `text` or `delta`, or the text itself. */
function eventReader(): Reader {
  const events = new ServerSentEvents();
  const deltas = (data: string[]) =>
    data.flatMap((each): ChatDelta[] => {
      if (each === '[DONE]') return [];
      const json = each.startsWith('{') ? parsed(each) : undefined;
      return json === undefined ? [{ kind: 'text', text: each }] : deltasOf(json);
    });
  return {
    push: (text) => deltas(events.push(text)),
    end: (text) => deltas([...events.push(text), ...events.end()]),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function deltasOf(reply: unknown): ChatDelta[] {
  if (typeof reply === 'string') return [{ kind: 'text', text: reply }];
  const result = replySchema.safeParse(reply);
  if (!result.success) throw new Error('answered with JSON that is no {"text": …}');
  const { text, delta, tool } = result.data;
  const words = text ?? delta;
  return [
    ...(words ? [{ kind: 'text', text: words } as const] : []),
    ...(tool
      ? [{ kind: 'tool_call', id: `call_${randomUUID()}`, name: tool.name, arguments: JSON.stringify(tool.arguments) } as const]
      : []),
  ];
}
