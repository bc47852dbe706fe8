/**
 * getpatter: AI agents on phone numbers, where every call is a durable workflow.
 *
 *     const phone = new Patter({ carrier: new Twilio(), phoneNumber: '+1…', webhookUrl: 'example.ngrok.app' });
 *     const agent = phone.agent({ systemPrompt: 'You are …', firstMessage: 'Hello!' });
 *     await phone.serve({ agent });
 *     const call = await phone.call({ to: '+1…' });
 *     console.log((await call.result()).outcome);
 */
export type { AnsweredBy, Outcome } from '../contracts/outcomes';
export type { AgentHooks } from '../media-gateway/agent-code';
export type { AudioHooks, BackgroundSource } from '../media-gateway/audio/audio-hooks';
export type { CallerFilter } from '../media-gateway/audio/noise-suppressor';
export type { HookContext, PipelineHooks } from '../media-gateway/engines/pipeline/hooks';
export type { ChatMessage } from '../providers/llm/chat';
export { Agent, type AgentFields } from './agent/agent';
export { Guardrail, guardrail } from './agent/guardrail';
export { Tool, tool } from './agent/tool';
export type {
  Campaign,
  CampaignEdit,
  CampaignHandle,
  CampaignProgress,
  CampaignReport,
  CampaignStart,
  CampaignState,
} from './campaign/campaign';
export type { CampaignEntry } from './campaign/list';
export type { CampaignContacts, CampaignOptions } from './campaign/options';
export type { RunBy } from './campaign/work-place';
export { type ErrorCode, isPatterError, PatterConnectionError, PatterError, PatterTypeError, PatterValidationError } from './errors';
export { EmbeddedServer, type EmbeddedServerOptions } from './local/embedded-server';
export type { AgentOptions, AgentProvider, GuardrailFunction, GuardrailOptions, ToolFunction, ToolOptions } from './options/agent';
export type { CallOptions } from './options/call';
export { CallControl, type CallControlParts } from './options/call-control';
export type { Answer, Callback, Callbacks, MessageFunction, MessageHandler } from './options/callbacks';
export type { ConnectOptions } from './options/connect';
export type {
  CloudOptions,
  CommonOptions,
  LocalConfigFields,
  LocalOptions,
  PatterOptions,
  PriceEntry,
  Pricing,
} from './options/constructor';
export type {
  CallDirection,
  CallEndEvent,
  CallEvent,
  CallParties,
  CallStartEvent,
  HistoryEntry,
  IncomingMessage,
  MachineDetectionResult,
  MetricsEvent,
  ToolContext,
  TranscriptEvent,
} from './options/events';
export type { CallHandle, CallResult, CallStatus, CallUpdate } from './options/handle';
export { LocalConfig } from './options/local-config';
export type { CallMetrics, CostBreakdown, LatencyBreakdown, TurnMetrics } from './options/metrics';
export type { ServeOptions, ServeSettings, TestOptions, TransferOptions } from './options/serve';
export type { BothSpellings } from './options/spellings';
export type { BuiltInTunnel, OpenTunnel, Tunnel, TunnelOption } from './options/tunnel';
export { Patter } from './patter';
export { PatterTool, type PatterToolArguments, type PatterToolOptions, type PatterToolResult } from './patter-tool/patter-tool';
export { Telnyx, type TelnyxOptions, Twilio, type TwilioOptions } from './providers/carriers';
export {
  ElevenLabsConvAI,
  type ElevenLabsConvAIOptions,
  OpenAIRealtime,
  type OpenAIRealtimeOptions,
  type OpenAIRealtimeVad,
} from './providers/engines';
export { OpenAILLM, type OpenAILLMOptions } from './providers/llm';
export { DeepgramSTT, type DeepgramSTTOptions, OpenAISTT, type OpenAISTTOptions, WhisperSTT } from './providers/stt';
export { ElevenLabsTTS, type ElevenLabsTTSOptions, OpenAITTS, type OpenAITTSOptions } from './providers/tts';
export { CloudflareTunnel, Ngrok, type NgrokOptions, StaticTunnel } from './providers/tunnels';
export {
  LLMConfig,
  type LLMConfigFields,
  STTConfig,
  type STTConfigFields,
  TTSConfig,
  type TTSConfigFields,
} from './providers/voice-configs';
export type { ScheduledCall, ScheduledCampaign, ScheduleOptions } from './schedule/options';
export type { ScheduleHandle, ScheduleInfo } from './schedule/schedule';
