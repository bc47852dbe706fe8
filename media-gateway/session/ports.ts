/**
 * The border between a socket and a conversation. `call-host.ts` owns the socket, the heartbeat and the hang-up;
 * a `CallSession` (./call-session.ts) owns the talk and knows no carrier, no Temporal and no HTTP server.
 */
import type {
  CallSetup,
  Checkpoint,
  ConversationReport,
  GatewayCommand,
  GatewayEvent,
  ToolCallRecord,
  TranscriptTurn,
  UsageLine,
} from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { RunToolRequest } from '../../contracts/durable-tool';
import type { Config } from '../../runtime/config';
import type { ArgumentSchemas } from '../../runtime/json-schema';
import type { Logger } from '../../runtime/log';
import type { AgentCode } from '../agent-code';
import type { BackgroundSounds } from '../audio/background';
import type { McpServers } from '../tools/mcp/mcp-servers';
import type { RunDurable } from '../tools/tool-runner';
import type { SileroModels } from '../turns/endpointing/silero-model';
import type { LineCache } from './line-cache';

/** The carrier's end of one media stream: µ-law, 8 kHz. */
export interface CarrierStream {
  readonly streamId: string;
  readonly carrierCallId: string;
  /** Raw µ-law, a whole number of 20 ms frames. */
  sendAudio(mulaw: Uint8Array): void;
  /** Comes back as `onMark` when all audio sent before has been played, or right after `clear`. */
  sendMark(name: string): void;
  /** Drops what the carrier has buffered. */
  clear(): void;
  close(): void;
}

/** Events for the workflow; the host adds ids and sequence numbers, and retries. */
type WithoutEnvelope<T> = T extends { kind: 'late_report' }
  ? never
  : T extends unknown
    ? Omit<T, 'gatewayId' | 'streamId' | 'sequence' | 'at'>
    : never;
export type SessionEvent = WithoutEnvelope<GatewayEvent>;

export interface CallSessionOptions {
  setup: CallSetup;
  /** Not empty: the call goes on; no disclosure, no greeting. */
  history: TranscriptTurn[];
  stream: CarrierStream;
  /** With a history: why the caller was away. Absent is `connection_lost`. */
  resume?: 'transfer_unanswered' | 'connection_lost' | 'handed_over' | 'machine' | 'digits_sent';
  /** With `digits_sent`. */
  digits?: { digits: string; sent: boolean };
  /** With a history: what tools have answered on earlier streams. */
  toolCalls?: readonly ToolCallRecord[];
  /** With a history: durable tools that are still under way. */
  openTools?: readonly RunToolRequest[];
  /** Asks the call's workflow to carry out a durable tool. Absent: they fail. */
  durable?: RunDurable;
  /** A turn or a tool's answer is complete: worth a checkpoint at once. */
  progressed?(): void;
  /** More turns are settled: all of the call from its beginning, without gaps, as they were heard. `usage` is this stream's until now. */
  settled?(turns: readonly TranscriptTurn[], usage: () => readonly UsageLine[]): void;
  /** From `prewarm`, when the phone rang on this gateway. */
  prewarmed?: Prewarmed;
  /** Audio of fixed lines, shared by the calls of a gateway; absent: of this call only. */
  lines?: LineCache;
  /** Models of voice detection, shared in the same way. */
  silero?: SileroModels;
  /** Background sounds, shared in the same way. */
  sounds?: BackgroundSounds;
  /** Schemas of tools, shared in the same way. */
  schemas?: ArgumentSchemas;
  /** What MCP servers offer, shared in the same way. */
  mcpServers?: McpServers;
  /** The developer's code of this process for this call's agent. */
  code?: AgentCode;
  emit(event: SessionEvent): void;
  config: Config;
  clock: Clock;
  /** By which audio is sent to the carrier, for all calls of a gateway at once; absent: `clock`, for each call by itself. */
  pace?: Clock;
  log: Logger;
}

/** An open provider socket and the first audio, made while the phone rings. */
export interface Prewarmed {
  /** Gives up what was opened, when nobody answered. */
  dispose(): void;
}

/** What the host drives. Implemented by `CallSession`. */
export interface Session {
  start(): void;
  /** 20 ms or any other length of µ-law from the caller. */
  onAudio(mulaw: Uint8Array): void;
  onMark(name: string): void;
  onDtmf(digit: string): void;
  /** The carrier's stream is gone, with or without `stop`. */
  onStreamClosed(): void;
  /** False when the session has ended. Idempotent by command id. */
  onCommand(command: GatewayCommand): boolean;
  /** Small enough for a heartbeat; emits `sealed_turns` from time to time to keep it so. */
  checkpoint(): Checkpoint;
  /**
   * Ends the talk here because the process drains, so that another gateway goes on with it: at the first moment at which nobody's words are lost, at
   * the latest after `withinMs`. A message to a machine and last words are finished instead. Again with less time: the shorter one counts.
   */
  drain(withinMs: number): void;
  /**
   * Resolves once, when the talk is over and its last words have been heard. After `transfer_requested` the session goes on holding
   * the line (silence) until `onStreamClosed`; after every other end it sends nothing more.
   */
  readonly done: Promise<ConversationReport>;
}
