/** What it takes to forget a person: shared by the store, the retention workflow and the control services. */

/** Rows that an erasure changed. */
export interface ErasureCounts {
  contacts: number;
  calls: number;
  campaigns: number;
  rejectedRows: number;
}

/** Workflow type `retention`, started by a Temporal Schedule. */
export interface RetentionInput {
  tenantId: string;
}

export interface RetentionResult {
  /** Contacts whose time was over. */
  erased: number;
  /** Erasures whose workflows have been deleted in Temporal by this run. */
  completed: number;
  /** Recordings that were deleted, in the storage and at the carrier. */
  recordings: number;
}

export interface PrivacyActivities {
  /** Erases contacts past PATTER_RETENTION_DAYS, where it is set, and finishes erasures whose process died. Idempotent. */
  applyRetention(input: RetentionInput): Promise<RetentionResult>;
}

/** One schedule per task queue and tenant: deployments that share a namespace have their own. */
export function retentionScheduleId(taskQueue: string, tenantId: string): string {
  return `retention/${taskQueue}/${tenantId}`;
}
