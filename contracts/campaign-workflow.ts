/** What crosses the border of a `campaign` workflow. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CampaignEdit, CampaignState } from './campaign';

export interface CampaignInput {
  tenantId: string;
  campaignId: string;
  /** Epoch milliseconds after which nobody is dialled any more; undefined: until all have an outcome. */
  endsAt?: number;
  /** Carried over continue-as-new. */
  state?: CampaignState;
  pauseReason?: string;
  /** Started anew because its workflow was lost: what that left behind is swept up first. */
  revived?: boolean;
  /** How many runs went before this one. */
  generation?: number;
}

export interface CampaignView {
  state: CampaignState;
  pauseReason?: string;
  generation: number;
}

export const pauseCampaignUpdate = defineUpdate<CampaignView, [{ reason: string }]>('pause');
export const resumeCampaignUpdate = defineUpdate<CampaignView, []>('resume');
export const cancelCampaignUpdate = defineUpdate<CampaignView, [{ reason: string }]>('cancel');
export const editCampaignUpdate = defineUpdate<CampaignView, [CampaignEdit]>('edit');
/** A dial met an error that will meet every contact (bad caller id, no credit): stop dialling, lose nothing. */
export const autoPauseSignal = defineSignal<[{ reason: string }]>('autoPause');
export const campaignViewQuery = defineQuery<CampaignView>('view');

/** Search attributes, registered at every worker's start. No personal data. */
export const SEARCH_ATTRIBUTES = {
  PatterTenantId: 'KEYWORD',
  PatterCampaignId: 'KEYWORD',
  PatterOutcome: 'KEYWORD',
} as const;

export const TASK_QUEUE = 'patter';
