/** A developer's callbacks: what is delivered again, and by whom, when it could not be delivered live. */

/** Workflow type `callbacks`. */
export interface CallbacksInput {
  tenantId: string;
  callId: string;
  /** The part of `AgentSpec.code` before the slash. */
  app: string;
}

/** In the process that embeds the app. */
export interface CallbackActivities {
  /** Delivers what the record of an ended call has and its cursor lacks, in order, and `onCallEnd` last. Idempotent. */
  deliverCallbacks(input: CallbacksInput): Promise<void>;
}

export function callbacksWorkflowId(callId: string): string {
  return `callbacks/${callId}`;
}

/** Of one call: which of its events have been delivered. Names no person and holds no word. */
export interface DeliveryCursor {
  /** `<kind>:<n>` each: the delivery id without the call's. */
  done: string[];
  /** The event that is tried just now, and how often it has failed. */
  failing?: { event: string; tries: number };
}
