import type { PipelineSpec } from '../../contracts/agent';
import type { CallSetup } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import { isSdkRelay } from '../../contracts/sdk-protocol';
import { openChatModel } from '../../providers/llm/open-chat';
import { openSpeechToText } from '../../providers/stt/open-stt';
import { openVoice } from '../../providers/tts/open-voice';
import type { Config } from '../../runtime/config';
import { GuardedFetch, mayReachPrivate } from '../../runtime/guarded-fetch';
import type { Logger } from '../../runtime/log';
import type { Guardrails } from '../guardrails/guardrails';
import { openTurnDetector } from '../turns/endpointing/open';
import type { SileroModels } from '../turns/endpointing/silero-model';
import { llmJudge } from '../turns/semantic/llm-judge';
import { ElevenLabsConvai } from './elevenlabs-convai';
import type { EngineFactory, EngineTool } from './engine';
import { OpenAiRealtime } from './openai-realtime';
import { Pipeline } from './pipeline';
import { ModelAgent, type PipelineAgent } from './pipeline/agent';
import { HookRunner, type PipelineHooks } from './pipeline/hooks';
import { FUNCTION_PATIENCE_MS, FunctionAgent } from './pipeline/on-message/message-agent';
import type { OnMessage } from './pipeline/on-message/on-message';
import { RelayAgent } from './pipeline/on-message/relay-agent';
import { SocketAgent } from './pipeline/on-message/socket-agent';
import { WebhookAgent } from './pipeline/on-message/webhook-agent';
import { recogniserOf, turnTimingOf } from './pipeline/recogniser';

/** A developer's code in this process that takes part in a pipeline. */
export interface PipelineParts {
  /** Instead of the model and of a webhook. */
  onMessage?: OnMessage;
  /** `whsec_…` of this process: signs what is asked of a webhook or socket whose specification has no secret. */
  webhookSecret?: string;
  hooks?: PipelineHooks;
}

export interface EngineDeps {
  config: Config;
  clock: Clock;
  log: Logger;
  /** The developer's code of this process. */
  code?: PipelineParts;
  /** A pipeline asks it before it speaks. */
  guardrails?: Guardrails;
  /** Models of voice detection that all calls share. */
  silero?: SileroModels;
}

/** How to open the engine of a call's agent, as often as it takes. */
export function openEngine(
  setup: CallSetup,
  session: { instructions: string; readonly tools: readonly EngineTool[] },
  deps: EngineDeps,
): EngineFactory {
  const { agent } = setup;
  const { engine } = agent;
  const { config, clock, log, silero } = deps;
  switch (engine.type) {
    case 'openai-realtime':
      return () =>
        new OpenAiRealtime({
          spec: engine,
          ...session,
          language: agent.language,
          apiKey: config.OPENAI_API_KEY,
          baseUrl: config.OPENAI_BASE_URL,
          endpointing: agent.turns.endpointing,
          silero,
          clock,
          log,
        });
    case 'pipeline':
      return () => openPipeline(engine, setup, session, deps);
    case 'elevenlabs-convai':
      return () =>
        new ElevenLabsConvai({
          spec: engine,
          instructions: session.instructions,
          language: agent.language,
          variables: setup.variables,
          greets: agent.firstMessage === '',
          apiKey: config.ELEVENLABS_API_KEY,
          baseUrl: config.ELEVENLABS_BASE_URL,
          clock,
          log,
        });
    default:
      return engine satisfies never;
  }
}

function openPipeline(
  spec: PipelineSpec,
  setup: CallSetup,
  session: { instructions: string; readonly tools: readonly EngineTool[] },
  { config, clock, log, code, silero, guardrails }: EngineDeps,
): Pipeline {
  const { language, turns } = setup.agent;
  const provider = { config, clock, log };
  const stt = recogniserOf(spec.stt, turns.preemptive);
  const { endpointing } = turns;
  const judgeModel = endpointing.type === 'provider' ? undefined : endpointing.judgeModel;
  const judge = judgeModel ? llmJudge(openChatModel({ ...spec.llm, model: judgeModel }, provider)) : undefined;
  return new Pipeline({
    spec,
    ...session,
    language,
    preemptive: turns.preemptive,
    patienceMs: code?.onMessage ? FUNCTION_PATIENCE_MS : spec.onMessage?.timeoutMs,
    openStt: () => openSpeechToText(stt, { language }, provider),
    openDetector: (known, listener) =>
      openTurnDetector(endpointing, {
        ...{ clock, log, language, listener, judge, silero },
        stt: { ...known, ...turnTimingOf(stt) },
        prepares: turns.preemptive,
      }),
    voice: openVoice(spec.tts, { language }, provider),
    agent: agentOf(spec, setup, { config, clock, log, code }),
    passes: guardrails && !guardrails.none ? (before, sentence) => guardrails.passes(before, sentence) : undefined,
    hooks: new HookRunner(code?.hooks ?? {}, { callId: setup.callId, language }, clock, log),
    clock,
    log,
  });
}

/** Who answers what the caller says. */
export function agentOf(spec: PipelineSpec, setup: CallSetup, { config, clock, log, code }: EngineDeps): PipelineAgent {
  if (code?.onMessage) return new FunctionAgent(setup, code.onMessage, clock);
  if (!spec.onMessage) return new ModelAgent(openChatModel(spec.llm, { config, clock, log }));
  if (isSdkRelay(spec.onMessage.url)) return new RelayAgent(spec.onMessage, setup, { config, clock });
  const fetch = new GuardedFetch({ allowPrivate: mayReachPrivate(config) });
  const asked = { ...spec.onMessage, secret: spec.onMessage.secret ?? code?.webhookSecret };
  return /^wss?:/i.test(asked.url) ? new SocketAgent(asked, setup, { fetch, clock }) : new WebhookAgent(asked, setup, { fetch, clock });
}
