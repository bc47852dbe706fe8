import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { workflowBundle } from '../workflows/bench';

const HISTORIES = join(__dirname, 'histories');
const ROOT = resolve(__dirname, '../..');

/** Every way in which a workflow can end, and every way in which a caller changes hands, needs a history of its own. */
const STATES: Record<string, string[]> = {
  call: [
    'completed',
    'transferred',
    'opted_out',
    'opted_out_late',
    'callback_requested',
    'voicemail',
    'busy',
    'no_answer',
    'failed',
    'rejected',
    'invalid_number',
    'skipped',
    'deferred',
    'refused',
    'canceled_backstop',
    'paused_in_queue',
    'stopped',
    'inbound_completed',
    'inbound_refused',
    'inbound_given_up',
    'inbound_restream',
    'inbound_answered_again',
    'inbound_never_answered',
    'reconciled_found',
    'reconciled_not_dialed',
    'reconciled_unknown',
    'dial_lost',
    'stray_call',
    'transfer_failed',
    'transfer_refused',
    'transfer_unknown',
    'transfer_late_result',
    'transfer_caller_left',
    'warm_accepted',
    'warm_asked',
    'warm_third',
    'warm_nobody',
    'warm_caller_left',
    'warm_person_left',
    'warm_unknown',
    'warm_late_leg',
    'warm_worker_lost',
    'warm_gateway_lost',
    'warm_gateway_lost_asked',
    'warm_gateway_lost_kept',
    'warm_named',
    'warm_stopped',
    'named_lost',
    'named_caught',
    'gateway_lost',
    'gateway_lost_restream',
    'gateway_lost_for_good',
    'drained',
    'opted_out_by_carrier',
    'recorded_paused',
    'recording_refused',
    'recording_gateway_lost',
    'digits_sent',
    'digits_kept',
    'durable_tool',
    'durable_tool_taken_over',
    'durable_tool_outlives',
    'durable_tool_failed',
    'digits_unknown',
    'order_said',
    'order_repeated',
    'order_transferred',
    'order_hangup',
    'order_hangup_ringing',
    'untold_talk',
    'untold_talk_opted_out',
    'untold_talk_transfers',
    'untold_talk_attached',
    'untold_talk_never',
    'verdict_asked_for',
    'verdict_no_message',
    'verdict_person',
    'verdict_gateway_dead_at_answer',
    'verdict_asked_at_end',
    'verdict_telnyx',
  ],
  campaign: ['completed', 'expired', 'canceled', 'paused_and_resumed', 'auto_paused_then_canceled', 'continued_as_new', 'edited'],
  recording: ['completed', 'callback_lost', 'fetch_failed', 'given_up', 'erased'],
  'post-call': ['completed', 'failed_steps', 'webhook_retried'],
  sweepLines: ['completed'],
  reconcilePrices: ['completed'],
  recordPrice: ['completed'],
  recordOptOut: ['completed'],
};

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

const stored = () => readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));

async function* histories(names: string[]) {
  for (const name of names) yield { workflowId: name, history: JSON.parse(readFileSync(join(HISTORIES, name), 'utf8')) };
}

async function replayFailures(bundle: WorkflowBundle, names: string[]): Promise<string[]> {
  const failures: string[] = [];
  for await (const result of Worker.runReplayHistories({ workflowBundle: bundle, replayName: 'stored' }, histories(names))) {
    if (result.error) failures.push(`${result.workflowId}: ${result.error.message}`);
  }
  return failures;
}

test.each(Object.entries(STATES))('every terminal and transfer state of %s has a stored history', (workflow, states) => {
  const names = new Set(stored());
  expect(states.filter((state) => !names.has(`${workflow}.${state}.json`))).toEqual([]);
});

test('every stored history replays on this build', async () => {
  expect(await replayFailures(await workflowBundle(), stored())).toEqual([]);
});

test('a workflow that was changed without a patch does not replay', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'patter-replay-'));
  try {
    for (const folder of ['workflows', 'contracts', 'policy']) cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'dir');
    const file = join(copy, 'workflows/call/settling.ts');
    const changed = readFileSync(file, 'utf8')
      .replace(/import \{ (.*\bupsertSearchAttributes) \}/, 'import { sleep, $1 }')
      .replace('await settleCall(settlement);', 'await sleep(1_000);\n  await settleCall(settlement);');
    expect(changed).toContain('sleep(1_000)');
    writeFileSync(file, changed);
    const bundle = await bundleWorkflowCode({ workflowsPath: join(copy, 'workflows/index.ts'), logger: new DefaultLogger('ERROR') });
    const failures = await replayFailures(bundle, ['call.busy.json', 'call.completed.json']);
    expect(failures).toHaveLength(2);
    expect(failures[0]).toMatch(/nondeterminism|TMPRL1100/i);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
