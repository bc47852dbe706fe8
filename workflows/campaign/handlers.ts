/** What users may ask of a running campaign. Validators refuse what does not fit its state; such a refusal leaves no trace in the history. */
import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { CampaignEdit, CampaignState as CampaignStateName } from '../../contracts/campaign';
import {
  autoPauseSignal,
  campaignViewQuery,
  cancelCampaignUpdate,
  editCampaignUpdate,
  pauseCampaignUpdate,
  resumeCampaignUpdate,
} from '../../contracts/campaign-workflow';
import type { ErrorCode } from '../../contracts/errors';
import { editCampaign, setCampaignState } from './activities';
import type { CampaignState } from './campaign-state';

export function handleRequests(campaign: CampaignState): void {
  const { campaignId } = campaign.input;

  /** Postgres first: the dispatch and every dial read it there, and stop within a moment, whatever this workflow does next. */
  let writing = Promise.resolve();
  const change = async (state: CampaignStateName, reason?: string) => {
    campaign.state = state;
    campaign.pauseReason = state === 'paused' ? reason : undefined;
    // One write after the other: a pause and a resume that cross must leave what was said last.
    writing = writing.then(() => setCampaignState({ campaignId, state, reason }));
    await writing;
    campaign.changes++;
  };

  setHandler(campaignViewQuery, () => campaign.view());
  setHandler(
    pauseCampaignUpdate,
    async ({ reason }) => {
      await change('paused', reason);
      return campaign.view();
    },
    { validator: (_request) => mustBe(campaign, 'pause', ['running']) },
  );
  setHandler(
    resumeCampaignUpdate,
    async () => {
      await change('running');
      return campaign.view();
    },
    { validator: () => mustBe(campaign, 'resume', ['paused']) },
  );
  setHandler(
    cancelCampaignUpdate,
    async ({ reason }) => {
      campaign.closing = { outcome: 'canceled', state: 'canceled', reason };
      await change('canceled', reason);
      return campaign.view();
    },
    { validator: (_request) => mustBe(campaign, 'cancel', ['running', 'paused']) },
  );
  setHandler(
    editCampaignUpdate,
    async (edit) => {
      await editCampaign({ campaignId, edit });
      campaign.changes++;
      return campaign.view();
    },
    {
      validator: (edit) => {
        mustBe(campaign, 'edit', ['running', 'paused']);
        mustBeSound(edit);
      },
    },
  );
  setHandler(autoPauseSignal, async ({ reason }) => {
    if (campaign.state !== 'running' || campaign.closing) return;
    await change('paused', reason);
  });
}

function mustBe(campaign: CampaignState, verb: string, states: CampaignStateName[]): void {
  if (!campaign.closing && states.includes(campaign.state)) return;
  const now = campaign.closing ? 'ending' : campaign.state;
  throw refusal('PATTER_CAMPAIGN_STATE', `cannot ${verb} a campaign that is ${now}`);
}

/** The full check is the schema's, at the border; this one keeps a bad value from ever stopping the dispatch. */
function mustBeSound(edit: CampaignEdit): void {
  const values = [edit.cps, edit.maxConcurrent, edit.budgetTotal].filter((value) => value !== undefined);
  if (values.length > 0 && values.every((value) => Number.isFinite(value) && value > 0)) return;
  throw refusal('PATTER_CONFIG_INVALID', 'an edit names cps, maxConcurrent or budgetTotal, each above zero');
}

function refusal(code: ErrorCode, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code);
}
