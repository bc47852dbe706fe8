/** The server over Streamable HTTP: a session for each client, for clients of this machine or with a token. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { PatterError } from '../../contracts/errors';
import { isOfThisMachine, sameSecret } from '../../control/access';
import type { Logger } from '../../runtime/log';
import { contextOf, type McpSettings } from './context';
import { createMcpServer } from './server';

export interface McpHttpOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Undefined: programs of this machine only. */
  token: string | undefined;
  version: string;
  log: Logger;
}

export interface RunningMcpHttp {
  readonly url: string;
  /** Ends all sessions. */
  stop(): Promise<void>;
}

const PATH = '/mcp';
const MOST_SESSIONS = 100;
const REQUEST_TIMEOUT_MS = 30_000;

/** @throws PatterError PATTER_CONFIG_INVALID for an address that others reach, without a token */
export async function serveMcpHttp(settings: McpSettings, options: McpHttpOptions): Promise<RunningMcpHttp> {
  const { host, log, port, token, version } = options;
  if (token === undefined && !/^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/.test(host)) {
    throw new PatterError('PATTER_CONFIG_INVALID', `Others reach ${host}: set PATTER_MCP_TOKEN, or listen on 127.0.0.1.`);
  }
  const sessions = new Map<string, StreamableHTTPServerTransport>();

  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        sessions.set(id, transport);
        const [oldest] = sessions;
        // A client that went without a word leaves its session behind.
        if (sessions.size > MOST_SESSIONS && oldest) void oldest[1].close();
      },
    });
    transport.onclose = () => void (transport.sessionId !== undefined && sessions.delete(transport.sessionId));
    await createMcpServer(contextOf(settings), version).connect(transport);
    return transport;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    if (new URL(request.url ?? '/', 'http://localhost').pathname !== PATH)
      return refuse(response, 404, 'Not found: the server is at /mcp.');
    if (!mayUse(request, token)) return refuse(response, 401, 'Send "Authorization: Bearer <PATTER_MCP_TOKEN>".');
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (id !== undefined && !known) return refuse(response, 404, 'The session is over: initialize again.');
    await (known ?? (await open())).handleRequest(request, response);
  };
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'a request failed');
      if (!response.headersSent) refuse(response, 500, 'internal error');
      else response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}${PATH}`,
    stop: () => {
      stopped ??= (async () => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        await Promise.allSettled([...sessions.values()].map((transport) => transport.close()));
        server.closeAllConnections();
        await closed;
      })();
      return stopped;
    },
  };
}

/** As the control API has it: a page in a browser, also by a name of its own for this machine, is no program of this machine. */
function mayUse(request: IncomingMessage, token: string | undefined): boolean {
  const { authorization, origin } = request.headers;
  if (token === undefined) return origin === undefined && isOfThisMachine(request);
  return authorization?.startsWith('Bearer ') === true && sameSecret(authorization.slice('Bearer '.length), token);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }));
}
