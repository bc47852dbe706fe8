/** A whole Patter with the lab as its far ends, as separate processes, for one test file. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, startStack } from '../../cli/stack';
import { type CampaignFile, campaignFileSchema } from '../../contracts/campaign';
import type { CampaignReport } from '../../contracts/report';
import { buildReport } from '../../control/campaigns/campaign-report';
import { followCampaign } from '../../control/campaigns/follow';
import { startCampaign } from '../../control/campaigns/start-campaign';
import { type OpenControlContext, openControlContext } from '../../control/context';
import type { FaultInput } from '../../lab/faults';
import type { CallEntry, LedgerSnapshot } from '../../lab/ledger';
import type { ScenarioInput } from '../../lab/scenario';
import { loadConfig } from '../../runtime/config';
import { homePaths, readJsonFile, writePrivateFile } from '../../runtime/home';
import { removeLocalPostgres } from '../../runtime/local-postgres';
import { createLogger } from '../../runtime/log';
import { builtProgram } from '../support/built';

export interface World {
  readonly home: string;
  readonly stack: Stack;
  readonly ctx: OpenControlContext;
  addFaults(faults: readonly FaultInput[]): Promise<void>;
  ledger(): Promise<LedgerSnapshot>;
  /** The ledger's calls to one number. */
  calls(to: string): Promise<CallEntry[]>;
  /** Writes the contacts, starts the campaign and does not wait. */
  start(campaign: CampaignInput, phones: readonly string[]): Promise<string>;
  /** Waits for a campaign's end, its post-call work included. */
  end(campaignId: string): Promise<{ report: CampaignReport; ledger: LedgerSnapshot }>;
  /** Lets go of everything, as a supervisor that was killed does, and starts the stack again after `meanwhile`. */
  reboot(meanwhile: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export type CampaignInput = Partial<CampaignFile> & { name: string };

const AGENT: CampaignFile['agent'] = {
  engine: { type: 'openai-realtime' },
  systemPrompt: 'You are the assistant of Acme Dental. You call about the appointment on {date}. If they confirm, call the tool confirm.',
  disclosure: 'This is an AI assistant.',
  firstMessage: 'Hi {first_name}, your appointment is on {date}. Does it suit you?',
};

export async function startWorld(
  scenario: ScenarioInput,
  options: {
    gateways?: number;
    workers?: number;
    baud?: number;
    seed?: number /** Configuration of every process. */;
    env?: Record<string, string>;
  } = {},
): Promise<World> {
  await builtProgram();
  const home = mkdtempSync(join(tmpdir(), 'patter-e2e-'));
  const scenarioFile = join(home, 'scenario.yaml');
  // JSON is YAML.
  writeFileSync(scenarioFile, JSON.stringify({ network: { cps: 50 }, ...scenario }));
  // The stack's processes inherit it.
  Object.assign(process.env, options.env);
  const config = {
    ...loadConfig({ PATTER_HOME: home, PATTER_LOG_LEVEL: 'info', ...options.env }, home),
    PATTER_GATEWAY_PORT: 0,
    PATTER_CONTROL_PORT: 0,
  };
  const log = createLogger('test', 'error');
  const start = () =>
    startStack({
      config,
      lab: { scenario: scenarioFile, seed: options.seed ?? 7, baud: options.baud ?? 1200 },
      gateways: options.gateways ?? 2,
      workers: options.workers,
      headless: true,
      log,
      tell: () => undefined,
    });
  let stack = await start();
  const ctx = await openControlContext(stack.config, log);
  const lab = async (path: string, body?: unknown) => {
    const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${stack.labUrl}${path}`, { ...init, signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const ledger = async () => (await lab('/lab/ledger')) as LedgerSnapshot;

  return {
    home,
    get stack() {
      return stack;
    },
    ctx,
    addFaults: async (faults) => void (await lab('/lab/faults', faults)),
    ledger,
    calls: async (to) => (await lab(`/lab/calls?to=${encodeURIComponent(to)}`)) as CallEntry[],
    async start(campaign, phones) {
      const secret = `whsec_${randomBytes(24).toString('base64')}`;
      const spec = campaignFileSchema.parse({
        from: ['+15005550006'],
        agent: AGENT,
        window: { start: '00:00', end: '24:00' },
        dialing: { cps: 20, maxConcurrent: 30, ringTimeout: '4s', voicemailMessage: 'Acme Dental here. Please call us back.' },
        retry: { maxAttempts: 1, failed: '1s' },
        compliance: { maxCallsPerDay: 10 },
        postCall: { webhooks: [{ url: `${stack.labUrl}/lab/webhooks/crm?secret=${encodeURIComponent(secret)}`, secret }] },
        ...campaign,
      });
      const contactsFile = join(home, `${spec.name}.csv`);
      writeFileSync(contactsFile, `phone,first_name,date\n${phones.map((phone, i) => `${phone},Person${i},Tuesday\n`).join('')}`);
      const started = await startCampaign(ctx, { spec, contactsFile });
      return started.campaign.campaignId;
    },
    async end(campaignId) {
      let campaign = await ctx.store.campaigns.get(campaignId);
      for await (const snapshot of followCampaign(ctx, campaignId)) campaign = snapshot.campaign;
      if (!campaign) throw new Error(`no campaign ${campaignId}`);
      return { report: await buildReport(ctx.store, campaign), ledger: await ledger() };
    },
    async reboot(meanwhile) {
      stack.release();
      await meanwhile();
      // This process goes on living, other than the supervisor that it plays.
      const { stackJson } = homePaths(home);
      writePrivateFile(stackJson, JSON.stringify({ ...readJsonFile<object>(stackJson), supervisor: { pid: 0, startedAt: '' } }));
      stack = await start();
    },
    async stop() {
      await ctx.close();
      await stack.stop();
      for (const name of Object.keys(options.env ?? {})) delete process.env[name];
      await removeLocalPostgres(home);
      if (process.env.PATTER_TEST_KEEP) process.stderr.write(`kept ${home}\n`);
      else rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Fictional numbers that pass validation, one for each index from 0. */
export function phoneOf(index: number): string {
  const areas = ['212', '312', '415', '617', '206', '305', '303', '602', '213', '404'];
  const area = areas[Math.floor(index / 90) % areas.length] as string;
  return `+1${area}5550${100 + (index % 90)}`;
}
