import type { CallSetup, ToolCallRecord } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { GuardedFetch } from '../../runtime/guarded-fetch';
import { type BuiltInCall, isBuiltInTool, parseBuiltInCall } from './built-in';
import { ToolMemory } from './tool-memory';
import { callWebhookTool, type ToolAnswer } from './webhook-tool';

export interface ToolRequest {
  toolCallId: string;
  name: string;
  /** JSON, as the model wrote it. */
  arguments: string;
}

/** Runs the tools of one call. Every request gets an answer, also one that is wrong, and a record. */
export class ToolRunner {
  readonly records: ToolCallRecord[] = [];
  readonly #abort = new AbortController();
  #pending = 0;

  /** @param builtIn does what the model asks of the call itself, and says what the model is told; an Error becomes an error text */
  constructor(
    private readonly setup: CallSetup,
    private readonly clock: Clock,
    private readonly fetch: Pick<GuardedFetch, 'send'>,
    private readonly builtIn: (call: BuiltInCall, toolCallId: string) => string | Promise<string>,
    private readonly memory: ToolMemory = new ToolMemory([], []),
    private readonly answered: () => void = () => undefined,
  ) {}

  get busy(): boolean {
    return this.#pending > 0;
  }

  /** Never rejects. */
  async run(request: ToolRequest): Promise<ToolAnswer> {
    const at = this.clock.now();
    const from = this.clock.monotonic();
    this.#pending++;
    try {
      const answer = await this.#answer(request).catch((error: unknown) => failure(error));
      const { toolCallId: id, name } = request;
      const durationMs = Math.round(this.clock.monotonic() - from);
      this.records.push({ id, name, arguments: request.arguments, result: answer.output, ok: answer.ok, durationMs, at });
      this.answered();
      return answer;
    } finally {
      this.#pending--;
    }
  }

  /** Ends what is still running: the call is over. */
  dispose(): void {
    this.#abort.abort(new Error('the call has ended'));
  }

  async #answer({ toolCallId, name, arguments: text }: ToolRequest): Promise<ToolAnswer> {
    let args: unknown;
    try {
      args = JSON.parse(text || '{}');
    } catch {
      if (!isBuiltInTool(name)) return failure(new Error('The arguments are not JSON. Call the tool again.'));
    }
    if (isBuiltInTool(name)) {
      const output = await this.builtIn(parseBuiltInCall(name, args), toolCallId);
      // Who has pressed a key listens.
      return { output, ok: true, ...(name === 'send_digits' && { listen: true }) };
    }
    const tool = this.setup.agent.tools.find((candidate) => candidate.name === name);
    if (!tool) return failure(new Error(`There is no tool named ${name}.`));
    const before = this.memory.answerOf(name, text);
    if (before) return { output: before.result, ok: before.ok };
    if (tool.webhookUrl === undefined) return failure(new Error(`The tool ${name} is not available.`));
    return await callWebhookTool(
      { ...tool, webhookUrl: tool.webhookUrl },
      { toolCallId: this.memory.keyOf(name, text), arguments: args },
      this.setup,
      { fetch: this.fetch, clock: this.clock },
      this.#abort.signal,
    );
  }
}

function failure(error: unknown): ToolAnswer {
  return { output: JSON.stringify({ error: error instanceof Error ? error.message : String(error) }), ok: false };
}
