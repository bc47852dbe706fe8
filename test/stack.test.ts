/** `patter dev`, `down` and `doctor` as a user starts them, with real processes. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stopHome } from '../cli/commands/down';
import type { CampaignReport } from '../contracts/report';
import { compareReportWithLedger } from '../lab/compare-report';
import type { LedgerSnapshot } from '../lab/ledger';
import { removeLocalPostgres } from '../runtime/local-postgres';
import { findLocalTemporal } from '../runtime/local-temporal';
import { identify, isAlive, listProcesses } from '../runtime/process-identity';
import { until } from './chaos/until';
import { builtProgram } from './support/built';

const PEOPLE = ['+12125550100', '+12125550101', '+12125550102', '+12125550103'];
const ROLES = ['control', 'gateway-1', 'gateway-2', 'lab', 'worker'];
let program: string;
let home: string;
const supervisors: ChildProcess[] = [];

beforeAll(async () => {
  program = await builtProgram();
}, 120_000);
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'patter-stack-'));
});
afterEach(async () => {
  for (const one of supervisors.splice(0)) one.kill('SIGKILL');
  await stopHome(home);
  await removeLocalPostgres(home);
  rmSync(home, { recursive: true, force: true });
});

interface Dev {
  process: ChildProcess;
  told: { temporalAddress: string; processes: Record<string, Record<string, string>> };
  /** Resolves with the first line on stderr that matches, also one of the past. */
  line(pattern: RegExp): Promise<string>;
}

