/** What surrounds one call workflow: scripted activities, and the messages that a carrier and a gateway would send it. */

import { randomBytes } from 'node:crypto';
import { CompleteAsyncError } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { CallActivities, CallMediaActivities, CallRules, CallSettlement, DialResult } from '../../contracts/activities';
import { agentSchema } from '../../contracts/agent';
import {
  type AttachRequest,
  type AttachResult,
  attachUpdate,
  type CallInput,
  type CarrierEvent,
  type Checkpoint,
  type ConversationEnd,
  type ConversationReport,
  callViewQuery,
  carrierEventSignal,
  conversationActivityId,
  type GatewayEvent,
  gatewayEventSignal,
  type NextInstruction,
  nextInstructionUpdate,
  type TranscriptTurn,
} from '../../contracts/call';
import type { CarrierCall, CarrierCallStatus } from '../../contracts/carrier';
import type { ConsultEvent } from '../../contracts/carrier-transfer';
import {
  type DurableToolActivities,
  type RunToolAnswer,
  type RunToolRequest,
  runToolUpdate,
  runToolUpdateId,
} from '../../contracts/durable-tool';
import type { TransferActivities } from '../../contracts/transfer';
import type { Bench } from './bench';

export const CARRIER_CALL = 'CA1';
/** The leg of the person who is asked in a warm transfer. */
export const humanCall = (transferNumber: number) => `CA-human-${transferNumber}`;
const T0 = Date.UTC(2026, 0, 5, 12);

type Doubles = CallActivities & CallMediaActivities & TransferActivities & DurableToolActivities;
type Script = { [Name in keyof Doubles]?: Doubles[Name] };
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export function rules(over: Partial<CallRules> & { voicemailMessage?: string } = {}): CallRules {
  const { voicemailMessage = '', ...rest } = over;
  return {
    setup: {
      callId: 'call',
      campaignId: 'cmp',
      contactId: 'ct',
      tenantId: 'default',
      direction: 'outbound',
      carrier: 'twilio',
      to: '+15005550001',
      from: '+15005550006',
      agent: {
        ...agentSchema.parse({ engine: { type: 'openai-realtime' }, systemPrompt: 'You call about an appointment.' }),
        firstMessage: 'Hi.',
        disclosure: 'I am an AI.',
      },
      variables: {},
      voicemailMessage,
      machineDetection: true,
      canTransfer: (rest.transferTargets ?? 0) > 0,
    },
    ringTimeoutMs: 25_000,
    transferTargets: 0,
    transferRingTimeoutMs: 20_000,
    gatewayId: 'gw-1',
    ...rest,
  };
}

export function placed(over: Parameters<typeof rules>[0] = {}): DialResult {
  return { kind: 'placed', carrierCallId: CARRIER_CALL, status: 'queued', ...rules(over) };
}

export function turn(role: TranscriptTurn['role'], text: string): TranscriptTurn {
  return { role, text, at: T0 };
}

export class CallWorld {
  readonly callId = `call_${randomBytes(16).toString('hex')}_1`;
  readonly input: CallInput = { tenantId: 'default', campaignId: 'cmp_1', contactId: 'ct_1', callId: this.callId };
  readonly settlements: CallSettlement[] = [];
  /** Every activity that ran, in order. */
  readonly ran: { name: keyof Doubles; input: unknown }[] = [];
  /** What the carrier says when it is asked. */
  carrierStatus: CarrierCallStatus = 'completed';
  readonly activities: Doubles;
  private sequence = 0;
  private handle_: WorkflowHandle | undefined;

