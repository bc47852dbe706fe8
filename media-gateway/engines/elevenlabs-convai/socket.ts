import type { ClientToolResult, ContextualUpdate, ConversationInitiation, Pong, UserActivity, UserMessage } from '@elevenlabs/types';
import { z } from 'zod';
import type { Clock } from '../../../contracts/clock';
import { socketUrl, VendorSocket } from '../../../providers/vendor-socket';
import { readServerEvent, type ServerEvent } from './server-event';

export type ClientEvent = ConversationInitiation | Pong | UserActivity | UserMessage | ContextualUpdate | ClientToolResult;

export interface ConvaiSocketOptions {
  agentId: string;
  apiKey: string | undefined;
  /** Without `/v1`; http or https. */
  baseUrl: string;
  clock: Clock;
}

export interface ConvaiSocketListener {
  open(): void;
  /** Pings are answered here and not told. */
  event(event: ServerEvent): void;
  /** An event of no known form; once for each type. */
  strange(type: string): void;
  /** Once, and not after `close()`. `code` is the socket's, undefined when it never opened. */
  closed(error: string, code: number | undefined): void;
}

const SIGNED_URL_TIMEOUT_MS = 4_000;
const MOST_STRANGE_TYPES = 20;
const signedUrlSchema = z.object({ signed_url: z.url({ protocol: /^wss?$/ }) });

/**
 * One conversation's WebSocket. Its address is asked for by REST with the key, so that the key never travels in a URL and agents that need authorisation
 * work; the address holds for one conversation, and is asked for again with every reconnection.
 */
export class ConvaiSocket {
  #socket: VendorSocket | undefined;
  #closed = false;
  readonly #abort = new AbortController();
  readonly #strange = new Set<string>();

  constructor(
    private readonly options: ConvaiSocketOptions,
    private readonly listener: ConvaiSocketListener,
  ) {
    void this.#open();
  }

  /** Dropped when the socket is not open. */
  send(event: ClientEvent): void {
    this.#socket?.send(JSON.stringify(event));
  }

  /** The only message without a type, fifty times a second: base64 has nothing to escape. */
  sendAudio(base64: string): void {
    this.#socket?.send(`{"user_audio_chunk":"${base64}"}`);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#abort.abort(new Error('not wanted any more'));
    this.#socket?.close();
  }

  /** Never rejects. */
  async #open(): Promise<void> {
    let url: string;
    try {
      url = await this.#signedUrl();
    } catch (error) {
      this.#end(reasonOf(error), undefined);
      return;
    }
    if (this.#closed) return;
    this.#socket = new VendorSocket(
      { url, headers: {}, clock: this.options.clock },
      {
        open: () => this.listener.open(),
        text: (text) => this.#message(text),
        closed: (error, code) => this.#end(error, code),
      },
    );
  }

  /** @throws Error whose message reads on after "ElevenLabs …" */
  async #signedUrl(): Promise<string> {
    const { agentId, apiKey, baseUrl, clock } = this.options;
    if (apiKey === undefined) throw new Error('needs a key: set ELEVENLABS_API_KEY');
    const late = new AbortController();
    const cancel = clock.after(SIGNED_URL_TIMEOUT_MS, () => late.abort(new Error('gave no address in time')));
    try {
      const url = new URL(socketUrl(baseUrl, '/v1/convai/conversation/get-signed-url', { agent_id: agentId }));
      url.protocol = new URL(baseUrl).protocol;
      const response = await fetch(url, {
        headers: { 'xi-api-key': apiKey },
        redirect: 'error',
        signal: AbortSignal.any([late.signal, this.#abort.signal]),
      });
      const body = await response.text();
      if (!response.ok) {
        throw new Error(`refused the agent ${agentId} with ${response.status}: ${body.slice(0, 300).replace(/\s+/g, ' ').trim()}`);
      }
      return signedUrlSchema.parse(JSON.parse(body)).signed_url;
    } catch (error) {
      if (error instanceof z.ZodError || error instanceof SyntaxError) throw new Error('gave an address that is none', { cause: error });
      throw error;
    } finally {
      cancel();
    }
  }

  #message(text: string): void {
    const read = readServerEvent(text);
    switch (read.kind) {
      case 'event':
        if (read.event.type === 'ping') this.send({ type: 'pong', event_id: read.event.ping_event.event_id });
        else this.listener.event(read.event);
        break;
      case 'unused':
        break;
      case 'strange':
        if (this.#strange.has(read.type) || this.#strange.size >= MOST_STRANGE_TYPES) return;
        this.#strange.add(read.type);
        this.listener.strange(read.type);
        break;
      case 'not_json':
        this.#socket?.close();
        this.#end('sent what is not JSON', undefined);
        break;
      default:
        read satisfies never;
    }
  }

  #end(error: string, code: number | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.listener.closed(error, code);
  }
}

/** What `fetch` rejects with says only that it failed; the reason is its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string } };
  return message === 'fetch failed' ? `could not be reached: ${cause?.message || message}` : String(message ?? error);
}
