import { createHash } from 'node:crypto';
import type { McpServerSpec } from '../../../contracts/tool';
import { McpConnection, type McpTool } from './connection';

/** Tools change with a server's deployments, not from call to call. */
const FRESH_MS = 60_000;
/** A call that begins takes a list as old as this, while a newer one is being fetched. */
const USABLE_MS = 600_000;
const MOST_KEPT = 200;

/** What the servers of all agents offer, kept for a short time. One for each gateway. */
export class McpServers {
  readonly #lists = new Map<string, { tools: readonly McpTool[]; at: number }>();
  readonly #fetching = new Map<string, Promise<readonly McpTool[]>>();

  /** What is known without asking. @param now monotonic milliseconds */
  known(server: McpServerSpec, now: number): readonly McpTool[] | undefined {
    const list = this.#lists.get(keyOf(server));
    return list && now - list.at < USABLE_MS ? list.tools : undefined;
  }

  /** Asks the server unless it was asked just now. @throws Error of the network or the server */
  async list(server: McpServerSpec, allowPrivate: boolean, now: number): Promise<readonly McpTool[]> {
    const key = keyOf(server);
    const list = this.#lists.get(key);
    if (list && now - list.at < FRESH_MS) return list.tools;
    let fetching = this.#fetching.get(key);
    if (!fetching) {
      fetching = this.#fetch(key, server, allowPrivate, now).finally(() => this.#fetching.delete(key));
      this.#fetching.set(key, fetching);
    }
    return await fetching;
  }

  async #fetch(key: string, server: McpServerSpec, allowPrivate: boolean, at: number): Promise<readonly McpTool[]> {
    const limits = { timeout: server.timeoutMs, signal: AbortSignal.timeout(server.timeoutMs) };
    const connection = await McpConnection.open(server, allowPrivate, limits);
    try {
      const tools = await connection.list(limits);
      this.#lists.delete(key);
      this.#lists.set(key, { tools, at });
      const [oldest] = this.#lists.keys();
      if (this.#lists.size > MOST_KEPT && oldest !== undefined) this.#lists.delete(oldest);
      return tools;
    } finally {
      connection.close();
    }
  }
}

/** Who shows other headers may be shown other tools. */
function keyOf({ url, headers }: McpServerSpec): string {
  return createHash('sha256')
    .update(JSON.stringify([url, headers]))
    .digest('hex');
}
