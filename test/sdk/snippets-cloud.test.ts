/** The documentation's snippets of cloud mode, run as they are written: a backend of our own on the lab. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCarriers } from '../../carriers';
import { type OpenControlContext, openControlContext } from '../../control/context';
import { createApiKey } from '../../control/keys/api-keys';
import { runControl } from '../../control/main';
import type { CallEntry, LedgerSnapshot } from '../../lab/ledger';
import { type RunningLab, runLab } from '../../lab/main';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { runGateway } from '../../media-gateway/main';
import { loadConfig } from '../../runtime/config';
import { withFileLock } from '../../runtime/file-lock';
import { createLogger } from '../../runtime/log';
import type { Running } from '../../runtime/running';
import * as getpatter from '../../sdk';
import { runWorker } from '../../worker/main';
import { workflowBundle } from '../../worker/workflow-bundle';
import { until } from '../chaos/until';
import { createTestDatabase, type TestDatabase } from '../support/postgres';
import { startTestTemporal } from '../support/temporal';
import { testHome } from '../support/test-home';
import { runSnippet, type Scope, snippets } from './support/snippets';

/** The number of "Custom Voice". */
const DESK = '+14155550000';
/** The backend's port in "Custom Voice". */
const PORT = 8000;
const WITHIN_MS = 60_000;
const log = createLogger('test', 'error');
const home = mkdtempSync(join(tmpdir(), 'patter-cloud-snippets-'));
const before = { ...process.env };
const running: Running[] = [];

let lab: RunningLab;
let database: TestDatabase;
let ctx: OpenControlContext;
let release: () => void;

beforeAll(async () => {
  // One program of this machine has the port at a time.
  await new Promise<void>((resolve, reject) => {
    const file = join(tmpdir(), `patter-test-port-${PORT}.lock`);
    const held = new Promise<void>((done) => {
      release = done;
    });
    withFileLock(file, { timeoutMs: 2 * WITHIN_MS }, () => {
      resolve();
      return held;
    }).catch(reject);
  });
  lab = await runLab({
    baud: 1200,
    seed: 3,
    log,
    scenario: {
      numbers: [DESK],
      network: { cps: 50 },
      personas: {
        asks: {
          kind: 'human',
          steps: [
            { hear: '/assistant/', say: 'What are your hours please?' },
            { hear: '/9 to 5|You said: What/', orAfterMs: 8_000, hangUp: true },
          ],
        },
        listens: { kind: 'human', steps: [{ hear: '/reminder from Acme/', hangUp: true }] },
      },
      people: { '+14155551234': ['listens', { kind: 'busy' }] },
    },
  });
  database = await createTestDatabase();
  const temporal = await startTestTemporal();
  const url = lab.urls.lab as string;
  const config = loadConfig(
    {
      ...{ PATTER_HOME: home, PATTER_DATABASE_URL: database.url, PATTER_WORKER_VERSIONING: 'off', PATTER_LOG_LEVEL: 'error' },
      ...{ TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace, PATTER_TASK_QUEUE: temporal.taskQueue },
      ...{ PATTER_ENCRYPTION_KEY: randomBytes(32).toString('base64'), PATTER_SECRET_KEY: 'a-secret-of-all-processes' },
      ...{ PATTER_GATEWAY_PORT: '0', PATTER_CONTROL_PORT: String(PORT), PATTER_CONTROL_HOST: 'localhost' },
      ...{
        TWILIO_BASE_URL: url,
        OPENAI_BASE_URL: `${url}/v1`,
        DEEPGRAM_BASE_URL: `${url}/deepgram`,
        ELEVENLABS_BASE_URL: `${url}/elevenlabs`,
      },
    },
    home,
  );
  await workflowBundle(testHome(), log);
  cpSync(join(testHome(), 'cache'), join(home, 'cache'), { recursive: true });
  const control = await runControl(config, { backend: { carriersOf: createCarriers } });
  running.push(control);
  const reached = { ...config, PATTER_CONTROL_URL: control.urls.api as string };
  running.push(await runWorker(reached), await runGateway(reached));
  ctx = await openControlContext(config, log);
  Object.assign(process.env, {
    PATTER_API_KEY: (await createApiKey(ctx, { tenantId: 'acme' })).secret,
    ...{ PATTER_BACKEND_URL: `ws://localhost:${PORT}`, PATTER_REST_URL: `http://localhost:${PORT}` },
    ...{ TWILIO_ACCOUNT_SID: LAB_ACCOUNT.sid, TWILIO_AUTH_TOKEN: LAB_ACCOUNT.authToken },
    ...{ DEEPGRAM_API_KEY: 'lab-deepgram-key', ELEVENLABS_API_KEY: 'lab-elevenlabs-key' },
  });
}, 180_000);

