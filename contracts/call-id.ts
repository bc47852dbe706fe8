/** Call ids and workflow ids: pure, so that workflows can use them too. */

const CALL_ID = /^call_([0-9a-f]{32})_(\d+|in)$/;

/**
 * The id of one attempt. It is derived, not drawn, so that a dispatcher that died after claiming starts the same workflow again.
 * @param sequence counts the workflows started for the contact from 1, deferred ones included; it is not the attempt counter.
 */
export function callIdFor(contactId: string, sequence: number): string {
  return `call_${contactId.slice('ct_'.length)}_${sequence}`;
}

/**
 * The id of a call that came in. It is derived from the carrier's own, so that a webhook that comes twice starts one workflow.
 * @param digest 32 hex digits, of `inboundDigest` in ./ids
 */
export function inboundCallId(digest: string): string {
  return `call_${digest}_in`;
}

export function isCallId(value: string): boolean {
  return CALL_ID.test(value);
}

/** Whom the call is to; undefined for one that came in. */
export function contactOfCallId(callId: string): string | undefined {
  const [, digits, sequence] = CALL_ID.exec(callId) ?? [];
  return digits === undefined || sequence === 'in' ? undefined : `ct_${digits}`;
}

/** Workflow id of a campaign: one running campaign per tenant and name. */
export function campaignWorkflowId(tenantId: string, name: string): string {
  return `campaign/${tenantId}/${name}`;
}

/** Workflow id of a call: the call id itself, which the carrier's callbacks carry too. */
export function callWorkflowId(callId: string): string {
  return callId;
}

/** Waits for the call's recording, fetches it and tells of it: begun with the recording, closed long after the call. */
export function recordingWorkflowId(callId: string): string {
  return `recording/${callId}`;
}

/** Notes an opt-out of which was heard when the call's own workflow was over. */
export function optOutWorkflowId(callId: string): string {
  return `opt-out/${callId}`;
}

export function postCallWorkflowId(callId: string): string {
  return `post-call/${callId}`;
}
