/** The documentation's snippets of local mode, run as they are written: real servers, the lab for carrier and AI, people who answer. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { twilioClient } from '../../carriers/twilio/client';
import type { CallEntry, LedgerSnapshot } from '../../lab/ledger';
import { type RunningLab, runLab } from '../../lab/main';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { loadConfig } from '../../runtime/config';
import { withFileLock } from '../../runtime/file-lock';
import { removeLocalPostgres } from '../../runtime/local-postgres';
import { type LocalServers, openLocalServers } from '../../runtime/local-servers';
import { createLogger } from '../../runtime/log';
import * as getpatter from '../../sdk';
import { workflowBundle } from '../../worker/workflow-bundle';
import { until } from '../chaos/until';
import { testHome } from '../support/test-home';
import { presumedBy, runSnippet, type Scope, type Snippet, snippets } from './support/snippets';

const DESK = '+15005550006';
/** Every snippet has it. */
const PORT = 8000;
const WITHIN_MS = 60_000;
const log = createLogger('test', 'error');
const home = mkdtempSync(join(tmpdir(), 'patter-snippets-'));
const before = { ...process.env };
const VOICEMAIL = 'Please leave a message after the beep.';

let lab: RunningLab;
let held: LocalServers;

beforeAll(async () => {
  lab = await runLab({
    baud: 1200,
    seed: 3,
    log,
    scenario: {
      numbers: [DESK, '+16592214527'],
      network: { cps: 50 },
      personas: { asks: { kind: 'human', steps: [{ hear: '/help/', say: 'Thank you, bye.' }, { hangUp: true }] } },
      people: { '+1234567890': { kind: 'voicemail', greeting: VOICEMAIL }, '+15550009876': { kind: 'busy' } },
    },
  });
  Object.assign(process.env, {
    PATTER_HOME: home,
    TWILIO_BASE_URL: lab.urls.lab,
    ...{ TWILIO_ACCOUNT_SID: LAB_ACCOUNT.sid, TWILIO_SID: LAB_ACCOUNT.sid },
    ...{ TWILIO_AUTH_TOKEN: LAB_ACCOUNT.authToken, TWILIO_TOKEN: LAB_ACCOUNT.authToken },
    OPENAI_BASE_URL: `${lab.urls.lab}/v1`,
    ...{ OPENAI_API_KEY: 'lab-openai-key', OPENAI_KEY: 'lab-openai-key' },
    ...{ PHONE_NUMBER: DESK, WEBHOOK_URL: `127.0.0.1:${PORT}` },
  });
  delete process.env.PATTER_PUBLIC_URL;
  await workflowBundle(testHome(), log);
  cpSync(join(testHome(), 'cache'), join(home, 'cache'), { recursive: true });
  // Servers that stay from one snippet to the next.
  held = await openLocalServers({ config: loadConfig({ PATTER_HOME: home }, home), log, headless: true });
}, 120_000);

afterAll(async () => {
  await held?.close();
  await lab?.stop();
  process.env = before;
  await removeLocalPostgres(home);
  rmSync(home, { recursive: true, force: true });
}, 60_000);

/** One program of this machine has the port at a time; other tests don't use it. */
function alone<Result>(run: () => Promise<Result>): Promise<Result> {
  return withFileLock(join(tmpdir(), `patter-test-port-${PORT}.lock`), { timeoutMs: WITHIN_MS }, run);
}

