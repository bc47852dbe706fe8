/**
 * A deploy of changed workflows under load: the new worker runs beside the old one, calls in progress end on the build that began them, new ones go to
 * the new build, and the campaign goes along. Then the old way of a single machine: the old worker is gone before its calls are over.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { campaignWorkflowId } from '../../contracts/call-id';
import { systemClock } from '../../contracts/clock';
import { compareReportWithLedger } from '../../lab/compare-report';
import type { PersonaInput } from '../../lab/persona';
import type { Running } from '../../runtime/running';
import { connectTo } from '../../runtime/temporal';
import { runWorker } from '../../worker/main';
import { phoneOf, startWorld, type World } from './world';

const ROOT = join(__dirname, '..', '..');
const FIRST_CALLS = 18;
const LATER_CALLS = 4;
const WITHIN_MS = 60_000;

let world: World;
let temporalClient: Client;
let changedCode: string;
const workers: Running[] = [];
let repositoryBuild: string;

beforeAll(async () => {
  world = await startWorld(
    {
      default: 'brief',
      personas: { brief: talker(1), long: talker(8) },
      people: Object.fromEntries(phones(FIRST_CALLS, LATER_CALLS).map((phone) => [phone, 'long'])),
      brain: [{ when: 'item \\d', say: 'Noted, please go on.' }],
    },
    { gateways: 1 },
  );
  temporalClient = new Client({
    connection: await connectTo(world.stack.temporalAddress),
    namespace: world.stack.config.TEMPORAL_NAMESPACE,
  });
  changedCode = await bundleOfChangedWorkflows();
}, 120_000);
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await temporalClient?.connection.close();
  await world?.stop();
}, 90_000);

test('calls end on the build that began them, new ones go to the new build, the campaign follows', async () => {
  const campaignId = await world.start(
    { name: 'deploy', dialing: { cps: 3, maxConcurrent: 6, ringTimeout: 4_000 } as never },
    phones(0, FIRST_CALLS),
  );
  await until('some talk', async () => (await world.ledger()).calls.filter((call) => call.streams.length > 0).length >= 4);
  await startWorker('changed');
  const { report, ledger } = await world.end(campaignId);

  expect(report.outcomes).toEqual({ completed: FIRST_CALLS });
  expect(compareReportWithLedger(report, ledger)).toEqual([]);
  const builds = await Promise.all(report.results.map(async (result) => buildsOf(await history(result.calls[0]!.callId))));
  const perCall = builds.map((one) => [...new Set(one)]);
  expect(perCall.filter((one) => one.length !== 1)).toEqual([]);
  repositoryBuild = perCall.flat().find((build) => build !== 'changed') as string;
  const ofChanged = perCall.flat().filter((build) => build === 'changed').length;
  expect(ofChanged).toBeGreaterThan(0);
  expect(FIRST_CALLS - ofChanged).toBeGreaterThan(0);

  const campaign = await history(campaignWorkflowId('default', 'deploy'));
  expect([...new Set(buildsOf(campaign))]).toEqual([repositoryBuild, 'changed']);
  const failed = temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED;
  expect(campaign.filter((event) => event.eventType === failed)).toEqual([]);
}, 120_000);

test('calls of a build whose last worker is gone go on with the current one', async () => {
  const campaignId = await world.start({ name: 'orphans' }, phones(FIRST_CALLS, LATER_CALLS));
  const mine = new Set(phones(FIRST_CALLS, LATER_CALLS));
  await until(
    'all talk',
    async () => (await world.ledger()).calls.filter((call) => mine.has(call.to) && call.streams.length > 0).length === LATER_CALLS,
  );
  await startWorker('changed-again');
  const [old] = workers.splice(0, 1);
  await old!.stop();
  const { report, ledger } = await world.end(campaignId);

  expect(report.outcomes).toEqual({ completed: LATER_CALLS });
  expect(compareReportWithLedger(report, { ...ledger, calls: ledger.calls.filter((call) => mine.has(call.to)) })).toEqual([]);
  for (const result of report.results) {
    const builds = [...new Set(buildsOf(await history(result.calls[0]!.callId)))];
    expect([result.phone, builds]).toEqual([result.phone, ['changed', 'changed-again']]);
  }
}, 120_000);

/** Somebody who says so many things, and waits for an answer each time. */
function talker(items: number): PersonaInput {
  return {
    kind: 'human',
    answerAfterMs: [200, 600],
    steps: [
      { say: 'Hello?' },
      ...Array.from({ length: items }, (_, index) => ({ hear: '/suit|go on/i', say: `Item ${index + 1}.` })),
      { hear: '/go on/i', say: 'That was all, goodbye.' },
      { hear: '/bye/i', orAfterMs: 6_000, hangUp: true },
    ],
  };
}

function phones(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => phoneOf(from + index));
}

/** A worker of this process beside the one of the stack. It is the current one when this resolves. */
async function startWorker(buildId: string): Promise<void> {
  const config = { ...world.stack.config, PATTER_BUILD_ID: buildId, PATTER_LOG_LEVEL: 'silent' as const };
  workers.push(await runWorker(config, { workflows: { code: changedCode } }));
}

async function history(workflowId: string) {
  const { events } = await temporalClient.workflow.getHandle(workflowId).fetchHistory();
  return events ?? [];
}

/** Of each workflow task, in order. */
function buildsOf(events: Awaited<ReturnType<typeof history>>): string[] {
  return events.flatMap((event) => event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId ?? []);
}

/** The product's workflows with one more step each, as a release would change them: under `patched`. */
async function bundleOfChangedWorkflows(): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), 'patter-changed-'));
  try {
    for (const folder of ['contracts', 'policy', 'workflows']) cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
    change(join(copy, 'workflows', 'call', 'settling.ts'), 'const settlement = settlementOf(');
    change(join(copy, 'workflows', 'campaign', 'campaign.ts'), 'const result = await dispatchUntilChanged(');
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    const bundle = await bundleWorkflowCode({ workflowsPath: join(copy, 'workflows', 'index.ts'), logger: new DefaultLogger('ERROR') });
    return bundle.code;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function change(file: string, before: string): void {
  const source = readFileSync(file, 'utf8');
  if (source.split(before).length !== 2) throw new Error(`${file} has changed: name another place`);
  const step = `if (extra.patched('one-more-step')) await extra.sleep(5);\n`;
  writeFileSync(file, `import * as extra from '@temporalio/workflow';\n${source.replace(before, `${step}${before}`)}`);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = systemClock.monotonic() + WITHIN_MS;
  while (!(await holds())) {
    if (systemClock.monotonic() > giveUpAt) throw new Error(`${what}: not within ${WITHIN_MS} ms`);
    await new Promise<void>((resolve) => {
      systemClock.after(50, resolve);
    });
  }
}
