/** What Temporal stores and what processes log, searched for the people of a campaign: their numbers, their names and what was said. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporal } from '@temporalio/proto';
import { Client } from 'pg';
import { retentionScheduleId } from '../../contracts/privacy';
import { homePaths, readJsonFile } from '../../runtime/home';
import { findLocalPostgres } from '../../runtime/local-postgres';
import { builtProgram } from '../support/built';
import { phoneOf, startWorld, type World } from './world';

const { workflowservice } = temporal.api;
const PERSONAS = ['confirms', 'opts-out', 'voicemail', 'callback', 'interrupts', 'asks-for-human', 'invalid', 'no-answer'];
const PHONES = PERSONAS.map((_, index) => phoneOf(index));
const HUMAN = '+12125550199';

/** Whatever the persona, something of this was said by one of the two. */
const SAID = [
  'Person',
  'your appointment is on',
  'I will be there',
  'never call me again',
  'call me tomorrow',
  'after the tone',
  'Acme Dental here',
];
const SECRETS = [...PHONES.flatMap((phone) => [phone, phone.slice(1), phone.slice(2)]), HUMAN.slice(1), ...SAID];

interface Dump {
  /** Every event of every workflow, and what activities in progress have heartbeated, as the server has them. */
  histories: string;
  /** Ids, memos, search attributes. */
  listing: string;
  logs: string;
  heartbeats: number;
  workflows: number;
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const found = (text: string) => SECRETS.filter((secret) => text.includes(secret));

/** Runs a campaign and takes everything down, raw: the connection's own service knows no codec. */
async function runAndDump(env: Record<string, string>, andThen?: (world: World) => Promise<void>): Promise<Dump> {
  const people = Object.fromEntries(PERSONAS.map((persona, index) => [PHONES[index], persona]));
  const world = await startWorld({ people: { ...people, [HUMAN]: 'human-agent' } }, { env: { PATTER_LOG_LEVEL: 'debug', ...env } });
  try {
    await world.addFaults([{ kind: 'provider_drop', count: 1, afterMs: 400 }]);
    const campaign = await world.start(
      {
        name: 'secrecy',
        transfer: { to: [HUMAN] },
        agent: {
          engine: { type: 'openai-realtime' },
          systemPrompt: 'You call about the appointment on {date}. If they confirm, call the tool confirm.',
          firstMessage: 'Hi {first_name}, your appointment is on {date}. Does it suit you?',
          tools: [{ name: 'confirm', description: 'Confirms the appointment.', webhookUrl: `${world.stack.labUrl}/lab/tools/confirm` }],
        },
        postCall: {
          summary: true,
          extract: { type: 'object', properties: { confirmed: { type: 'boolean' } }, required: ['confirmed'] },
          // One that is there and one that refuses: its failure is stored too.
          webhooks: [{ url: `${world.stack.labUrl}/lab/webhooks/crm` }, { url: `${world.stack.labUrl}/nowhere` }],
        },
      },
      PHONES,
    );
    const over = new AbortController();
    const sampling = sampleHeartbeats(world, over.signal);
    const { report } = await world.end(campaign);
    over.abort();
    const samples = await sampling;
    expect(report.results.map(({ phone }) => phone).sort()).toEqual([...PHONES].sort());
    const all = await dump(world, samples);
    await violate(world);
    await andThen?.(world);
    return { ...all, logs: logsOf(world.home) };
  } finally {
    await world.stop();
  }
}

/** What goes wrong is what is logged: one contact takes the number of another, which the database refuses. */
async function violate({ home }: World): Promise<void> {
  const client = new Client({ connectionString: await findLocalPostgres(home) });
  await client.connect();
  try {
    const refused = client.query('update contacts set phone = (select min(phone) from contacts)');
    await expect(refused).rejects.toMatchObject({ code: '23505', detail: expect.stringContaining(PHONES[0] as string) });
  } finally {
    await client.end();
  }
}

/** The command line as an operator has it, with the world's configuration; its JSON. */
async function patter(world: World, ...args: string[]): Promise<Record<string, unknown>> {
  const program = await builtProgram();
  const env = { ...process.env, PATTER_HOME: world.home };
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args, '--json'], { cwd: world.home, env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function executions(world: World) {
  const { workflowService: service, options } = world.ctx.temporal;
  const pages: temporal.api.workflowservice.v1.ListWorkflowExecutionsResponse[] = [];
  for (let nextPageToken: Uint8Array | undefined; ; ) {
    const page = await service.listWorkflowExecutions({ namespace: options.namespace, pageSize: 200, nextPageToken });
    pages.push(page);
    nextPageToken = page.nextPageToken;
    if (!nextPageToken?.length) return pages;
  }
}

/** What the gateways checkpoint exists only while a call goes on. */
async function sampleHeartbeats(world: World, over: AbortSignal): Promise<Uint8Array[]> {
  const { workflowService: service, options } = world.ctx.temporal;
  const samples: Uint8Array[] = [];
  while (!over.aborted) {
    const list = await service.listWorkflowExecutions({
      namespace: options.namespace,
      query: "WorkflowType = 'call' AND ExecutionStatus = 'Running'",
    });
    for (const { execution } of list.executions) {
      const described = await service.describeWorkflowExecution({ namespace: options.namespace, execution });
      for (const activity of described.pendingActivities) {
        if (activity.heartbeatDetails?.payloads?.length)
          samples.push(temporal.api.workflow.v1.PendingActivityInfo.encode(activity).finish());
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return samples;
}

async function dump(world: World, samples: Uint8Array[]): Promise<Omit<Dump, 'logs'>> {
  const { workflowService: service, options } = world.ctx.temporal;
  const pages = await executions(world);
  const parts = samples.map(latin1);
  let workflows = 0;
  for (const { execution } of pages.flatMap((page) => page.executions)) {
    workflows++;
    for (let nextPageToken: Uint8Array | undefined; ; ) {
      const page = await service.getWorkflowExecutionHistory({ namespace: options.namespace, execution, nextPageToken });
      parts.push(latin1(workflowservice.v1.GetWorkflowExecutionHistoryResponse.encode(page).finish()));
      nextPageToken = page.nextPageToken;
      if (!nextPageToken?.length) break;
    }
  }
  const listing = pages.map((page) => latin1(workflowservice.v1.ListWorkflowExecutionsResponse.encode(page).finish())).join('\n');
  return { histories: parts.join('\n'), listing, heartbeats: samples.length, workflows };
}

function logsOf(home: string): string {
  const folder = join(home, 'logs');
  // The lab plays the outside world.
  const files = readdirSync(folder).filter((file) => !file.startsWith('lab'));
  for (const role of ['worker', 'gateway', 'control', 'temporal']) expect(files).toContainEqual(expect.stringMatching(`^${role}`));
  const { folder: postgres } = readJsonFile<{ folder: string }>(homePaths(home).postgresJson) as { folder: string };
  const paths = [...files.map((file) => join(folder, file)), join(postgres, 'server.log')];
  return paths.map((path) => readFileSync(path, 'utf8')).join('\n');
}

/** The first payload of a call's history, as the Temporal UI would send it to be shown. */
async function decodedByControl(world: World, workflowId: string): Promise<string> {
  const { workflowService: service, options } = world.ctx.temporal;
  const { history } = await service.getWorkflowExecutionHistory({ namespace: options.namespace, execution: { workflowId } });
  const sealed = history?.events?.flatMap((event) => event.workflowExecutionStartedEventAttributes?.input?.payloads ?? [])[0];
  const body = JSON.stringify({
    payloads: [(temporal.api.common.v1.Payload.fromObject(sealed ?? {}) as unknown as { toJSON(): unknown }).toJSON()],
  });
  const url = `${world.stack.urls().control?.api}/codec/decode`;
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', origin: 'http://localhost:8233' },
  });
  const { payloads } = (await response.json()) as { payloads: { data: string }[] };
  return Buffer.from(payloads[0]?.data ?? '', 'base64').toString();
}

/** What operators do with such histories: look at one, replay all, erase a person. */
async function operate(world: World): Promise<void> {
  const pages = await executions(world);
  const ids = pages.flatMap((page) => page.executions.map(({ execution }) => execution?.workflowId ?? ''));
  const callId = ids.find((id) => id.startsWith('call_')) as string;
  expect(JSON.parse(await decodedByControl(world, callId))).toMatchObject({ callId, tenantId: 'default' });

  const { failed, replayed } = (await patter(world, 'replay')) as { failed: object[]; replayed: number };
  expect(failed).toEqual([]);
  // A schedule may have started one since.
  expect(replayed).toBeGreaterThanOrEqual(ids.filter((id) => !id.startsWith('temporal-sys')).length);

  const phone = PHONES[0] as string;
  expect(await patter(world, 'privacy', 'erase', phone, '--dry-run')).toMatchObject({ dryRun: true, erased: { contacts: 1, calls: 1 } });
  expect(await patter(world, 'privacy', 'erase', phone)).toMatchObject({
    erased: { contacts: 1, calls: 1 },
    workflowsDeleted: 2,
    workflowsPending: false,
  });
  expect(await patter(world, 'privacy', 'erase', phone)).toMatchObject({ erased: { contacts: 0, calls: 0 }, workflowsDeleted: 0 });
}

/** The schedule that the worker made, fired before its hour, until everybody's time is over. */
async function waitUntilForgotten(world: World): Promise<void> {
  const { config, store, temporal: client } = world.ctx;
  const schedule = client.schedule.getHandle(retentionScheduleId(config.PATTER_TASK_QUEUE, 'default'));
  const [campaign] = await store.campaigns.list('default');
  const keptContacts = async () =>
    (await store.contacts.page(campaign!.campaignId, 0, 100)).filter((contact) => contact.erasedAt === null).length;
  const keptWorkflows = async () => {
    const all = (await executions(world)).flatMap((page) => page.executions);
    return all.filter(({ execution }) => execution?.workflowId?.includes('call_')).length;
  };
  while ((await keptContacts()) > 0) {
    await schedule.trigger();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  // The server deletes in the background; one that has only just closed takes up to half a minute.
  while ((await keptWorkflows()) > 0) await new Promise((resolve) => setTimeout(resolve, 500));
  const report = await store.campaigns.progress(campaign!.campaignId);
  expect(report).toMatchObject({ contacts: PHONES.length, done: PHONES.length });
}

test('with a key neither histories nor logs hold a number, a name or a word', async () => {
  const all = await runAndDump({ PATTER_ENCRYPTION_KEY: `2026-05:${randomBytes(32).toString('base64')}` }, operate);
  expect({ histories: found(all.histories), listing: found(all.listing), logs: found(all.logs) }).toEqual({
    histories: [],
    listing: [],
    logs: [],
  });
  expect(all.histories).toContain('2026-05');
  expect(all.histories).not.toMatch(/Error: |answered 404|\.ts:\d+/);
  expect(all.workflows).toBeGreaterThan(2 * PERSONAS.length);
  expect(all.heartbeats).toBeGreaterThan(0);
}, 240_000);

test('without a key ids, memos, search attributes and logs hold none either; and after its time all is forgotten', async () => {
  const all = await runAndDump({ PATTER_RETENTION_DAYS: String(5 / 86_400) }, waitUntilForgotten);
  expect({ listing: found(all.listing), logs: found(all.logs) }).toEqual({ listing: [], logs: [] });
  // And the search finds what is there to be found.
  expect(found(all.histories)).toEqual(expect.arrayContaining(['Person', 'your appointment is on', 'I will be there', PHONES[0]!]));
  expect(all.logs).toContain('call_');
}, 240_000);
