/** One session with a server of the Model Context Protocol. The protocol is the vendor package's; every request goes through the guarded fetch. */
import { Readable } from 'node:stream';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { McpServerSpec } from '../../../contracts/tool';
import { GuardedFetch } from '../../../runtime/guarded-fetch';
import { MOST_CHARACTERS, type ToolAnswer } from '../../../runtime/webhook-tool';

/** A tool as its server describes it. */
export interface McpTool {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
}

/** Of one answer, also of one that is a stream of events. */
const MOST_BYTES = 4_000_000;
const MOST_PAGES = 10;
/** The end of a session, which nobody waits for. */
const GOODBYE_MS = 1_000;
const NO_BODY = new Set([204, 205, 304]);

interface Limits {
  /** Milliseconds. */
  timeout: number;
  signal: AbortSignal;
}

export class McpConnection {
  private constructor(
    private readonly client: Client,
    private readonly fetch: GuardedFetch,
    /** Tells the server that the session is over. */
    private readonly endSession: () => Promise<void>,
  ) {}

  /**
   * Streamable HTTP first, then the older SSE, as the protocol's page on compatibility has it.
   * @throws PatterError PATTER_URL_FORBIDDEN; Error of the network or the server
   */
  static async open(server: McpServerSpec, allowPrivate: boolean, limits: Limits): Promise<McpConnection> {
    const sdk = loadSdk();
    const fetch = new GuardedFetch({ allowPrivate });
    const options = { fetch: guarded(fetch), requestInit: { headers: server.headers }, reconnectionOptions: NO_RECONNECTION };
    const url = new URL(server.url);
    const connect = async (transport: Transport, endSession: () => Promise<void>) => {
      const client = new sdk.Client({ name: 'patter', version: '1' });
      try {
        await client.connect(transport, limits);
      } catch (error) {
        await client.close().catch(() => undefined);
        throw error;
      }
      return { client, endSession };
    };
    try {
      const streamable = new sdk.StreamableHTTPClientTransport(url, options);
      const { client, endSession } = await connect(streamable, () => streamable.terminateSession()).catch((error: unknown) => {
        if (!speaksOnlySse(error)) throw error;
        return connect(new sdk.SSEClientTransport(url, options), async () => undefined);
      });
      // What breaks between two requests is found out by the next one.
      client.onerror = () => undefined;
      return new McpConnection(client, fetch, endSession);
    } catch (error) {
      fetch.close();
      throw error;
    }
  }

  async list(limits: Limits): Promise<McpTool[]> {
    const found: McpTool[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const { tools, nextCursor } = await this.client.listTools(cursor === undefined ? {} : { cursor }, limits);
      found.push(...tools.map(({ name, description = '', inputSchema }) => ({ name, description, parameters: { ...inputSchema } })));
      cursor = nextCursor;
      if (cursor === undefined) break;
    }
    return found;
  }

  /** @throws Error where there was no answer; what the tool itself says is wrong is an answer */
  async call(name: string, args: Record<string, unknown>, limits: Limits): Promise<ToolAnswer> {
    const result = await this.client.callTool({ name, arguments: args }, undefined, limits);
    return { output: textOf(result).slice(0, MOST_CHARACTERS) || '{}', ok: result.isError !== true };
  }

  close(): void {
    this.endSession()
      .catch(() => undefined)
      .then(() => this.client.close())
      .catch(() => undefined)
      .finally(() => this.fetch.close());
  }
}

const NO_RECONNECTION = { maxReconnectionDelay: 1_000, initialReconnectionDelay: 1_000, reconnectionDelayGrowFactor: 1, maxRetries: 0 };

/** An older server answers the new protocol's POST with 4xx. */
function speaksOnlySse(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'number' && code >= 400 && code < 500 && code !== 401 && code !== 403;
}

function textOf(result: Awaited<ReturnType<Client['callTool']>>): string {
  const parts = (Array.isArray(result.content) ? result.content : []) as { type: string; text?: string }[];
  const texts = parts.map((part) => (part.type === 'text' ? (part.text ?? '') : `[${part.type}]`));
  if (texts.length > 0) return texts.join('\n');
  return result.structuredContent === undefined ? '' : JSON.stringify(result.structuredContent);
}

/** `fetch` as the package calls it. Redirects are answers: nobody is sent the headers whom the developer did not name. */
function guarded(fetch: GuardedFetch): (url: string | URL, init?: RequestInit) => Promise<Response> {
  return async (url, init = {}) => {
    const { status, headers, body } = await fetch.stream({
      url: String(url),
      method: (init.method ?? 'GET') as 'GET' | 'POST' | 'DELETE',
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(typeof init.body === 'string' && { body: init.body }),
      signal: init.method === 'DELETE' ? AbortSignal.timeout(GOODBYE_MS) : (init.signal ?? new AbortController().signal),
    });
    const answered = new Headers();
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) answered.set(name, [value].flat().join(', '));
    const stream = Readable.toWeb(Readable.from(limited(body))) as ReadableStream;
    if (!NO_BODY.has(status)) return new Response(stream, { status, headers: answered });
    await stream.cancel();
    return new Response(null, { status, headers: answered });
  };
}

async function* limited(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error(`the answer has more than ${MOST_BYTES} bytes`);
    yield chunk;
  }
}

interface Sdk {
  Client: typeof import('@modelcontextprotocol/sdk/client/index.js').Client;
  StreamableHTTPClientTransport: typeof import('@modelcontextprotocol/sdk/client/streamableHttp.js').StreamableHTTPClientTransport;
  SSEClientTransport: typeof import('@modelcontextprotocol/sdk/client/sse.js').SSEClientTransport;
}

/** Loaded only where an agent names a server: the package brings 68 others. */
function loadSdk(): Sdk {
  return {
    ...require('@modelcontextprotocol/sdk/client/index.js'),
    ...require('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    ...require('@modelcontextprotocol/sdk/client/sse.js'),
  };
}
