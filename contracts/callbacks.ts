/** A developer's callbacks: what is delivered again, by whom, and for how long, when it could not be delivered live. */

/** Workflow type `callbacks`. */
export interface CallbacksInput {
  tenantId: string;
  callId: string;
  /** The part of `AgentSpec.code` before the slash. */
  app: string;
  /** Absent: of an earlier version, which knew no end. */
  limits?: CallbackLimits;
}

export interface CallbackLimits {
  /** Milliseconds for which a process of the app that is there, and cannot tell, is asked again. Its absence does not count. */
  retryForMs: number;
  /** Milliseconds after which all is over, whoever was there or not. */
  keepForMs: number;
}

/** In the process that embeds the app. */
export interface CallbackActivities {
  /** Delivers what the record of an ended call has and its cursor lacks, in order, and `onCallEnd` last. Idempotent. */
  deliverCallbacks(input: CallbacksInput): Promise<void>;
}

/** In a worker. */
export interface CallbackKeepingActivities {
  /** Writes down why the rest is told to nobody. Idempotent. */
  giveUpCallbacks(input: Pick<CallbacksInput, 'tenantId' | 'callId' | 'app'> & { reason: string }): Promise<void>;
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
