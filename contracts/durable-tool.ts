/** Tools with `durable: true`: asked of the call's workflow by an update, carried out by an activity, recorded in the workflow's history. */
import { defineUpdate } from '@temporalio/workflow';
import type { Variables } from './agent';
import type { TranscriptTurn } from './call';

/** One wish of the model. */
export interface RunToolRequest {
  /**
   * The tool's name, its arguments and how often they were asked for: the same for the same wish, whichever gateway and however often it asks. Also the
   * idempotency key that the receiver sees, behind the call's id.
   */
  key: string;
  name: string;
  /** JSON, checked against the tool's schema. */
  arguments: string;
}

export interface RunToolAnswer {
  /** What the model is told; an error is told too. */
  output: string;
  ok: boolean;
}

/** Sent with `runToolUpdateId(key)` as its id. A repetition gives the recorded answer, or waits for it. */
export const runToolUpdate = defineUpdate<RunToolAnswer, [RunToolRequest]>('runTool');

export function runToolUpdateId(key: string): string {
  return `tool/${key}`;
}

export interface DurableToolActivities {
  /** Asks the tool's webhook as the campaign names it, with the call's id and the key as idempotency key. An answer of the webhook, also a refusal, is a result. */
  runWebhookTool(input: RunToolRequest & { callId: string }): Promise<RunToolAnswer>;
}

/** On the task queue of the agent's app (./app-queue.ts). */
export interface AppToolActivities {
  runTool(input: RunHandlerInput): Promise<RunToolAnswer>;
}

export interface RunHandlerInput extends RunToolRequest {
  callId: string;
  /** `AgentSpec.code` */
  code: string;
  timeoutMs: number;
  caller: string;
  callee: string;
  direction: 'inbound' | 'outbound';
  variables: Variables;
  history: TranscriptTurn[];
}