/** Runs a snippet, then what the test wants of it, and disconnects whatever happens. */
async function running(name: string, look: (printed: string[], phone: getpatter.Patter) => Promise<void>): Promise<void> {
  const snippet = snippets().find((one) => one.name === name);
  if (!snippet) throw new Error(`no snippet ${name}`);
  await alone(async () => {
    const phone = new getpatter.Patter();
    const scope: Scope = { phone, agent: phone.agent({ systemPrompt: 'You are the receptionist.', firstMessage: 'How can I help you?' }) };
    const printed: string[] = [];
    let own: getpatter.Patter | undefined;
    // A snippet that presumes a server is one that another snippet has started.
    if (presumedBy(snippet).includes('phone') && !/\bserve\(/.test(snippet.source))
      await phone.serve({ agent: scope.agent as getpatter.Agent, port: PORT });
    try {
      own = (await runSnippet(snippet, { getpatter, 'dotenv/config': {} }, scope, (line) => printed.push(line))).phone as
        | getpatter.Patter
        | undefined;
      await look(printed, own ?? phone);
    } finally {
      await Promise.all([phone.disconnect(), own?.disconnect()]);
    }
  });
}

async function isServing(): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${PORT}/healthz`).catch(() => undefined);
  return response?.ok ?? false;
}

async function callsTo(to: string): Promise<CallEntry[]> {
  const response = await fetch(`${lab.urls.lab}/lab/ledger`);
  return ((await response.json()) as LedgerSnapshot).calls.filter((call) => call.to === to && call.endedAt !== undefined);
}

async function dialIn(from: string, to: string): Promise<CallEntry> {
  const body = JSON.stringify({ from, to, persona: 'asks' });
  const response = await fetch(`${lab.urls.lab}/lab/twilio/inbound`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!response.ok) throw new Error(await response.text());
  return until(async () => (await callsTo(to)).find((call) => call.from === from), { withinMs: WITHIN_MS, what: 'the end of the call' });
}

function heard(call: CallEntry): string {
  return call.heard.map(({ text }) => text).join('');
}

test.each([
  ...['readme-local-mode', 'readme-recording', 'readme-history', 'local-mode-serve', 'api-reference-patter-error'],
  ...['api-reference-connection-error', 'advanced-recording', 'advanced-voicemail', 'events-complete-example', 'advanced-complete-example'],
])(
  '%s serves',
  async (name) => {
    await running(name, async (printed, phone) => {
      expect(await isServing()).toBe(true);
      expect(await phone.ready).toBe(`127.0.0.1:${PORT}`);
      expect(printed.filter((line) => /error/i.test(line))).toEqual([]);
    });
    expect(await isServing()).toBe(false);
  },
  120_000,
);

test('readme-complete-example serves, then calls without an agent, and leaves its message on the voicemail', async () => {
  await running('readme-complete-example', async (printed) => {
    const [call] = await until(async () => ((await callsTo('+1234567890')).length > 0 ? callsTo('+1234567890') : undefined), {
      withinMs: WITHIN_MS,
      what: 'the end of the call',
    });
    expect(heard(call as CallEntry)).toContain('Hi, please call us back at 555-0123.');
    await until(() => printed.some((line) => line.startsWith('Transcript: ')), { withinMs: WITHIN_MS, what: 'onCallEnd' });
  });
}, 120_000);

test('advanced-machine-detection calls with an agent of its own, and a busy line is no error', async () => {
  await running('advanced-machine-detection', async () => {
    await until(async () => (await callsTo('+15550009876')).length > 0, { withinMs: WITHIN_MS, what: 'the end of the call' });
  });
}, 120_000);

test('local-mode-outbound calls when it is ready, and disconnects in order', async () => {
  await running('local-mode-outbound', async () => expect(await isServing()).toBe(false));
}, 120_000);

test('local-mode-complete-example answers, and tells of the call', async () => {
  await running('local-mode-complete-example', async (printed) => {
    const call = await dialIn('+12125550177', DESK);
    expect(heard(call)).toContain('Thank you for calling Acme Corp! How can I help you today?');
    const id = await until(() => /^\[CALL START\] inbound call (\S+)$/m.exec(printed.join('\n'))?.[1], {
      withinMs: WITHIN_MS,
      what: 'onCallStart',
    });
    // Calls of the snippets before may be told of too: this is the same program, restarted.
    await until(() => printed.includes(`[CALL END] ${id}`), { withinMs: WITHIN_MS, what: 'onCallEnd' });
    expect(printed).toEqual(expect.arrayContaining([`  From: +12125550177 -> To: ${DESK}`, '  [user]: Thank you, bye.']));
  });
}, 120_000);

test('advanced-list-recordings lists what advanced-recording has recorded', async () => {
  await running('advanced-recording', async () => {
    await dialIn('+12125550178', DESK);
    const snippet = snippets().find(({ name }) => name === 'advanced-list-recordings');
    // Twilio's own client; the snippet's has its address written in.
    const twilio = (accountSid: string, authToken: string) => twilioClient({ accountSid, authToken, baseUrl: lab.urls.lab });
    await until(
      async () => {
        const lines: string[] = [];
        const modules = { twilio: { __esModule: true, default: twilio }, getpatter };
        const scope = { accountSid: LAB_ACCOUNT.sid, authToken: LAB_ACCOUNT.authToken };
        await runSnippet(snippet as Snippet, modules, scope, (line) => lines.push(line));
        // -1 while it is being processed.
        return lines.find((line) => /^RE\w+ \d+$/.test(line));
      },
      { withinMs: WITHIN_MS, what: 'a recording' },
    );
  });
}, 120_000);
