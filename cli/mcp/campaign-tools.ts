/** The tools for campaigns. */
import { z } from 'zod';
import { type CampaignSpec, campaignEditSchema } from '../../contracts/campaign';
import { PatterError } from '../../contracts/errors';
import { outcomeSchema } from '../../contracts/outcomes';
import { parseCampaign } from '../../control/campaigns/load-campaign-file';
import { NOT_YET } from './call-tools';
import { campaignReport } from './campaign-report';
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

const report = defineTool({
  name: 'campaign_report',
  title: 'Read the results of a campaign',
  description:
    'Whom a campaign has reached: for each contact the outcome and its calls with summary, extraction and cost, page by page, in the order of the list. While it runs too; an outcome of null is still being worked on.',
  readOnly: true,
  input: {
    campaign,
    outcome: outcomeSchema.optional().describe('Only contacts of this outcome'),
    offset: z.number().int().min(0).default(0).describe('`nextOffset` of the page before'),
    limit: z.number().int().min(1).max(100).default(20),
    transcripts: z.boolean().default(false).describe('With what was said in each call'),
  },
  run: (ctx, { campaign: name, ...page }, { signal }) => campaignReport(ctx, name, { ...page, outcome: page.outcome }, signal),
});

const { budgetTotal, cps, maxConcurrent } = campaignEditSchema.shape;

const editCampaign = defineTool({
  name: 'edit_campaign',
  title: 'Change pace or budget of a campaign',
  description: `Changes how fast a campaign under way calls, how many calls it has at once, or what it may cost in all. ${PREVIEW_TEXT}`,
  input: {
    campaign,
    cps: cps.describe('Calls per second'),
    maxConcurrent: maxConcurrent.describe('Calls at once'),
    budgetTotal: budgetTotal.describe('US dollars in all'),
    confirm: z.boolean().default(false).describe('true: make the change that was shown before'),
  },
  async run(ctx, { campaign: name, confirm, ...given }) {
    const edit = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    if (Object.keys(edit).length === 0)
      throw new PatterError('PATTER_REQUEST_INVALID', 'Name what is to change: cps, maxConcurrent or budgetTotal.');
    // Whoever agreed to a campaign agreed to its pace and its budget.
    const shown = ['edit_campaign', name, edit];
    if (!ctx.allowed && !(confirm && ctx.previews.confirmed(shown))) {
      ctx.previews.show(shown);
      return { edited: false, preview: { campaign: name, ...edit }, next: NOT_YET };
    }
    const edited = await ctx.rest.request<object>('POST', `/api/campaigns/${encodeURIComponent(name)}/edit`, edit);
    ctx.previews.forget(shown);
    return { edited: true, ...edited };
  },
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
  report,
  editCampaign,
  command('pause', 'Pause a campaign', 'Nobody else is called until it is resumed. Calls under way go on.'),
  command('resume', 'Resume a campaign', 'A paused campaign goes on where it stood.'),
  command('cancel', 'Cancel a campaign', 'Nobody else is called, for good. Calls under way end as they would.'),
];
