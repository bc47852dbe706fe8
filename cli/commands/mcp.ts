/** `patter mcp`, `patter-mcp`: phone calls as tools for AI assistants. */
import type { Command } from 'commander';
import { systemClock } from '../../contracts/clock';
import { loadConfig } from '../../runtime/config';
import { createLogger } from '../../runtime/log';
import { environment } from '../../sdk/options/environment';
import { readPort } from './role';

interface Options {
  http?: boolean;
  host: string;
  port: number;
}

export function register(program: Command): void {
  program
    .command('mcp')
    .description('serve phone calls and campaigns as tools of the Model Context Protocol, on stdin and stdout')
    .option('--http', 'over HTTP (Streamable HTTP, at /mcp) instead')
    .option('--host <address>', 'with --http: address to listen on; any other than this machine’s own needs PATTER_MCP_TOKEN', '127.0.0.1')
    .option('--port <port>', 'with --http: port to listen on; 0 takes a free one', readPort, 8095)
    .addHelpText(
      'after',
      `
Calls go through the backend of PATTER_API_KEY and PATTER_REST_URL, else through the stack of this machine (\`patter dev\`). Nobody is called without
a confirmation, unless PATTER_MCP_ALLOWED_NUMBERS has the number. See docs/mcp.md.`,
    )
    .action(async ({ host, http, port }: Options) => {
      const config = loadConfig();
      const log = createLogger('mcp', config.PATTER_LOG_LEVEL === 'info' ? 'warn' : config.PATTER_LOG_LEVEL);
      // Loaded here: no other command pays for the protocol.
      const { contextOf, mcpSettings } = lazily<typeof import('../mcp/context')>('../mcp/context');
      const settings = mcpSettings(config, environment(), systemClock, log);
      const version = program.version() ?? 'unknown';
      if (http) {
        const { serveMcpHttp } = lazily<typeof import('../mcp/http')>('../mcp/http');
        const server = await serveMcpHttp(settings, { host, port, token: config.PATTER_MCP_TOKEN, version, log });
        process.stderr.write(`Listening at ${server.url}. Ctrl-C stops.\n`);
        await told(['SIGINT', 'SIGTERM']);
        await server.stop();
        return;
      }
      const { createMcpServer } = lazily<typeof import('../mcp/server')>('../mcp/server');
      const { StdioServerTransport } = lazily<typeof import('@modelcontextprotocol/sdk/server/stdio.js')>(
        '@modelcontextprotocol/sdk/server/stdio.js',
      );
      const server = createMcpServer(contextOf(settings), version);
      await server.connect(new StdioServerTransport());
      // A client that is gone closes our input.
      await Promise.race([told(['SIGINT', 'SIGTERM']), new Promise<void>((resolve) => process.stdin.once('end', resolve))]);
      await server.close();
    });
}

function told(signals: readonly NodeJS.Signals[]): Promise<void> {
  return new Promise((resolve) => {
    for (const name of signals) process.once(name, () => resolve());
  });
}

function lazily<Module>(path: string): Module {
  return require(path) as Module;
}
