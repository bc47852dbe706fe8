/** The tools for campaigns. */
import { z } from 'zod';
import type { CampaignSpec } from '../../contracts/campaign';
import { parseCampaign } from '../../control/campaigns/load-campaign-file';
import { NOT_YET } from './call-tools';
import { defineTool, PREVIEW_TEXT } from './tool';

const MOST_CONTACTS = 10_000;
const SHOWN = 3;

const campaign = z.string().min(1).max(100).describe('Name or id of the campaign');
const contact = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const startCampaign = defineTool({
  name: 'start_campaign',
  title: 'Start a campaign',
  description: `Calls many people, each with the campaign's agent, within its calling window, limits and budget. Real phones ring, and it costs money. ${PREVIEW_TEXT} A campaign of that name that is under way is not started twice.`,
  input: {
    campaign: z
      .union([z.string().min(1), z.record(z.string(), z.unknown())])
      .describe(
        'As in a campaign file, as YAML text or as an object: name, from, agent { engine, systemPrompt, firstMessage }, dialing, retry, window, budget …',
      ),
    contacts: z.array(contact).min(1).max(MOST_CONTACTS).describe('Each with "phone" (E.164) and what the texts have placeholders for'),
    confirm: z.boolean().default(false).describe('true: start what was shown before'),
  },
  async run(ctx, { campaign: given, contacts, confirm }) {
    // A wrong one must not be shown for confirmation.
    const text = typeof given === 'string' ? given : JSON.stringify(given);
    const spec = parseCampaign(text, 'campaign');
    const phones = contacts.map((one) => String(one.phone ?? ''));
    ctx.allowed?.require([...phones, ...(spec.transfer?.to ?? [])]);
    const shown = ['start_campaign', text, contacts];
    if (!ctx.allowed && !(confirm && ctx.previews.confirmed(shown))) {
      ctx.previews.show(shown);
      return { started: false, preview: previewOf(spec, phones), next: NOT_YET };
    }
    const started = await ctx.rest.request<Record<string, unknown>>('POST', '/api/campaigns', { campaign: text, contacts });
    ctx.previews.forget(shown);
    return { started: started.how === 'started', ...started };
  },
});

function previewOf(spec: CampaignSpec, phones: readonly string[]) {
  const { agent, budget, dialing, from, name, retry, window } = spec;
  return {
    ...{ name, from, contacts: phones.length, first: phones.slice(0, SHOWN), firstMessage: agent.firstMessage, window },
    ...{ callsPerSecond: dialing.cps, callsAtOnce: dialing.maxConcurrent, attemptsEach: retry.maxAttempts },
    ...(budget && { budgetUsd: budget.total }),
  };
}

const campaignStatus = defineTool({
  name: 'campaign_status',
  title: 'Look at a campaign',
  description: 'How far a campaign has come: contacts that wait, are being called and are done, outcomes and cost.',
  readOnly: true,
  input: { campaign },
  run: (ctx, { campaign: name }, { signal }) => ctx.rest.request('GET', `/api/campaigns/${encodeURIComponent(name)}`, undefined, signal),
});

function command(name: 'pause' | 'resume' | 'cancel', title: string, description: string) {
  return defineTool({
    name: `${name}_campaign`,
    ...{ title, description },
    input: { campaign, ...(name === 'resume' ? {} : { reason: z.string().max(500).optional() }) },
    run: (ctx, input) => {
      const { campaign: which, reason } = input as { campaign: string; reason?: string };
      const body = name === 'resume' ? {} : { reason: reason ?? 'asked through the Model Context Protocol' };
      return ctx.rest.request('POST', `/api/campaigns/${encodeURIComponent(which)}/${name}`, body);
    },
  });
}

export const CAMPAIGN_TOOLS = [
  startCampaign,
  campaignStatus,
  command('pause', 'Pause a campaign', 'Nobody else is called until it is resumed. Calls under way go on.'),
  command('resume', 'Resume a campaign', 'A paused campaign goes on where it stood.'),
  command('cancel', 'Cancel a campaign', 'Nobody else is called, for good. Calls under way end as they would.'),
];
