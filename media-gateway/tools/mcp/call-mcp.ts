import type { Clock } from '../../../contracts/clock';
import { MCP_SEPARATOR, type McpServerSpec } from '../../../contracts/tool';
import type { Logger } from '../../../runtime/log';
import type { ToolAnswer } from '../../../runtime/webhook-tool';
import type { EngineTool } from '../../engines/engine';
import { McpConnection, type McpTool } from './connection';
import type { McpServers } from './mcp-servers';

/** More than that no model takes, together with the agent's own. */
const MOST_TOOLS = 64;
const MOST_DESCRIPTION = 1_024;

export interface McpToolHandle {
  parameters: Record<string, unknown>;
  /** Never rejects; has an answer by the server's deadline. */
  call(args: Record<string, unknown>, signal: AbortSignal): Promise<ToolAnswer>;
}

/** The MCP servers of one call: their tools from the moment they are known, and a session with each that is used. */
export class CallMcp {
  readonly #tools = new Map<string, { server: McpServerSpec; tool: McpTool }>();
  readonly #sessions = new Map<string, Promise<McpConnection>>();
  readonly #abort = new AbortController();
  #changed: (() => void) | undefined;

  constructor(
    servers: readonly McpServerSpec[],
    private readonly shared: McpServers,
    private readonly deps: { allowPrivate: boolean; clock: Clock; log: Logger },
  ) {
    for (const server of servers) this.#learn(server);
  }

  /** What the model may call now. */
  get tools(): EngineTool[] {
    return [...this.#tools].map(([name, { tool }]) => ({
      name,
      description: tool.description.slice(0, MOST_DESCRIPTION),
      parameters: tool.parameters,
    }));
  }

  /** There are other tools than before: a server has answered that was not known. */
  onChanged(changed: () => void): void {
    this.#changed = changed;
  }

  find(name: string): McpToolHandle | undefined {
    const found = this.#tools.get(name);
    return found && { parameters: found.tool.parameters, call: (args, signal) => this.#call(name, found, args, signal) };
  }

  dispose(): void {
    this.#changed = undefined;
    this.#abort.abort(new Error('the call has ended'));
    for (const session of this.#sessions.values()) void session.then((connection) => connection.close()).catch(() => undefined);
    this.#sessions.clear();
  }

  #learn(server: McpServerSpec): void {
    const { allowPrivate, clock } = this.deps;
    const now = clock.monotonic();
    const known = this.shared.known(server, now);
    if (known) this.#take(server, known);
    // A server that is away costs the call its tools and nothing else.
    this.shared.list(server, allowPrivate, now).then(
      (tools) => {
        if (this.#abort.signal.aborted || tools === known) return;
        this.#take(server, tools);
        this.#changed?.();
      },
      (error: unknown) =>
        this.deps.log.warn({ err: error, server: server.name }, 'an MCP server did not tell its tools; the call goes on without'),
    );
  }

  #take(server: McpServerSpec, tools: readonly McpTool[]): void {
    for (const [name, found] of this.#tools) if (found.server === server) this.#tools.delete(name);
    for (const tool of tools) {
      if (server.tools && !server.tools.includes(tool.name)) continue;
      const name = `${server.name}${MCP_SEPARATOR}${tool.name}`.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64);
      if (this.#tools.has(name) || this.#tools.size >= MOST_TOOLS) {
        this.deps.log.warn(
          { server: server.name, tool: tool.name },
          'a tool of an MCP server is left out: there are too many, or two of one name',
        );
        continue;
      }
      this.#tools.set(name, { server, tool });
    }
  }

  async #call(
    name: string,
    { server, tool }: { server: McpServerSpec; tool: McpTool },
    args: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<ToolAnswer> {
    const { timeoutMs: timeout } = server;
    const deadline = new AbortController();
    const late = new Error(`no answer within ${timeout} ms`);
    const cancel = this.deps.clock.after(timeout, () => deadline.abort(late));
    const limits = { timeout, signal: AbortSignal.any([signal, this.#abort.signal, deadline.signal]) };
    try {
      const session = await this.#session(server, limits);
      return await session.call(tool.name, args, limits);
    } catch (error) {
      // Whatever became of it, the next call begins a session of its own.
      this.#drop(server);
      const reason = deadline.signal.aborted ? late.message : error instanceof Error ? error.message : String(error);
      this.deps.log.warn({ err: error, server: server.name, tool: tool.name }, 'a tool of an MCP server failed');
      return { output: JSON.stringify({ error: `The tool ${name} failed: ${reason.slice(0, 1_000)}` }), ok: false };
    } finally {
      cancel();
    }
  }

  #session(server: McpServerSpec, limits: { timeout: number; signal: AbortSignal }): Promise<McpConnection> {
    let session = this.#sessions.get(server.name);
    if (!session) {
      session = McpConnection.open(server, this.deps.allowPrivate, limits);
      this.#sessions.set(server.name, session);
    }
    return session;
  }

  #drop(server: McpServerSpec): void {
    const session = this.#sessions.get(server.name);
    this.#sessions.delete(server.name);
    void session?.then((connection) => connection.close()).catch(() => undefined);
  }
}
