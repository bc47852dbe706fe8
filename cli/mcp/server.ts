/** The tools as a server of the Model Context Protocol, by the protocol's own package. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { isPatterError } from '../../contracts/errors';
import { CALL_TOOLS } from './call-tools';
import { CAMPAIGN_TOOLS } from './campaign-tools';
import type { McpContext } from './context';
import type { ToolDefinition } from './tool';

const INSTRUCTIONS =
  'Phone calls by AI agents. make_call and start_campaign make real phones ring: unless the server has a list of numbers that may be called, they first answer with a preview that the user has to confirm. get_call with waitFor "end" follows a call.';

export function createMcpServer(ctx: McpContext, version: string): McpServer {
  const server = new McpServer({ name: 'patter', title: 'Patter', version }, { instructions: INSTRUCTIONS });
  for (const tool of [...CALL_TOOLS, ...CAMPAIGN_TOOLS]) addTool(server, ctx, tool);
  return server;
}

function addTool(server: McpServer, ctx: McpContext, tool: ToolDefinition): void {
  const { description, input, name, readOnly, title } = tool;
  const annotations = { title, readOnlyHint: readOnly, destructiveHint: !readOnly, openWorldHint: !readOnly };
  server.registerTool(name, { title, description, inputSchema: input, annotations }, async (args, extra): Promise<CallToolResult> => {
    const token = extra._meta?.progressToken;
    let steps = 0;
    const progress = async (message: string) => {
      if (token === undefined) return;
      const params = { progressToken: token, progress: ++steps, message };
      await extra.sendNotification({ method: 'notifications/progress', params }).catch(() => undefined);
    };
    try {
      return textOf(await tool.run(ctx, args, { signal: extra.signal, progress }));
    } catch (error) {
      if (!isPatterError(error)) {
        ctx.log.error({ err: error, tool: name }, 'a tool failed');
        return { ...textOf({ error: 'PATTER_UNEXPECTED', message: 'The server failed; its log has the reason.' }), isError: true };
      }
      return { ...textOf({ error: error.code, message: error.message }), isError: true };
    }
  });
}

function textOf(value: unknown): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value, null, 2) }] };
}
