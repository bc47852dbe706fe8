/** `patter doctor --live` against the lab's phone company, which behaves as the product believes that Twilio does, or not. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { planLiveCall, runLiveCall } from '../cli/doctor-live';
import type { FactResult } from '../cli/doctor-live/fact';
import type { LedgerSnapshot } from '../lab/ledger';
import { type RunningLab, runLab } from '../lab/main';
import { LAB_ACCOUNT, type ScenarioInput } from '../lab/scenario';
import { loadConfig } from '../runtime/config';
import { freePort } from '../runtime/free-port';
import { builtProgram } from './support/built';

const TO = '+14155550100';
/** Says hello and presses a key, as the doctor asks. Not so fast that one callback overtakes another. */
const PERSON: ScenarioInput['default'] = {
  kind: 'human',
  answerAfterMs: 400,
  steps: [
    { orAfterMs: 400, say: 'Hello?' },
    { orAfterMs: 200, press: '5' },
  ],
};
const TIMINGS = {
  ringMs: 10_000,
  streamMs: 10_000,
  amdMs: 10_000,
  toneMs: 1_000,
  slackMs: 8_000,
  clearedToneMs: 12_000,
  goOnMs: 2_000,
  lateMs: 500,
};

let home: string;
let lab: RunningLab;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'patter-doctor-'));
});
afterEach(async () => {
  await lab?.stop();
  rmSync(home, { recursive: true, force: true });
});

async function environment(scenario: ScenarioInput = {}, port?: number): Promise<Record<string, string>> {
  lab = await runLab({
    scenario: { default: PERSON, ...scenario, network: { ringAfterMs: 400, ...scenario.network } },
    seed: 1,
    baud: 1200,
    twilioCps: 50,
    log: pino({ level: 'silent' }),
  });
  const gatewayPort = port ?? (await freePort());
  return {
    PATTER_HOME: home,
    PATTER_GATEWAY_PORT: String(gatewayPort),
    PATTER_PUBLIC_URL: `http://127.0.0.1:${gatewayPort}`,
    PATTER_PHONE_NUMBER: '+15005550006',
    TWILIO_ACCOUNT_SID: LAB_ACCOUNT.sid,
    TWILIO_AUTH_TOKEN: LAB_ACCOUNT.authToken,
    TWILIO_BASE_URL: lab.urls.lab,
  };
}

async function live(env: Record<string, string>) {
  const config = loadConfig(env, home);
  return runLiveCall(config, planLiveCall(config, TO), { timings: TIMINGS });
}

async function ledger(): Promise<LedgerSnapshot> {
  return (await fetch(`${lab.urls.lab}/lab/ledger`)).json() as Promise<LedgerSnapshot>;
}

const factOf = (facts: readonly FactResult[], name: string) => facts.find(({ fact }) => fact === name);
const unexpected = (facts: readonly FactResult[]) => facts.filter(({ verdict }) => verdict !== 'as expected');

test('the lab behaves as believed: every fact is observed as expected, with one call, and recorded for its owner alone', async () => {
  const { facts, recording } = await live(await environment());
  expect(unexpected(facts)).toEqual([]);
  const { calls } = await ledger();
  expect(calls).toMatchObject([{ to: TO, finalStatus: 'completed', streams: [{ clears: 1 }, {}, {}] }]);
  expect(statSync(recording).mode & 0o777).toBe(0o600);
  const kinds = readFileSync(recording, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).kind);
  expect([...new Set(kinds)].sort()).toEqual(['callback', 'closed', 'ended', 'frame', 'handshake', 'request', 'sent']);
}, 60_000);

test('a carrier that holds the call after a cut connection is reported as different, and an update brings the stream back', async () => {
  const { facts } = await live(await environment({ network: { onAbnormalClose: 'hold' } }));
  expect(unexpected(facts)).toEqual([
    expect.objectContaining({
      fact: 'stream.abnormal-close',
      verdict: 'different',
      seen: expect.stringMatching(/^held in silence.*brought the stream back$/),
    }),
  ]);
}, 60_000);

