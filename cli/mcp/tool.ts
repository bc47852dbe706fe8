/** One tool as the server offers it. */
import { z } from 'zod';
import type { McpContext } from './context';

export interface ToolRun {
  readonly signal: AbortSignal;
  /** Tells a client that wants to know. Never rejects. */
  progress(message: string): Promise<void>;
}

export interface ToolDefinition {
  name: string;
  title: string;
  description: string;
  /** Changes nothing. */
  readOnly: boolean;
  input: z.ZodRawShape;
  /** @throws PatterError: told to the model */
  run(ctx: McpContext, input: unknown, run: ToolRun): Promise<unknown>;
}

/** Knows the types of its arguments, which a list of tools does not. */
export function defineTool<Shape extends z.ZodRawShape>(tool: {
  name: string;
  title: string;
  description: string;
  readOnly?: boolean;
  input: Shape;
  run(ctx: McpContext, input: z.output<z.ZodObject<Shape>>, run: ToolRun): Promise<unknown>;
}): ToolDefinition {
  const { input, run } = tool;
  const schema = z.strictObject(input);
  return { readOnly: false, ...tool, run: (ctx, given, about) => run(ctx, schema.parse(given) as z.output<z.ZodObject<Shape>>, about) };
}

export const PREVIEW_TEXT =
  'Unless the server has a list of numbers that may be called, the first answer only shows what would happen: show it to the user, and ask again with the same arguments and confirm: true.';
