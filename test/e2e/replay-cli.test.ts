/** `patter replay` against a server that has run a campaign, and a developer's own workflow. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from '@temporalio/worker';
import type { WorkflowCallActivities } from '../../contracts/workflow-call';
import { type Invoice, remindOfDebt } from '../../examples/debt-reminder/workflow';
import { connectNative } from '../../runtime/temporal';
import { workflowBundle } from '../../worker/workflow-bundle';
import { builtProgram } from '../support/built';
import { phoneOf, startWorld, type World } from './world';

let program: string;
let world: World;

beforeAll(async () => {
  program = await builtProgram();
  world = await startWorld({ default: 'busy' }, { gateways: 1 });
  await world.end(await world.start({ name: 'replayed' }, [phoneOf(0), phoneOf(1)]));
}, 180_000);
afterAll(() => world?.stop(), 60_000);

function replay(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, PATTER_HOME: world.home };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'replay', ...args], { cwd: world.home, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

/** Leaves a history on the server that this build cannot have written. @returns the workflow's id */
async function writeForeignHistory(): Promise<string> {
  const { config, temporal } = world.ctx;
  const connection = await connectNative(config);
  const foreign = { taskQueue: `foreign-${randomBytes(4).toString('hex')}`, workflowId: `foreign-${randomBytes(4).toString('hex')}` };
  try {
    const worker = await Worker.create({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      taskQueue: foreign.taskQueue,
      workflowsPath: require.resolve('../support/other-post-call.workflow'),
    });
    const input = { tenantId: 'default', campaignId: 'cmp_1', contactId: 'ct_1', callId: 'call_1' };
    await worker.runUntil(temporal.workflow.execute('postCall', { ...foreign, args: [input] }));
    return foreign.workflowId;
  } finally {
    await connection.close();
  }
}

test('what this build has run replays on it, and what another has written is named, with exit code 1', async () => {
  const whole = await replay('--since', '7d', '--json');
  expect(whole).toMatchObject({ code: 0, stderr: '' });
  const report = JSON.parse(whole.stdout);
  expect(report.failed).toEqual([]);
  // The campaign, two calls and what follows each of them.
  expect(report.replayed).toBeGreaterThanOrEqual(5);
  const words = await replay('--since', '7d');
  expect(words).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+ workflow histories since .*: all replay on this build\.\n$/),
  });

  const workflowId = await writeForeignHistory();
  const after = await replay('--since', '7d', '--json');
  expect(after.code).toBe(1);
  const { replayed, failed } = JSON.parse(after.stdout);
  expect(failed).toEqual([expect.objectContaining({ workflowId, error: expect.stringMatching(/nondeterminism|TMPRL1100/i) })]);
  // A schedule may have started one more meanwhile.
  expect(replayed).toBeGreaterThan(report.replayed);
  const told = await replay('--since', '7d');
  expect(told.code).toBe(1);
  expect(told.stdout).toContain(`1 do not replay on this build. Do not deploy it.\n  ${workflowId}: `);
}, 120_000);

test('--limit looks at the newest, and what is older than --since is left out', async () => {
  expect(JSON.parse((await replay('--limit', '2', '--json')).stdout)).toMatchObject({ replayed: 2 });
  // At most one that a schedule starts just then.
  expect(JSON.parse((await replay('--since', '1ms', '--json')).stdout).replayed).toBeLessThanOrEqual(1);
  expect(await replay('--since', 'yesterday')).toMatchObject({ code: 1, stderr: expect.stringContaining('PATTER_CONFIG_INVALID') });
}, 60_000);

const EXAMPLE = resolve(__dirname, '../../examples/debt-reminder/workflow.ts');

/** Leaves a history of the example on the server. Its call is a double: this is about what the workflow does with it. */
async function runExample(): Promise<string> {
  const { config, log, temporal } = world.ctx;
  const connection = await connectNative(config);
  const own = { taskQueue: `own-${randomBytes(4).toString('hex')}`, workflowId: `own-${randomBytes(4).toString('hex')}` };
  const activities: Pick<WorkflowCallActivities, 'prepareWorkflowCall' | 'workflowCallOutcome'> = {
    prepareWorkflowCall: async () => ({ callId: 'call_1' }),
    workflowCallOutcome: async () => ({
      ...{ callId: 'call_1', outcome: 'opted_out', reason: null, to: '+12125550100', answeredBy: 'human', voicemailLeft: false },
      ...{
        transferredTo: null,
        transcript: [],
        toolCalls: [],
        durationMs: 1_000,
        costUsd: 0,
        summary: null,
        extraction: null,
        endedAt: null,
      },
    }),
  };
  try {
    const bundle = await workflowBundle(world.home, log, undefined, EXAMPLE);
    const { namespace } = temporal.options;
    const worker = await Worker.create({ connection, namespace, taskQueue: own.taskQueue, activities, workflowBundle: bundle });
    const args: [Invoice] = [{ phone: '+12125550100', name: 'Ada', amount: '120 dollars' }];
    await worker.runUntil(temporal.workflow.execute(remindOfDebt, { ...own, args }));
    return own.workflowId;
  } finally {
    await connection.close();
  }
}

test('--workflows and --type: a workflow of one’s own that does something else than what it has done is named, with exit code 1', async () => {
  const workflowId = await runExample();
  const own = ['--since', '5m', '--type', 'remindOfDebt', '--json', '--workflows'];
  if (process.env.PATTER_TEST_MATRIX === 'full') {
    const same = JSON.parse((await replay(...own, EXAMPLE)).stdout);
    expect(same.failed.map((one: { workflowId: string }) => one.workflowId)).not.toContain(workflowId);
  }
  const changed = join(world.home, 'changed.ts');
  const source = readFileSync(EXAMPLE, 'utf8');
  // It waits before its first call, which it did not.
  writeFileSync(changed, source.replace('let paid = false;', 'let paid = false;\n  await condition(() => paid, 1_000);'));
  const after = await replay(...own, changed);
  expect(after.code).toBe(1);
  const { failed, replayed } = JSON.parse(after.stdout);
  expect(failed).toContainEqual(expect.objectContaining({ workflowId, error: expect.stringMatching(/nondeterminism|TMPRL1100/i) }));
  expect(replayed).toBeGreaterThan(0);
}, 120_000);
