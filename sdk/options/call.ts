/** Options of `phone.call()`. */
import type { Agent } from '../agent/agent';
import type { Callback, Callbacks, MessageHandler } from './callbacks';
import type { MachineDetectionResult } from './events';
import type { TransferSpec } from './serve';

/** Options of `phone.call()`. */
export interface CallOptions {
  /** E.164. */
  to: string;
  /** Who talks; in cloud mode all in its options, as the backend carries it out. @default the agent of `serve()`, in cloud mode the `onMessage` of `connect()` */
  agent?: Agent;
  /** Said when the callee answers. @default the agent's own */
  firstMessage?: string;
  /** @default the phone number of the constructor */
  fromNumber?: string;
  /** Name of an agent that this `Patter` has made with this `agentId`. */
  agentId?: string;
  /**
   * The agent of this call is this function (or URL). Pipeline only. In cloud mode a function, and the call comes from the connected number; a program that
   * takes its place answers with the `onMessage` of its `connect()`.
   */
  onMessage?: MessageHandler;
  /** Who answered: a person or a machine? A voicemail message implies it. @default true in local mode, false in cloud mode */
  machineDetection?: boolean;
  /** Told who answered, once. */
  onMachineDetection?: Callback<MachineDetectionResult>;
  /** Older name of `onMachineDetection`. */
  onMachine?: Callback<MachineDetectionResult>;
  /** Left after the beep; '' hangs up silently. @default that of `serve()`, unless `machineDetection` is false */
  voicemailMessage?: string;
  /** Seconds until the call counts as not answered; null: the carrier's own. @default 25 */
  ringTimeout?: number | null;
  /** Values for the agent's placeholders in this call; they go over the agent's own. */
  variables?: Readonly<Record<string, string | number | boolean>>;
  /** Come back in the events of this call. */
  customParams?: Readonly<Record<string, string | number | boolean>>;
  /** A call that was placed with this key before is returned instead of a second one. 1 to 200 characters. */
  idempotencyKey?: string;
  /** @default that of `serve()` */
  recording?: boolean;
  /** Callbacks of this call alone, instead of those of `serve()` or `connect()`. */
  onCallStart?: Callbacks['onCallStart'];
  /** As `onCallStart`. */
  onCallEnd?: Callbacks['onCallEnd'];
  /** As `onCallStart`. */
  onTranscript?: Callbacks['onTranscript'];
  /** As `onCallStart`. */
  onMetrics?: Callbacks['onMetrics'];
}

/** Checked, with the defaults that do not depend on `serve()` filled in. */
export interface ResolvedCallOptions {
  readonly to: string;
  readonly from: string | undefined;
  /** Absent: serve's. */
  readonly agent: Agent | undefined;
  readonly agentId: string | undefined;
  /** Absent: the agent's. */
  readonly firstMessage: string | undefined;
  readonly onMessage: MessageHandler | undefined;
  readonly callbacks: Readonly<Callbacks>;
  readonly machineDetection: boolean;
  /** Absent: serve's. */
  readonly voicemailMessage: string | undefined;
  /** null: the carrier's own. */
  readonly ringTimeoutMs: number | null;
  readonly variables: Readonly<Record<string, string>>;
  readonly customParams: Readonly<Record<string, string>>;
  readonly idempotencyKey: string | undefined;
  /** Absent: serve's. */
  readonly recording: boolean | undefined;
  /** serve's. */
  readonly transfer?: TransferSpec;
}