async function dev(): Promise<Dev> {
  const child = spawn(process.execPath, [program, 'dev', '--lab', '--json', '--headless'], {
    cwd: home,
    env: { ...process.env, PATTER_HOME: home, PATTER_CONTROL_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  supervisors.push(child);
  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve: (line: string) => void }[] = [];
  createInterface({ input: child.stderr! }).on('line', (line) => {
    lines.push(line);
    for (const one of waiting) if (one.pattern.test(line)) one.resolve(line);
  });
  let output = '';
  const told = await new Promise<Dev['told']>((resolve, reject) => {
    child.stdout!.on('data', (chunk) => {
      output += chunk;
      // The object is printed in one piece, and ends with the only brace at the start of a line.
      if (/^}$/m.test(output)) resolve(JSON.parse(output));
    });
    child.once('exit', (code) => reject(new Error(`dev ended with ${code}:\n${lines.join('\n')}`)));
  });
  return {
    process: child,
    told,
    line(pattern) {
      const past = lines.find((line) => pattern.test(line));
      return past ? Promise.resolve(past) : new Promise((resolve) => waiting.push({ pattern, resolve }));
    },
  };
}

function patter(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: home, env: { ...process.env, PATTER_HOME: home } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

const pidOf = (role: string) => Number(readFileSync(join(home, 'run', `${role}.pid`), 'utf8'));
const leftovers = () => listProcesses().filter((one) => one.commandLine.includes(home));

test('dev starts everything, doctor is content, and Ctrl-C leaves no process behind', async () => {
  const stack = await dev();
  expect(Object.keys(stack.told.processes).sort()).toEqual(ROLES);
  for (const role of ROLES) expect(identify(pidOf(role))).toBeDefined();
  for (const [role, urls] of Object.entries(stack.told.processes)) {
    if (role === 'lab') continue;
    const url = urls.health ?? urls.listening ?? Object.values(urls)[0];
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  }
  const second = await patter('dev', '--lab', '--json');
  expect(JSON.parse(second.stdout)).toMatchObject({ error: { code: 'PATTER_PROCESS_FAILED', details: { pid: stack.process.pid } } });
  const doctor = JSON.parse((await patter('doctor', '--json')).stdout);
  expect(doctor.checks.filter((check: { status: string }) => check.status === 'fail')).toEqual([]);

  stack.process.kill('SIGINT');
  expect(await once(stack.process, 'exit')).toEqual([0, null]);
  expect(leftovers()).toEqual([]);
}, 120_000);

test('what is killed comes back where it was; a killed supervisor is replaced without a restart; down ends all', async () => {
  const first = await dev();
  const gateway = pidOf('gateway-1');
  process.kill(gateway, 'SIGKILL');
  await first.line(/gateway-1\s+died/);
  await first.line(new RegExp(`gateway-1\\s+ready \\(pid (?!${gateway}\\))`));
  const temporal = JSON.parse(readFileSync(join(home, 'run', 'temporal.json'), 'utf8'));
  process.kill(temporal.pid, 'SIGKILL');
  await first.line(/temporal\s+died; it was started again/);
  expect(findLocalTemporal(home)?.address).toBe(temporal.address);

  const before = ROLES.map(pidOf);
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  for (const pid of before) expect(identify(pid)).toBeDefined();
  const second = await dev();
  expect(ROLES.map(pidOf)).toEqual(before);
  expect(second.told.processes['gateway-1']).toEqual(first.told.processes['gateway-1']);

  second.process.kill('SIGKILL');
  await once(second.process, 'exit');
  const identities = before.map((pid) => identify(pid)!);
  const down = await patter('down', '--json');
  expect(JSON.parse(down.stdout).stopped.sort()).toEqual([...ROLES, 'postgres', 'temporal'].sort());
  expect(identities.filter(isAlive)).toEqual([]);
  expect((await patter('down')).stdout).toBe('Nothing was running.\n');
}, 120_000);

test('after a SIGKILL of everything at once, dev starts again with the same addresses and data', async () => {
  const first = await dev();
  const { pid: postgres } = JSON.parse(readFileSync(join(home, 'run', 'postgres.json'), 'utf8'));
  const { pid: temporal } = JSON.parse(readFileSync(join(home, 'run', 'temporal.json'), 'utf8'));
  for (const pid of [first.process.pid!, ...ROLES.map(pidOf), postgres, temporal]) process.kill(pid, 'SIGKILL');
  await once(first.process, 'exit');
  const second = await dev();
  expect(second.told.temporalAddress).toBe(first.told.temporalAddress);
  expect(second.told.processes['gateway-2']).toEqual(first.told.processes['gateway-2']);
}, 120_000);

/** The machine is another than the phone network: that lives on. */
const OURS = ROLES.filter((role) => role !== 'lab');
const inFull = process.env.PATTER_TEST_MATRIX === 'full' ? test : test.skip;
inFull(
  'a campaign that is under way when everything is killed goes on when dev is started again: everybody has an outcome, and nobody was called twice',
  async () => {
    const first = await dev();
    const lab = Object.values(first.told.processes.lab as Record<string, string>)[0] as string;
    const ledger = async () => (await (await fetch(`${lab}/lab/ledger`)).json()) as LedgerSnapshot;
    const secret = `whsec_${randomBytes(24).toString('base64')}`;
    writeFileSync(join(home, 'people.csv'), `phone,date\n${PEOPLE.map((phone) => `${phone},Tuesday\n`).join('')}`);
    const campaign = {
      name: 'goes-on',
      from: ['+15005550006'],
      agent: {
        engine: { type: 'openai-realtime' },
        systemPrompt: 'You call about the appointment on {date}. If they confirm, call the tool confirm.',
        disclosure: 'This is an AI assistant.',
        firstMessage: 'Your appointment is on {date}. Does it suit you?',
      },
      window: { start: '00:00', end: '24:00' },
      dialing: { cps: 0.5, maxConcurrent: 2, ringTimeout: '6s' },
      retry: { maxAttempts: 2, failed: '1s' },
      compliance: { maxCallsPerDay: 10 },
      postCall: { webhooks: [{ url: `${lab}/lab/webhooks/crm?secret=${encodeURIComponent(secret)}`, secret }] },
    };
    // JSON is YAML.
    writeFileSync(join(home, 'campaign.yaml'), JSON.stringify(campaign));
    const run = ['campaign', 'run', 'campaign.yaml', '--contacts', 'people.csv', '--json'];
    expect(await patter(...run, '--detach')).toMatchObject({ code: 0 });
    await until(async () => (await ledger()).calls.some(({ streams }) => streams.length > 0), { withinMs: 60_000, what: 'somebody talks' });
    const { pid: postgres } = JSON.parse(readFileSync(join(home, 'run', 'postgres.json'), 'utf8'));
    const { pid: temporal } = JSON.parse(readFileSync(join(home, 'run', 'temporal.json'), 'utf8'));
    for (const pid of [first.process.pid!, ...OURS.map(pidOf), postgres, temporal]) process.kill(pid, 'SIGKILL');
    await once(first.process, 'exit');
    await dev();

    // Attaches to the one that is under way.
    const { stdout } = await patter(...run);
    const report = JSON.parse(stdout) as CampaignReport;
    expect(report.results.map(({ outcome }) => outcome)).toEqual(PEOPLE.map(() => 'completed'));
    expect(compareReportWithLedger(report, await ledger())).toEqual([]);
  },
  300_000,
);
