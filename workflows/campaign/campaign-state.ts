import type { CampaignState as CampaignStateName } from '../../contracts/campaign';
import type { CampaignInput, CampaignView } from '../../contracts/campaign-workflow';

/** Why the campaign stops dialling for good. */
export type Closing = { outcome: 'expired' | 'canceled'; state: 'completed' | 'canceled'; reason?: string };

export class CampaignState {
  state: CampaignStateName;
  pauseReason: string | undefined;
  closing: Closing | undefined;
  /** Counts what should wake a sleeping campaign up: edits and changes of state. */
  changes = 0;
  readonly generation: number;

  constructor(readonly input: CampaignInput) {
    this.state = input.state ?? 'running';
    this.pauseReason = input.pauseReason;
    this.generation = input.generation ?? 0;
    // Canceled before its workflow was lost: what was begun is finished.
    if (input.state === 'canceled') this.closing = { outcome: 'canceled', state: 'canceled', reason: input.pauseReason };
  }

  view(): CampaignView {
    return { state: this.state, pauseReason: this.pauseReason, generation: this.generation };
  }
}
