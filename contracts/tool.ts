/** Tools of an agent: where a call of the model goes. */
import { z } from 'zod';

export const toolSchema = z
  .strictObject({
    /** Visible to the model; unique within the agent and none of the built-in names. */
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'a tool name has 1 to 64 letters, digits, _ or -'),
    description: z.string().default(''),
    /** JSON Schema of the arguments: draft 7 or 2020-12. What the model writes is checked against it before anything is called. */
    parameters: z.record(z.string(), z.unknown()).default({ type: 'object', properties: {} }),
    /** POST target. The body is `{tool, arguments, callId, campaignId, contactId, variables}`; the answer goes to the model. */
    webhookUrl: z.url().optional(),
    /** `whsec_…`: signs every request of `webhookUrl`, as Standard Webhooks has it. */
    secret: z.string().startsWith('whsec_').optional(),
    /** A function of the developer's process: `AgentCode.tools`, found through `AgentSpec.code`. */
    handler: z.literal(true).optional(),
    /**
     * Carried out by the call's workflow, so that it happens once although gateway and worker die while it runs. Costs some tens of milliseconds a call;
     * for what must not happen twice, such as a booking.
     */
    durable: z.boolean().default(false),
    /** Milliseconds for all tries together; the model always gets an answer by then. */
    timeoutMs: z.number().int().min(100).max(60_000).default(10_000),
  })
  .superRefine((tool, ctx) => {
    if ((tool.webhookUrl === undefined) === (tool.handler === undefined)) {
      ctx.addIssue({ code: 'custom', path: ['webhookUrl'], message: 'a tool has exactly one of webhookUrl and handler' });
    }
    if (tool.secret !== undefined && tool.webhookUrl === undefined) {
      ctx.addIssue({ code: 'custom', path: ['secret'], message: 'only the requests of a webhookUrl are signed' });
    }
  });
export type ToolSpec = z.infer<typeof toolSchema>;

/** Between a server's name and its tool's in what the model sees. */
export const MCP_SEPARATOR = '__';

/** A server of the Model Context Protocol, over streamable HTTP or, where it only has that, SSE. The model sees its tools as `<name>__<tool>`. */
export const mcpServerSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9-]+(_[a-zA-Z0-9-]+)*$/, 'an MCP server is named by letters, digits, - and single _')
    .max(32),
  url: z.url({ protocol: /^https?$/ }),
  /** Sent with every request, such as `authorization`. Kept where the agent is kept: give the key no more rights than its tools need. */
  headers: z.record(z.string().regex(/^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$/, 'not the name of an HTTP header'), z.string()).default({}),
  /** Those the model may call, by their names at the server. Absent: all of them. */
  tools: z.array(z.string().min(1)).min(1).optional(),
  /** Milliseconds for one call; also for the list of tools when a call begins. */
  timeoutMs: z.number().int().min(100).max(60_000).default(10_000),
});
export type McpServerSpec = z.infer<typeof mcpServerSchema>;
