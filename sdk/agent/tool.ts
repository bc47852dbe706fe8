/** What the model may call: a function of this process, or a webhook. */
import { toolSchema } from '../../contracts/tool';
import { PatterTypeError, PatterValidationError } from '../errors';
import type { ToolFunction, ToolOptions } from '../options/agent';
import { checkNames } from '../options/check';

const NAMES = [
  'name',
  'description',
  'parameters',
  'handler',
  'webhookUrl',
  'secret',
  'timeoutMs',
  'durable',
] as const satisfies readonly (keyof ToolOptions)[];

/** Frozen. `new Tool({...})` and `tool({...})` are the same. */
export class Tool implements ToolOptions {
  /** Visible to the model. */
  readonly name: string;
  /** Visible to the model. */
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Record<string, unknown>;
  /** Called in this process. */
  readonly handler?: ToolFunction;
  /** Gets a POST with the arguments. */
  readonly webhookUrl?: string;
  /** Signs the requests of `webhookUrl`. */
  readonly secret?: string;
  /** Milliseconds for all tries together. */
  readonly timeoutMs: number;
  /** Runs as a step of the call's workflow. */
  readonly durable: boolean;

  /** @throws PatterValidationError unless there is exactly one of `handler` and `webhookUrl` */
  constructor(options: ToolOptions) {
    checkNames('tool()', options, NAMES);
    const { name, handler, webhookUrl } = options;
    const which = typeof name === 'string' && name !== '' ? `Tool "${name}"` : 'A tool';
    if (handler !== undefined && typeof handler !== 'function')
      throw new PatterTypeError('handler', `${which}: handler must be a function.`);
    if (handler === undefined && !webhookUrl) {
      throw new PatterValidationError('handler', `${which} needs a handler or a webhookUrl: give one of them.`);
    }
    if (handler !== undefined && webhookUrl) {
      throw new PatterValidationError('handler', `${which} has both a handler and a webhookUrl: give one of them.`);
    }
    const parsed = toolSchema.safeParse({ ...options, webhookUrl: webhookUrl || undefined, handler: handler ? true : undefined });
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new PatterValidationError(issue?.path.join('.') || 'tool', `${which}: ${issue?.path.join('.')}: ${issue?.message}.`);
    }
    this.name = parsed.data.name;
    this.description = parsed.data.description;
    this.parameters = parsed.data.parameters;
    if (handler) this.handler = handler;
    if (parsed.data.webhookUrl) this.webhookUrl = parsed.data.webhookUrl;
    if (parsed.data.secret) this.secret = parsed.data.secret;
    this.timeoutMs = parsed.data.timeoutMs;
    this.durable = parsed.data.durable;
    Object.freeze(this);
  }

  /** In snake_case; the handler as it is. */
  toDict(): Record<string, unknown> {
    const { name, description, parameters, handler, webhookUrl } = this;
    return { name, description, parameters, ...(handler ? { handler } : { webhook_url: webhookUrl }) };
  }
}

/** The same as `new Tool(options)`. @throws PatterValidationError unless there is exactly one of `handler` and `webhookUrl` */
export function tool(options: ToolOptions): Tool {
  return new Tool(options);
}
