/** The agent of a test session: a model or the developer's `onMessage`, with the tools and guardrails that it has on the phone. */
import { randomUUID } from 'node:crypto';
import type { AgentSpec } from '../../contracts/agent';
import type { CallSetup, TranscriptTurn } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import { type LlmSpec, llmSchema } from '../../contracts/providers';
import type { AgentCode } from '../../media-gateway/agent-code';
import { Guardrails } from '../../media-gateway/guardrails/guardrails';
import { sessionInstructions } from '../../media-gateway/session/instructions';
import { type BuiltInCall, builtInTools } from '../../media-gateway/tools/built-in';
import { ToolRunner } from '../../media-gateway/tools/tool-runner';
import type { ChatMessage, ChatModel } from '../../providers/llm/chat';
import { openChatModel } from '../../providers/llm/open-chat';
import type { Config } from '../../runtime/config';
import { GuardedFetch, mayReachPrivate } from '../../runtime/guarded-fetch';
import { ArgumentSchemas } from '../../runtime/json-schema';
import type { Logger } from '../../runtime/log';

/** As many rounds of tools as one answer may take: a model that calls for ever is stopped. */
const MOST_ROUNDS = 8;
/** Milliseconds until the model has answered. */
const ANSWER_MS = 60_000;

export interface TextAgentOptions {
  setup: CallSetup;
  code: AgentCode;
  config: Config;
  /** What a built-in tool does, and what the model is told of it. */
  builtIn(call: BuiltInCall): string;
  history(): readonly TranscriptTurn[];
  /** A tool has run. */
  tool(name: string, args: string, output: string): void;
  clock: Clock;
  log: Logger;
}

export class TextAgent {
  readonly #model: ChatModel;
  readonly #messages: ChatMessage[];
  readonly #tools: ToolRunner;
  readonly #guardrails: Guardrails;
  readonly #fetch: GuardedFetch;

  constructor(private readonly options: TextAgentOptions) {
    const { setup, code, config, clock, log } = options;
    this.#model = openChatModel(llmOf(setup.agent), { config, clock, log });
    this.#messages = [{ role: 'system', text: sessionInstructions(setup) }];
    this.#fetch = new GuardedFetch({ allowPrivate: mayReachPrivate(config) });
    this.#guardrails = new Guardrails(setup, code, clock, log);
    this.#guardrails.listen({ blocked: () => undefined }, options.history);
    this.#tools = new ToolRunner({
      // There is no workflow here that could run them: durable ones are called like the others.
      setup: { ...setup, agent: { ...setup.agent, tools: setup.agent.tools.map((tool) => ({ ...tool, durable: false })) } },
      ...{ clock, log, code },
      fetch: this.#fetch,
      schemas: new ArgumentSchemas(),
      builtIn: (call) => options.builtIn(call),
      history: options.history,
    });
  }

  /** What the agent has said by other means: the first message. */
  said(text: string): void {
    this.#messages.push({ role: 'assistant', text });
  }

  /** @throws PatterError PATTER_PROVIDER_FAILED */
  async answer(text: string): Promise<string> {
    this.#messages.push({ role: 'user', text });
    const { setup } = this.options;
    const tools = [...setup.agent.tools, ...builtInTools(setup)];
    const words: string[] = [];
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const signal = AbortSignal.timeout(ANSWER_MS);
      let said = '';
      const calls: { id: string; name: string; arguments: string }[] = [];
      for await (const delta of this.#model.answer({ messages: this.#messages, tools, signal })) {
        if (delta.kind === 'text') said += delta.text;
        else if (delta.kind === 'tool_call') calls.push({ id: delta.id || randomUUID(), name: delta.name, arguments: delta.arguments });
      }
      const passed = await this.judged(said.trim());
      if (passed !== '') words.push(passed);
      if (calls.length === 0) {
        this.#messages.push({ role: 'assistant', text: passed });
        break;
      }
      this.#messages.push({ role: 'assistant', toolCalls: calls, ...(passed !== '' && { text: passed }) });
      for (const call of calls) {
        const { output } = await this.#tools.run({ toolCallId: call.id, name: call.name, arguments: call.arguments });
        this.options.tool(call.name, call.arguments, output);
        this.#messages.push({ role: 'tool', toolCallId: call.id, text: output });
      }
    }
    return words.join(' ');
  }

  /** What may be said of a text: it, or what stands in its place. */
  async judged(text: string): Promise<string> {
    if (text === '' || this.#guardrails.none) return text;
    const rule = this.#guardrails.term(text) ?? (this.#guardrails.hasChecks ? await this.#guardrails.judge(text) : undefined);
    return rule ? rule.replacement : text;
  }

  dispose(): void {
    this.#tools.dispose();
    this.#guardrails.dispose();
    this.#fetch.close();
  }
}

/** A pipeline's own model; a voice model cannot write, so a text model of the same vendor stands in for it. */
function llmOf({ engine }: AgentSpec): LlmSpec {
  return engine.type === 'pipeline' ? engine.llm : llmSchema.parse({ provider: 'openai' });
}