afterAll(async () => {
  process.env = before;
  for (const one of running.reverse()) await one.stop();
  await ctx?.close();
  await lab?.stop();
  await database?.drop();
  rmSync(home, { recursive: true, force: true });
  release?.();
}, 60_000);

async function runs(
  name: string,
  scope: Scope,
  look: (printed: string[], phone: getpatter.Patter | undefined) => Promise<void>,
): Promise<void> {
  const snippet = snippets().find((one) => one.name === name);
  if (!snippet) throw new Error(`no snippet ${name}`);
  const printed: string[] = [];
  const { phone } = await runSnippet(snippet, { getpatter }, scope, (line) => printed.push(line));
  try {
    await look(printed, phone as getpatter.Patter | undefined);
  } finally {
    await (phone as getpatter.Patter | undefined)?.disconnect();
  }
}

async function callsOf(one: (call: CallEntry) => boolean): Promise<CallEntry[]> {
  const { calls } = (await (await fetch(`${lab.urls.lab}/lab/ledger`)).json()) as LedgerSnapshot;
  return calls.filter((call) => call.endedAt !== undefined && one(call));
}

async function dialIn(from: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ from, to: DESK, persona: 'asks' });
  const response = await fetch(`${lab.urls.lab}/lab/twilio/inbound`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(await response.text());
  const call = await until(async () => (await callsOf((entry) => entry.from === from))[0], {
    withinMs: WITHIN_MS,
    what: 'the end of the call',
  });
  return call.heard.map(({ text }) => text).join('');
}

test('readme-custom-voice brings a number with its accounts', async () => {
  await runs('readme-custom-voice', { agent: async () => 'Hello.' }, async () => {
    expect((await ctx.store.lines.get('acme', DESK))?.spec.agent.engine).toMatchObject({
      ...{ type: 'pipeline', stt: { provider: 'deepgram' }, tts: { provider: 'elevenlabs', voice: 'rachel' } },
    });
  });
}, 120_000);

test('readme-quickstart answers who calls', async () => {
  await runs('readme-quickstart', {}, async () => {
    expect(await dialIn('+12125550101')).toContain('You said: What are your hours please');
  });
}, 120_000);

test('readme-inbound answers, and tells of the call', async () => {
  await runs('readme-inbound', {}, async (printed) => {
    expect(await dialIn('+12125550102')).toContain('open Monday through Friday');
    await until(() => printed.includes('Call ended'), { withinMs: WITHIN_MS, what: 'onCallEnd' });
    expect(printed).toContain('Call from +12125550102');
  });
}, 120_000);

test('readme-outbound calls, and says its first message; readme-machine-detection meets a busy line', async () => {
  await runs('readme-outbound', {}, async (_, phone) => {
    const to = (call: CallEntry) => call.to === '+14155551234';
    const call = await until(async () => (await callsOf(to))[0], { withinMs: WITHIN_MS, what: 'the end of the call' });
    expect(call.heard.map(({ text }) => text).join('')).toContain('this is an automated reminder from Acme Corp.');
    // The number is free again once the call is settled.
    await until(
      async () => {
        await runs('readme-machine-detection', { phone }, async () => {});
        return (await callsOf(to)).length >= 2;
      },
      { withinMs: WITHIN_MS, what: 'the second call', everyMs: 1_000 },
    );
  });
}, 120_000);
