/** A server of the Model Context Protocol, by the protocol's own package, in this process. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolRequestSchema, type CallToolResult, ListToolsRequestSchema, type Tool } from '@modelcontextprotocol/sdk/types.js';

export interface TestMcpServer {
  readonly url: string;
  readonly lists: number;
  readonly calls: readonly { name: string; arguments: unknown }[];
  readonly headers: readonly IncomingHttpHeaders[];
  /** Requests that end a session. */
  readonly ended: number;
  stop(): Promise<void>;
}

export async function startMcpServer(
  tools: Tool[],
  answer: (name: string, args: unknown) => CallToolResult | Promise<CallToolResult>,
  { transport = 'http' }: { transport?: 'http' | 'sse' } = {},
): Promise<TestMcpServer> {
  const calls: { name: string; arguments: unknown }[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const seen = { lists: 0, ended: 0 };
  const streams = new Map<string, SSEServerTransport>();
  const serve = async (over: Transport) => {
    const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, () => {
      seen.lists++;
      return { tools };
    });
    server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
      calls.push({ name: params.name, arguments: params.arguments });
      return answer(params.name, params.arguments);
    });
    await server.connect(over);
  };
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const onHttp = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'DELETE') seen.ended++;
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (known) return known.handleRequest(request, response);
    const session = `s${sessions.size + 1}`;
    const over = new StreamableHTTPServerTransport({ sessionIdGenerator: () => session });
    sessions.set(session, over);
    await serve(over);
    await over.handleRequest(request, response);
  };
  const onSse = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'GET') {
      const over = new SSEServerTransport('/messages', response);
      streams.set(over.sessionId, over);
      return serve(over);
    }
    const stream = streams.get(url.searchParams.get('sessionId') ?? '');
    if (stream) return stream.handlePostMessage(request, response);
    response.writeHead(405).end();
  };
  const server = createServer((request, response) => {
    headers.push(request.headers);
    void (transport === 'http' ? onHttp : onSse)(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    calls,
    headers,
    get lists() {
      return seen.lists;
    },
    get ended() {
      return seen.ended;
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
