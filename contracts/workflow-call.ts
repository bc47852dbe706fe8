/** Calls of a developer's own workflow: what crosses the border between that workflow and the worker. */
import type { CallInput, CallOrder, ToolCallRecord, TranscriptTurn } from './call';
import type { AnsweredBy, Outcome } from './outcomes';
import type { PlaceCallInput } from './single-call';

/** As `PlaceCallInput`; `from` is PATTER_PHONE_NUMBER where none is named, and `key` is what makes it this call and no other. */
export type WorkflowCallRequest = Omit<PlaceCallInput, 'from' | 'idempotencyKey'> & { from?: string; key: string; tenantId?: string };

export interface PreparedWorkflowCall {
  callId: string;
  /** Of the `call` workflow; undefined: it has been made, and has its outcome. */
  input?: CallInput;
}

/** A call as it ended. */
export interface WorkflowCallOutcome {
  /** For `phone.calls.get()`. */
  callId: string;
  /** no_answer, busy and failed are outcomes like any other. */
  outcome: Outcome;
  /** Why, where the outcome alone does not tell. */
  reason: string | null;
  /** E.164. */
  to: string;
  /** A person or a machine. */
  answeredBy: AnsweredBy;
  /** The message was left on it. */
  voicemailLeft: boolean;
  /** The person who took over, E.164. */
  transferredTo: string | null;
  /** As it was heard. */
  transcript: Pick<TranscriptTurn, 'role' | 'text'>[];
  /** What the agent's tools were asked for, in order; `arguments` is JSON. */
  toolCalls: Pick<ToolCallRecord, 'name' | 'arguments' | 'result' | 'ok'>[];
  /** From answer to end. */
  durationMs: number;
  /** US dollars: estimated until the carrier has told its price. */
  costUsd: number;
  /** With `postCall.summary`. */
  summary: string | null;
  /** With `postCall.extract`: what was found in the conversation. */
  extraction: Record<string, unknown> | null;
  /** ISO 8601 in UTC. */
  endedAt: string | null;
}

export interface WorkflowCallActivities {
  /** Writes the call down, once for each key. */
  prepareWorkflowCall(request: WorkflowCallRequest): Promise<PreparedWorkflowCall>;
  /** Waits, with heartbeats, until the call has its outcome, and its summary and extraction where they were asked for. */
  workflowCallOutcome(input: { tenantId: string; callId: string }): Promise<WorkflowCallOutcome>;
  /** Carried out once for each `orderId`. `ended`: it came too late. */
  orderWorkflowCall(input: { tenantId: string; callId: string; orderId: string; order: CallOrder }): Promise<{ kind: 'taken' | 'ended' }>;
}
