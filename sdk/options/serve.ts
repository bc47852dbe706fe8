/** Options of `phone.serve()` and `phone.test()`. */
import type { CampaignFile, CampaignSpec } from '../../contracts/campaign';
import type { Agent } from '../agent/agent';
import type { Callback, Callbacks, MessageFunction, MessageHandler } from './callbacks';
import type { CallEndEvent, CallStartEvent } from './events';
import type { TunnelOption } from './tunnel';

/** Who is called when the agent gives a caller to a person, in which order, and how. As `transfer` of a campaign. */
export type TransferOptions = NonNullable<CampaignFile['transfer']>;
/** With its defaults filled in. */
export type TransferSpec = NonNullable<CampaignSpec['transfer']>;

/** Options of `phone.serve()` beside the agent. */
export interface ServeSettings extends Callbacks {
  /** TCP port, 1 to 65535. @default 8000 */
  port?: number;
  /** Records the calls. @default false */
  recording?: boolean;
  /** The agent is this function (or URL) instead of a model. Pipeline only. */
  onMessage?: MessageHandler;
  /** Older name of `onMachineDetection`. */
  onMachine?: Callbacks['onMachineDetection'];
  /** Said to answering machines on outbound calls that have none of their own. @default '' */
  voicemailMessage?: string;
  /** People whom the agent can connect the caller with, beside the numbers of its prompt: docs/transfers.md. Calls that are placed have them too. */
  transfer?: TransferOptions;
  /** Page with calls and metrics at `/dashboard`. @default true */
  dashboard?: boolean;
  /** Bearer token of the dashboard. Empty: it is shown on this machine only. @default '' */
  dashboardToken?: string;
  /** Makes this server reachable from the internet. Not together with `webhookUrl`. @default false */
  tunnel?: TunnelOption;
  /** Whether the carrier's number is told to send its calls here. `if-unset`: only when it sends them nowhere, or here already. @default 'if-unset' */
  configureNumber?: 'always' | 'if-unset' | false;
}

/** Options of `phone.serve()`. */
export interface ServeOptions extends ServeSettings {
  /** Takes the calls. */
  agent: Agent;
}

/** Checked, with every default filled in. */
export interface ResolvedServeOptions {
  readonly agent: Agent;
  readonly port: number;
  readonly recording: boolean;
  readonly callbacks: Readonly<Callbacks>;
  readonly onMessage: MessageHandler | undefined;
  readonly voicemailMessage: string;
  readonly transfer: TransferSpec | undefined;
  readonly dashboard: boolean;
  readonly dashboardToken: string;
  readonly tunnel: TunnelOption;
  readonly configureNumber: 'always' | 'if-unset' | false;
}

/** Options of `phone.test()` beside the agent. */
export interface TestOptions {
  /** Answers instead of the model. */
  onMessage?: MessageFunction;
  /** Told once at the start. */
  onCallStart?: Callback<CallStartEvent>;
  /** Told once at the end, with what was typed. */
  onCallEnd?: Callback<CallEndEvent>;
}

export interface ResolvedTestOptions extends Readonly<TestOptions> {
  readonly agent: Agent;
}
