/** A developer's code that lives in the process of the gateway and takes part in its calls. The other end of `AgentSpec.code`. */
import type { CallSetup, TranscriptTurn } from '../contracts/call';
import type { AudioHooks } from './audio/audio-hooks';
import type { PipelineParts } from './engines/open-engine';
import type { PipelineHooks } from './engines/pipeline/hooks';

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

/** Of what is heard in a call, with any engine, and of what goes through a pipeline. */
export interface AgentHooks extends AudioHooks, PipelineHooks {}

export interface AgentCode extends PipelineParts {
  hooks?: AgentHooks;
  /** By the tool's name. */
  tools?: Readonly<Record<string, ToolHandler>>;
  /** By the guardrail's name. */
  guardrails?: Readonly<Record<string, GuardrailCheck>>;
}

/** Finds the code of a call's agent. Undefined where this process has none of that name. */
export type CodeOf = (setup: CallSetup) => AgentCode | undefined;