  constructor(
    private readonly bench: Bench,
    script: Script = {},
  ) {
    const defaults: Doubles = {
      dial: async () => placed(),
      admitInbound: async () => ({ kind: 'admitted', ...rules() }),
      reconcileDial: async () => ({ kind: 'unknown' }),
      conversation: async () => {
        throw new CompleteAsyncError();
      },
      commandGateway: async () => ({ delivered: true }),
      hangupCall: async ({ carrierCallId }) => this.carrierCall(carrierCallId),
      fetchCarrierCall: async ({ carrierCallId }) => this.carrierCall(carrierCallId),
      restreamCall: async () => ({ gatewayId: 'gw-2' }),
      transferCall: async () => ({ kind: 'requested', to: '+15005550009' }),
      reconcileTransfer: async () => ({ dialed: false, answered: false }),
      consult: async ({ transferNumber }) => ({
        kind: 'requested',
        to: '+15005550009',
        humanCallId: humanCall(transferNumber),
        asks: false,
      }),
      reconcileConsult: async () => ({ kind: 'not_dialed' }),
      askPerson: async () => undefined,
      bridge: async () => ({ kind: 'bridging', to: '+15005550009' }),
      // As long as nobody heartbeats it, it is asked for again and again: it never tells of a loss.
      watchHold: async () => {
        throw new CompleteAsyncError();
      },
      holdCaller: async () => undefined,
      recordOptOut: async () => undefined,
      startRecording: async () => ({ recordingId: 'RE1', change: { state: 'recording', at: T0 + 1_000 } }),
      setRecordingPaused: async ({ paused }) => ({ change: { state: paused ? 'paused' : 'recording', at: T0 + 2_000 } }),
      stopRecording: async ({ reason }) => ({ change: { state: 'stopped', at: T0 + 3_000, reason } }),
      noteRecording: async () => undefined,
      sendDigits: async () => ({ kind: 'sent', stream: 'replaced' }),
      runWebhookTool: async () => ({ output: '{"ok":true}', ok: true }),
      startCallbacks: async () => undefined,
      settleCall: async (settlement) => {
        this.settlements.push(settlement);
        return { contactOutcome: settlement.outcome };
      },
    };
    const names = Object.keys(defaults) as (keyof Doubles)[];
    this.activities = Object.fromEntries(
      names.map((name) => [
        name,
        async (input: never) => {
          this.ran.push({ name, input });
          return (script[name] ?? defaults[name])(input);
        },
      ]),
    ) as unknown as Doubles;
  }

  get handle(): WorkflowHandle {
    if (!this.handle_) throw new Error('the call has not been started');
    return this.handle_;
  }

  carrierCall(carrierCallId = CARRIER_CALL): CarrierCall {
    return { carrierCallId, status: this.carrierStatus, to: '+15005550001', from: '+15005550006', durationS: 20 };
  }

  async start(): Promise<void> {
    this.handle_ = await this.bench.client.workflow.start('call', {
      workflowId: this.callId,
      taskQueue: this.bench.taskQueue,
      args: [this.input],
    });
  }

  inputsOf(name: keyof Doubles): unknown[] {
    return this.ran.filter((entry) => entry.name === name).map((entry) => entry.input);
  }

  /** Resolves when an activity of that name has been asked for `times` times. */
  async ranOnce(name: keyof Doubles, times = 1): Promise<void> {
    await until(() => this.inputsOf(name).length >= times, `${name} #${times}`);
  }

  async carrier(
    event: Without<CarrierEvent, 'dedupeKey' | 'carrierCallId' | 'at'> & Partial<Pick<CarrierEvent, 'dedupeKey' | 'carrierCallId' | 'at'>>,
  ) {
    const at = T0 + ++this.sequence * 1_000;
    await this.handle.signal(carrierEventSignal, {
      dedupeKey: `e${this.sequence}`,
      carrierCallId: CARRIER_CALL,
      at,
      ...event,
    } as CarrierEvent);
  }

  status(
    status: CarrierCallStatus,
    over: { carrierCallId?: string; sipCode?: number; durationS?: number; at?: number; errorCode?: number } = {},
  ) {
    return this.carrier({ kind: 'status', status, sequence: 0, ...over });
  }

  /** Of a person's leg. */
  async person(
    step: ConsultEvent['step'],
    transferNumber = 1,
    over: Partial<ConsultEvent> = {},
    carrierCallId = humanCall(transferNumber),
  ) {
    await this.carrier({ kind: 'consult', transferNumber, step, carrierCallId, ...over });
  }

  async gatewayEvent(
    event: Without<GatewayEvent, 'gatewayId' | 'streamId' | 'sequence' | 'at'>,
    streamId = 'MZ1',
    sequence = ++this.sequence,
  ) {
    await this.handle.signal(gatewayEventSignal, { gatewayId: 'gw-1', streamId, sequence, at: T0, ...event } as GatewayEvent);
  }

  warmUp(carrierCallId = CARRIER_CALL, ringingAt?: number): Promise<AttachResult> {
    return this.handle.executeUpdate(attachUpdate, { args: [{ gatewayId: 'gw-1', carrierCallId, ringingAt }] });
  }