test('callbacks that come twice are seen, and do not make other facts differ', async () => {
  const { facts } = await live(await environment({ faults: [{ kind: 'callback_duplicate', event: 'ringing' }] }));
  expect(unexpected(facts)).toEqual([expect.objectContaining({ fact: 'status.arrival', verdict: 'different' })]);
}, 60_000);

test.each<[string, ScenarioInput['default']]>([
  ['nobody answers', { kind: 'busy' }],
  ['whoever answers hangs up at once', { kind: 'human', answerAfterMs: 50, steps: [{ orAfterMs: 300, hangUp: true }] }],
])(
  '%s: what was not tried is not observed, and nothing is different',
  async (_, persona) => {
    const { facts } = await live(await environment({ default: persona }));
    expect(facts.filter(({ verdict }) => verdict === 'different')).toEqual([]);
    expect(factOf(facts, 'stream.abnormal-close')).toMatchObject({ verdict: 'not observed' });
    expect(factOf(facts, 'mark.after-clear')).toMatchObject({ verdict: 'not observed' });
  },
  60_000,
);

test('a call that is interrupted is hung up', async () => {
  const config = loadConfig(await environment(), home);
  const interrupt = new AbortController();
  const tell = () => interrupt.abort(new Error('interrupted'));
  await expect(runLiveCall(config, planLiveCall(config, TO), { timings: TIMINGS, tell, signal: interrupt.signal })).rejects.toThrow(
    'interrupted',
  );
  expect((await ledger()).calls).toMatchObject([{ endedBy: 'api' }]);
}, 60_000);

describe('nobody is called', () => {
  test.each([
    ['without credentials', { TWILIO_AUTH_TOKEN: '' }, 'PATTER_CREDENTIAL_MISSING', /TWILIO_AUTH_TOKEN/],
    ['without a public URL', { PATTER_PUBLIC_URL: '' }, 'PATTER_CONFIG_INVALID', /PATTER_PUBLIC_URL/],
    ['without a number to call from', { PATTER_PHONE_NUMBER: '' }, 'PATTER_CONFIG_INVALID', /PATTER_PHONE_NUMBER/],
    ['with a number that is not the account\u2019s', { PATTER_PHONE_NUMBER: '+15005550099' }, 'PATTER_CARRIER_REFUSED', /verified/],
    [
      'with a public URL that leads nowhere',
      { PATTER_PUBLIC_URL: 'http://127.0.0.1:9' },
      'PATTER_CONFIG_INVALID',
      /does not lead to this machine/,
    ],
  ])(
    '%s',
    async (_, change, code, message) => {
      const env = { ...(await environment()), ...change };
      await expect(live(env)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
      expect((await ledger()).calls).toEqual([]);
    },
    30_000,
  );

  test('while a gateway has the port, and where the public URL leads to another server', async () => {
    const other = createServer((_request, response) => response.end('{"ok":true}'));
    const port = await new Promise<number>((resolve) =>
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
    );
    try {
      const env = await environment({}, port);
      await expect(live(env)).rejects.toMatchObject({ code: 'PATTER_PROCESS_FAILED', message: expect.stringContaining('patter down') });
      const elsewhere = { ...env, PATTER_GATEWAY_PORT: String(await freePort()) };
      await expect(live(elsewhere)).rejects.toMatchObject({
        code: 'PATTER_CONFIG_INVALID',
        message: expect.stringContaining('something else'),
      });
      expect((await ledger()).calls).toEqual([]);
    } finally {
      other.closeAllConnections();
      await new Promise((resolve) => other.close(resolve));
    }
  }, 30_000);
});

test('on the command line: without a terminal it asks for --yes; with it, JSON alone is on stdout', async () => {
  const program = await builtProgram();
  const env = await environment();
  const doctor = (...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [program, 'doctor', ...args], { cwd: home, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });
  expect(await doctor('--live', TO)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--yes') });
  expect((await ledger()).calls).toEqual([]);
  const { code, stdout, stderr } = await doctor('--live', TO, '--yes', '--json');
  expect({ code, report: JSON.parse(stdout) }).toMatchObject({ code: 0, report: { ok: true, recording: expect.stringContaining(home) } });
  expect(stderr).toContain('answer it');
}, 180_000);
