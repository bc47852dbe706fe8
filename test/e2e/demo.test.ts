/** `npm run demo` as a newcomer runs it; with PATTER_RECORD_HISTORIES set it also stores histories of this real run for the replay tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { stopHome } from '../../cli/commands/down';
import { callIdFor } from '../../contracts/call-id';
import { type CampaignReport, campaignReportSchema } from '../../contracts/report';
import { loadConfig } from '../../runtime/config';
import { findLocalTemporal } from '../../runtime/local-temporal';
import { listProcesses } from '../../runtime/process-identity';
import { connectClient } from '../../runtime/temporal';
import { builtProgram } from '../support/built';

const HISTORIES = join(__dirname, '..', 'replay', 'histories');
let home: string;
let demo: ChildProcess;
let report: CampaignReport;
let stderr = '';

beforeAll(async () => {
  const program = await builtProgram();
  home = mkdtempSync(join(tmpdir(), 'patter-demo-'));
  demo = spawn(process.execPath, [program, 'demo', '--json', '--keep'], {
    cwd: home,
    env: { ...process.env, PATTER_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  demo.stdout!.on('data', (chunk) => {
    stdout += chunk;
  });
  await new Promise<void>((resolve, reject) => {
    demo.stderr!.on('data', (chunk) => {
      stderr += chunk;
      if (stderr.includes('Everything is up')) resolve();
    });
    demo.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${stderr}`)));
  });
  // Nothing else may stand on stdout.
  report = campaignReportSchema.parse(JSON.parse(stdout));
}, 240_000);

afterAll(async () => {
  demo?.kill('SIGKILL');
  await stopHome(join(home, 'demo'));
  rmSync(home, { recursive: true, force: true });
}, 60_000);

test('tells the same story at any hour of any day', () => {
  expect(report.contacts).toEqual({ total: 40, imported: 32, rejected: 5, duplicates: 3 });
  expect(report.state).toBe('completed');
  expect(report.outcomes).toEqual({
    completed: 17,
    transferred: 2,
    opted_out: 2,
    callback_requested: 1,
    voicemail: 3,
    busy: 1,
    no_answer: 1,
    rejected: 1,
    invalid_number: 1,
    skipped: 1,
    expired: 2,
  });
  const of = (phone: string) => report.results.find((result) => result.phone === phone);
  expect(of('+12125550102')).toMatchObject({ outcome: 'completed', attempts: 2, calls: [{ outcome: 'busy' }, { outcome: 'completed' }] });
  expect(of('+12065550135')).toMatchObject({ outcome: 'skipped', reason: 'suppressed', attempts: 0 });
  expect(of('+18085550123')).toMatchObject({ outcome: 'expired', reason: expect.stringContaining('Pacific/Honolulu') });
  expect(of('+12125550124')).toMatchObject({ outcome: 'expired', reason: expect.stringContaining('Asia/Tokyo') });
  expect(of('+442079460110')?.calls[0]?.transferredTo).toBe('+15005550009');
  expect(of('+13035550129')?.calls[0]?.transferredTo).toBe('+15005550010');
  expect(report.rejected.map((row) => row.line)).toEqual([13, 25, 26, 27, 28]);
});

test('says that the report agrees with the phone network', () => {
  expect(stderr).toMatch(/agrees with the phone network's own ledger: \d+ phones rang, none twice/);
});

test('tells of the call that came in, and of the campaign over Telnyx', () => {
  expect(stderr).toMatch(/5 people were called over Telnyx, by an agent of Deepgram, OpenAI and ElevenLabs: /);
  for (const outcome of ['2 completed', '1 voicemail', '1 busy', '1 opted_out']) expect(stderr).toContain(outcome);
  expect(stderr).toMatch(/\+12135550140 called \+15005550006 and was answered \(completed\):/);
  expect(stderr).toMatch(/caller {2}What are your opening hours, please\?\n +agent {3}We are open from eight to six/);
});

test('the histories of its real run can be read, one of each ending', async () => {
  const temporal = findLocalTemporal(join(home, 'demo'));
  const client = await connectClient({ ...loadConfig({}, home), TEMPORAL_ADDRESS: temporal?.address });
  const kept = new Map<string, string>();
  try {
    const outcomeOf = new Map<string, string>(
      report.results.flatMap(({ contactId, outcome, calls }) => [
        // One that the gate stopped has a workflow, and no call in the report.
        [callIdFor(contactId, 1), outcome ?? ''] as const,
        ...calls.map((call) => [call.callId, call.outcome] as const),
      ]),
    );
    outcomeOf.set(report.campaignId, 'expired');
    for await (const { workflowId, runId, type, status } of client.workflow.list()) {
      if (status.name === 'RUNNING') continue;
      const outcome = outcomeOf.get(workflowId.replace(/^(post-call|campaign)\//, ''));
      const name = `${type === 'postCall' ? 'post-call' : type}.real_${outcome}`;
      // The demo's other calls are no part of the report.
      if (outcome === undefined || kept.has(name)) continue;
      kept.set(name, historyToJSON(await client.workflow.getHandle(workflowId, runId).fetchHistory()));
    }
  } finally {
    await client.connection.close();
  }
  const endings = [
    'completed',
    'transferred',
    'opted_out',
    'callback_requested',
    'voicemail',
    'busy',
    'no_answer',
    'rejected',
    'invalid_number',
    'skipped',
  ];
  expect([...kept.keys()]).toEqual(expect.arrayContaining(endings.map((ending) => `call.real_${ending}`)));
  if (process.env.PATTER_RECORD_HISTORIES) {
    for (const [name, json] of kept) {
      if (name.startsWith('post-call') && !/completed|busy/.test(name)) continue;
      writeFileSync(join(HISTORIES, `${name}.json`), `${JSON.stringify(JSON.parse(json))}\n`);
    }
  }
});

test('stops on Ctrl-C, exits 0 and leaves no process behind', async () => {
  demo.kill('SIGINT');
  expect(await once(demo, 'exit')).toEqual([0, null]);
  expect(listProcesses().filter((one) => one.commandLine.includes(home))).toEqual([]);
}, 60_000);
