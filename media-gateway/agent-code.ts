/** A developer's code that lives in the process of the gateway and takes part in its calls. The other end of `AgentSpec.code`. */
import type { CallSetup, TranscriptTurn } from '../contracts/call';
import type { PipelineParts } from './engines/open-engine';

/** What a handler or a check is told of the call beside its arguments. */
export interface CodeContext {
  callId: string;
  /** E.164; `anonymous` where withheld. */
  caller: string;
  callee: string;
  direction: 'inbound' | 'outbound';
  variables: Readonly<Record<string, string>>;
  /** Those of the variables that the developer passed with this one call. */
  customParams?: Readonly<Record<string, string>>;
  /** The conversation so far, as it was heard. */
  history: readonly TranscriptTurn[];
  /** Of a tool's handler: the same when the same wish comes again because a process died. */
  toolCallId?: string;
  /** Aborted when the deadline is over or the call has ended. */
  signal: AbortSignal;
}

/** Answers the model: a string as it is, anything else as JSON. What it throws is told to the model as a failure, without the stack. */
export type ToolHandler = (args: Record<string, unknown>, context: CodeContext) => unknown | Promise<unknown>;

/** True: the text must not be spoken. One that throws or takes longer than its guardrail's deadline counts as true. */
export type GuardrailCheck = (text: string, context: CodeContext) => boolean | Promise<boolean>;

export interface AgentCode extends PipelineParts {
  /** By the tool's name. */
  tools?: Readonly<Record<string, ToolHandler>>;
  /** By the guardrail's name. */
  guardrails?: Readonly<Record<string, GuardrailCheck>>;
}

/** Finds the code of a call's agent. Undefined where this process has none of that name. */
export type CodeOf = (setup: CallSetup) => AgentCode | undefined;
