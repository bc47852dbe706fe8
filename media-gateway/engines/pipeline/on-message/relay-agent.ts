import { randomUUID } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import type { CallSetup } from '../../../../contracts/call';
import { type Clock, sleep } from '../../../../contracts/clock';
import { PatterError } from '../../../../contracts/errors';
import { SDK_RELAY_PATH, type SdkRelayRequest } from '../../../../contracts/sdk-protocol';
import type { ChatDelta } from '../../../../providers/llm/chat';
import { signCommand } from '../../../../runtime/command-auth';
import type { Config } from '../../../../runtime/config';
import { secretKey } from '../../../../runtime/secret-key';
import type { AgentRequest, PipelineAgent } from '../agent';
import { messageOf } from './message-agent';
import { ServerSentEvents } from './server-sent-events';
import type { OnMessageSpec } from './webhook-agent';

const ASK_AGAIN_MS = 200;

const eventSchema = z.looseObject({
  delta: z.string().optional(),
  endCall: z.boolean().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});

/**
 * Answers of a connected program (`connect()`), through the control API. The request goes to our own process and is signed as commands are; it is sent
 * again with the same id while nothing has come of it, so that a control process may be restarted in between.
 */
export class RelayAgent implements PipelineAgent {
  readonly #http = new Agent({ keepAlive: true });
  /** Which of the control processes is asked. */
  #failures = 0;

  constructor(
    private readonly spec: Pick<OnMessageSpec, 'timeoutMs'>,
    private readonly setup: CallSetup,
    private readonly deps: {
      config: Pick<Config, 'PATTER_CONTROL_URL' | 'PATTER_CONTROL_HOST' | 'PATTER_CONTROL_PORT' | 'PATTER_SECRET_KEY' | 'PATTER_HOME'>;
      clock: Clock;
    },
  ) {}

  async *answer(request: AgentRequest): AsyncGenerator<ChatDelta> {
    const { clock } = this.deps;
    const { setup } = this;
    const giveUpAt = clock.monotonic() + this.spec.timeoutMs;
    const message = messageOf(setup, request);
    let said = false;
    for (;;) {
      const body: SdkRelayRequest = {
        id: `${setup.callId}.${request.requestId}`,
        tenantId: setup.tenantId,
        number: message.callee,
        carrier: setup.carrier,
        timeoutMs: Math.max(1, Math.round(giveUpAt - clock.monotonic())),
        message,
      };
      try {
        for await (const delta of this.#ask(JSON.stringify(body), request.signal, giveUpAt)) {
          said = true;
          yield delta;
        }
        return;
      } catch (cause) {
        request.signal.throwIfAborted();
        const known = cause instanceof PatterError;
        // Another control process, where there are several: each brings a message to its program, and knows who has it already.
        if (!known) this.#failures++;
        if (known || said || clock.monotonic() + ASK_AGAIN_MS >= giveUpAt) {
          if (known) throw cause;
          throw new PatterError('PATTER_CLIENT_NOT_CONNECTED', `The agent behind connect() gave no answer: ${(cause as Error).message}`, {
            cause,
          });
        }
      }
      await sleep(clock, ASK_AGAIN_MS, request.signal);
    }
  }

  close(): void {
    this.#http.destroy();
  }

  async *#ask(body: string, signal: AbortSignal, giveUpAt: number): AsyncGenerator<ChatDelta> {
    const { clock, config } = this.deps;
    const { PATTER_CONTROL_HOST: host, PATTER_CONTROL_PORT: port } = config;
    const bases = config.PATTER_CONTROL_URL?.split(',') ?? [`http://${host.includes(':') ? `[${host}]` : host}:${port}`];
    const url = new URL(`${bases[this.#failures % bases.length]}${SDK_RELAY_PATH}`);
    const headers = signCommand({ path: SDK_RELAY_PATH, body }, await secretKey(config), clock.now());
    const late = new AbortController();
    const cancel = clock.after(Math.max(0, giveUpAt - clock.monotonic()), () => late.abort(new Error('it gave nothing in time')));
    try {
      const response = await this.#post(url, body, headers, AbortSignal.any([signal, late.signal]));
      if (response.statusCode !== 200) {
        response.resume();
        const refused = response.statusCode !== undefined && response.statusCode < 500;
        // The same request is refused again; a process that starts is not ready yet.
        if (refused) throw new PatterError('PATTER_CLIENT_NOT_CONNECTED', `The control API refused the message (${response.statusCode}).`);
        throw new Error(`the control API answered ${response.statusCode}`);
      }
      const events = new ServerSentEvents();
      const decoder = new StringDecoder('utf8');
      for await (const chunk of response) {
        for (const data of events.push(decoder.write(chunk as Buffer))) {
          if (data === '[DONE]') return;
          const { delta, endCall, error } = eventSchema.parse(JSON.parse(data));
          if (error) throw new PatterError('PATTER_CLIENT_NOT_CONNECTED', error.message);
          if (endCall) yield { kind: 'tool_call', id: `call_${randomUUID()}`, name: 'end_call', arguments: '{}' };
          if (!delta) continue;
          // From now on it is spoken, and takes as long as it takes.
          cancel();
          yield { kind: 'text', text: delta };
        }
      }
      throw new Error('the control API broke off');
    } finally {
      cancel();
    }
  }

  #post(url: URL, body: string, headers: Record<string, string>, signal: AbortSignal): Promise<import('node:http').IncomingMessage> {
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const options = {
        method: 'POST',
        signal,
        headers: { ...headers, 'content-type': 'application/json', accept: 'text/event-stream', 'content-length': Buffer.byteLength(body) },
      };
      const sent = secure ? httpsRequest(url, options, resolve) : httpRequest(url, { ...options, agent: this.#http }, resolve);
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