  stream(streamId = 'MZ1', over: { gatewayId?: string; tokenNonce?: string; carrierCallId?: string } = {}): Promise<AttachResult> {
    const request = { gatewayId: 'gw-1', carrierCallId: CARRIER_CALL, tokenNonce: `nonce-${streamId}`, haveSetup: true, streamId, ...over };
    return this.handle.executeUpdate(attachUpdate, { args: [request] });
  }

  /** A stream whose gateway talked, and finished, without an answer of the workflow's. */
  finished(report: Partial<ConversationReport>, events: GatewayEvent[] = [], streamId = 'MZ1'): Promise<AttachResult> {
    const whole: ConversationReport = {
      ...{ end: 'caller_hung_up', turns: [], usage: [], startedAt: T0 + 2_000, endedAt: T0 + 20_000, toolCalls: [] },
      ...report,
    };
    const request: AttachRequest = {
      ...{ gatewayId: 'gw-1', carrierCallId: CARRIER_CALL, tokenNonce: `nonce-${streamId}`, haveSetup: true, streamId },
      ...{ talkingSince: whole.startedAt, over: { report: whole, events } },
    };
    return this.handle.executeUpdate(attachUpdate, { args: [request] });
  }

  nextInstruction(carrierCallId = CARRIER_CALL): Promise<NextInstruction> {
    return this.handle.executeUpdate(nextInstructionUpdate, { args: [{ gatewayId: 'gw-2', carrierCallId }] });
  }

  /** As `nextInstruction`, after the stream whose token had that nonce. */
  nextAfter(afterNonce: string): Promise<NextInstruction> {
    return this.handle.executeUpdate(nextInstructionUpdate, { args: [{ gatewayId: 'gw-2', carrierCallId: CARRIER_CALL, afterNonce }] });
  }

  /** From a carrier that keeps the call. */
  streamEnded(endedNonce: string): Promise<NextInstruction> {
    return this.handle.executeUpdate(nextInstructionUpdate, { args: [{ gatewayId: 'gw-2', carrierCallId: CARRIER_CALL, endedNonce }] });
  }

  /** As a gateway asks. */
  runTool(request: RunToolRequest, updateId = runToolUpdateId(request.key)): Promise<RunToolAnswer> {
    return this.handle.executeUpdate(runToolUpdate, { args: [request], updateId });
  }

  heartbeat(attachment: number, checkpoint: Partial<Checkpoint>): Promise<void> {
    const details: Checkpoint = { turns: [], sealedTurns: 0, usage: [], at: T0, ...checkpoint };
    return this.onceStarted(attachment, () =>
      this.bench.completion.heartbeat({ workflowId: this.callId, activityId: conversationActivityId(attachment) }, details),
    );
  }

  /** The gateway's report of the n-th stream. */
  report(end: ConversationEnd, over: Partial<ConversationReport> = {}, attachment = 1): Promise<void> {
    const report: ConversationReport = { end, turns: [], usage: [], startedAt: T0, endedAt: T0 + 20_000, toolCalls: [], ...over };
    return this.onceStarted(attachment, () =>
      this.bench.completion.complete({ workflowId: this.callId, activityId: conversationActivityId(attachment) }, report),
    );
  }

  async view() {
    return this.handle.query(callViewQuery);
  }

  /** Waits for the workflow's end, with time skipped, and gives the one settlement. */
  async settled(): Promise<CallSettlement> {
    await this.handle.result();
    if (this.settlements.length !== 1) throw new Error(`${this.settlements.length} settlements instead of one`);
    return this.settlements[0] as CallSettlement;
  }

  /** Rings, is answered, and the first gateway has the stream. */
  async answer(): Promise<void> {
    await this.status('ringing');
    await this.status('in_progress');
    const attached = await this.stream();
    if (attached.kind !== 'attached') throw new Error(attached.reason);
  }

  /** The server takes nothing for an activity that no worker has begun. */
  private async onceStarted(attachment: number, act: () => Promise<void>): Promise<void> {
    await this.ranOnce('conversation', attachment);
    await act();
  }
}

/** Real time: for what happens without the workflow's clock. */
export async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let look = 0; look < 1_600; look++) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never happened: ${what}`);
}
