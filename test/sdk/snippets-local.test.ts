/** The documentation's snippets of local mode, run as they are written: real servers, the lab for carrier and AI, people who answer. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { twilioClient } from '../../carriers/twilio/client';
import type { CallEntry, LedgerSnapshot } from '../../lab/ledger';
import { type RunningLab, runLab } from '../../lab/main';
import { LAB_ACCOUNT } from '../../lab/scenario';
import { loadConfig } from '../../runtime/config';
import { withFileLock } from '../../runtime/file-lock';
import { freePort } from '../../runtime/free-port';
import { removeLocalPostgres } from '../../runtime/local-postgres';
import { type LocalServers, openLocalServers } from '../../runtime/local-servers';
import { createLogger } from '../../runtime/log';
import * as getpatter from '../../sdk';
import { workflowBundle } from '../../worker/workflow-bundle';
import { until } from '../chaos/until';
import { testHome } from '../support/test-home';
import { everySnippetWasRun } from './support/run-in';
import { presumedBy, runSnippet, type Scope, snippetOf } from './support/snippets';

const DESK = '+15005550006';
/** Every snippet has it. */
const PORT = 8000;
const WITHIN_MS = 60_000;
const log = createLogger('test', 'error');
const home = mkdtempSync(join(tmpdir(), 'patter-snippets-'));
const before = { ...process.env };
const MAILBOX = { kind: 'voicemail', greeting: 'Please leave a message after the beep.' } as const;
const full = process.env.PATTER_TEST_MATRIX === 'full';

const HUMAN = { kind: 'human', answerAfterMs: 100, endOfTurnMs: 400 } as const;

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
      personas: {
        asks: { ...HUMAN, steps: [{ hear: '/help|do for you|reminder/', say: 'Thank you, bye.' }, { hangUp: true }] },
        greeted: { ...HUMAN, steps: [{ hear: '/Jane/', hangUp: true }] },
        books: {
          ...HUMAN,
          steps: [
            { hear: '/AI/', say: 'Is the 15th free?' },
            { hear: '/It is free/', hangUp: true },
          ],
        },
        presses: {
          ...HUMAN,
          steps: [
            { hear: '/AI/', press: '1' },
            { hear: '/Sales then/', press: '9' },
            { hear: '/no nine/', hangUp: true },
          ],
        },
        billed: {
          ...HUMAN,
          steps: [
            { hear: '/AI/', say: 'It is about billing.' },
            { hear: '/Billing here/', hangUp: true },
          ],
        },
        billing: {
          ...HUMAN,
          steps: [
            { waitMs: 300, say: 'Billing here.' },
            { orAfterMs: 15_000, hangUp: true },
          ],
        },
        orders: {
          ...HUMAN,
          steps: [
            { hear: '/help/', say: 'My order.' },
            { hear: '/you said/', hangUp: true },
          ],
        },
      },
      people: {
        ...{ '+1234567890': MAILBOX, '+15550009876': MAILBOX, '+12125550120': MAILBOX },
        ...{ '+12125550121': 'greeted', '+12125550122': 'books', '+12125550123': 'presses', '+12125550124': 'billed' },
        ...{ '+12125550125': 'orders', '+15550001111': 'billing' },
      },
      brain: [
        { when: 'the 15th', call: { tool: 'check_availability', args: { date: '2025-06-15' } }, thenSay: 'It is free.' },
        { when: '\\[DTMF: 1\\]', say: 'Sales then.' },
        { when: '\\[DTMF: 9\\]', say: 'There is no nine.' },
        {
          when: 'billing',
          needsTool: 'transfer_call',
          call: { tool: 'transfer_call', args: { reason: 'billing', number: '+15550001111' } },
        },
      ],
    },
  });
  Object.assign(process.env, {
    PATTER_HOME: home,
    TWILIO_BASE_URL: lab.urls.lab,
    ...{ TWILIO_ACCOUNT_SID: LAB_ACCOUNT.sid, TWILIO_SID: LAB_ACCOUNT.sid },
    ...{ TWILIO_AUTH_TOKEN: LAB_ACCOUNT.authToken, TWILIO_TOKEN: LAB_ACCOUNT.authToken },
    OPENAI_BASE_URL: `${lab.urls.lab}/v1`,
    ...{ OPENAI_API_KEY: 'lab-openai-key', OPENAI_KEY: 'lab-openai-key' },
    ...{ DEEPGRAM_BASE_URL: `${lab.urls.lab}/deepgram`, DEEPGRAM_API_KEY: 'lab-deepgram-key' },
    ...{ ELEVENLABS_BASE_URL: `${lab.urls.lab}/elevenlabs`, ELEVENLABS_API_KEY: 'lab-elevenlabs-key' },
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

const MODULES = { getpatter, 'dotenv/config': {} };

/** One program of this machine has the port at a time; other tests don't use it. */
function alone<Result>(run: () => Promise<Result>): Promise<Result> {
  return withFileLock(join(tmpdir(), `patter-test-port-${PORT}.lock`), { timeoutMs: WITHIN_MS }, run);
}

/** Runs a snippet, then what the test wants of it, and disconnects whatever happens. */
async function running(name: string, look: (printed: string[], phone: getpatter.Patter) => Promise<void>): Promise<void> {
  const snippet = snippetOf(name);
  await alone(async () => {
    const phone = new getpatter.Patter();
    const scope: Scope = { phone, agent: phone.agent({ systemPrompt: 'You are the receptionist.', firstMessage: 'How can I help you?' }) };
    const printed: string[] = [];
    let own: getpatter.Patter | undefined;
    // A snippet that presumes a server is one that another snippet has started.
    if (presumedBy(snippet).includes('phone') && !/\bserve\(/.test(snippet.source))
      await phone.serve({ agent: scope.agent as getpatter.Agent, port: PORT });
    try {
      own = (await runSnippet(snippet, MODULES, scope, (line) => printed.push(line))).phone as getpatter.Patter | undefined;
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

/** Ringing ones too. */
async function entriesTo(to: string): Promise<CallEntry[]> {
  const response = await fetch(`${lab.urls.lab}/lab/calls?to=${encodeURIComponent(to)}`);
  return (await response.json()) as CallEntry[];
}

/** @param before how many had ended before */
async function ended(to: string, before = 0): Promise<CallEntry[]> {
  return until(async () => ((await callsTo(to)).length > before ? callsTo(to) : undefined), {
    withinMs: WITHIN_MS,
    what: `the end of a call to ${to}`,
  });
}

/** @param before how many calls to the number had ended before */
async function dialIn(from: string, to: string, before = 0): Promise<CallEntry> {
  const body = JSON.stringify({ from, to, persona: 'asks' });
  const response = await fetch(`${lab.urls.lab}/lab/twilio/inbound`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!response.ok) throw new Error(await response.text());
  return until(async () => (await callsTo(to)).slice(before).find((call) => call.from === from), {
    withinMs: WITHIN_MS,
    what: 'the end of the call',
  });
}

function heard(call: CallEntry): string {
  return call.heard.map(({ text }) => text).join('');
}

/** What each says first, and prints of a call that comes in. */
const SERVING: [name: string, greeting: string, prints: RegExp[], when: 'always' | 'full'][] = [
  ['readme-local-mode', 'Hello! Thanks for calling. How can I help?', [/^Listening for calls\.\.\.$/], 'full'],
  ['readme-recording', 'How can I help you?', [], 'full'],
  [
    'readme-history',
    'How can I help you?',
    [/^\[assistant\] .*How can I help you\?$/, /^\[user\] Thank you, bye\.$/, /^Full history: \[[\s\S]*Thank you, bye\./],
    'always',
  ],
  ['local-mode-serve', 'How can I help you?', [], 'full'],
  ['api-reference-patter-error', 'How can I help you?', [], 'full'],
  ['api-reference-connection-error', 'How can I help you?', [], 'full'],
  [
    'events-complete-example',
    'Hi there! What can I do for you?',
    [
      ...[/^\[START\] Call call_\S+ from \+12125550170 \(inbound\)$/, /^ {2}\[user\]: Thank you, bye\.$/, /^\[END\] Call call_\S+$/],
      ...[/^ {2}Transcript \(\d+ messages\):$/, /^ {4}\[user\]: Thank you, bye\.$/],
    ],
    'always',
  ],
  [
    'advanced-complete-example',
    "Hello! This is Dr. Smith's office calling with an appointment reminder.",
    [/^Calling \+15005550006 for appointment reminder$/, /^Call complete\. \d+ messages exchanged\.$/],
    'always',
  ],
];

test.each(SERVING)(
  '%s serves, and greets who calls (some are called in the full matrix only)',
  async (name, greeting, prints, when) => {
    await running(name, async (printed, phone) => {
      expect(await isServing()).toBe(true);
      expect(await phone.ready).toBe(`127.0.0.1:${PORT}`);
      // Those that serve as another one does are called in the full matrix only.
      if (full || when === 'always') {
        const before = (await callsTo(DESK)).length;
        expect(heard(await dialIn('+12125550170', DESK, before))).toContain(greeting);
        for (const line of prints) {
          await until(() => printed.some((one) => line.test(one)), { withinMs: WITHIN_MS, what: `${line} among ${printed.join('\n')}` });
        }
      }
      expect(printed.filter((line) => /error/i.test(line))).toEqual([]);
    });
    expect(await isServing()).toBe(false);
  },
  120_000,
);

test('advanced-voicemail serves, and leaves its message on a machine that answers', async () => {
  await running('advanced-voicemail', async (_, phone) => {
    expect(await isServing()).toBe(true);
    // The message on a machine is what readme-complete-example shows in every run.
    if (!full) return;
    await phone.call({ to: '+12125550120' });
    const [call] = await ended('+12125550120');
    expect(call?.voicemail).toContain('Hi, please call us back at your earliest convenience.');
  });
}, 120_000);

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

test('local-mode-outbound calls when it is ready, and disconnects in order: its call is made then, or when the program runs again, and once', async () => {
  const before = (await callsTo('+15550009876')).length;
  await running('local-mode-outbound', async () => expect(await isServing()).toBe(false));
  await running('local-mode-serve', async () => {
    expect(await ended('+15550009876', before)).toHaveLength(before + 1);
  });
}, 180_000);

/** Those that name no port, on one server: whom they call, and what they tell. */
describe('on one server', () => {
  const printed: Record<string, string[]> = {};
  const posts: { host: string; url: string | undefined; body: unknown }[] = [];
  let phone: getpatter.Patter;
  let agent: getpatter.Agent;
  let internet: Server;
  /** The longest call, beside the others. */
  let keypad: Promise<CallEntry>;

  /** @returns what the snippet has made */
  function made(name: string, scope: Scope = {}) {
    const lines: string[] = [];
    printed[name] = lines;
    return runSnippet(snippetOf(name), MODULES, { phone, agent, ...scope }, (line) => lines.push(line));
  }

  beforeAll(async () => {
    const port = await freePort();
    phone = new getpatter.Patter({ webhookUrl: `127.0.0.1:${port}` });
    agent = phone.agent({ systemPrompt: 'You are the receptionist.', firstMessage: 'How can I help you?' });
    const [start, end, transcript, history] = await Promise.all(
      ['events-call-start', 'events-call-end', 'events-transcript', 'advanced-history'].map((name) => made(name)),
    );
    await phone.serve(agent, {
      port,
      onCallStart: (event) => start?.onCallStart?.(event) as Promise<void>,
      onCallEnd: (event) => end?.onCallEnd?.(event) as Promise<void>,
      onTranscript: async (event) => {
        await transcript?.onTranscript?.(event);
        await history?.onTranscript?.(event);
      },
    });
    internet = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        posts.push({ host: request.headers.host ?? '', url: request.url, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
        response.setHeader('content-type', 'application/json').end('{"available":true}');
      });
    });
    await new Promise<void>((listening) => internet.listen(0, '127.0.0.1', listening));
    // What goes out to the internet by TLS ends here.
    const { port: at } = internet.address() as AddressInfo;
    jest.spyOn(HttpsAgent.prototype, 'createConnection').mockImplementation(() => connect(at, '127.0.0.1'));
    keypad = calledBy('advanced-keypad', '+12125550123');
    keypad.catch(() => undefined);
  }, 120_000);
  afterAll(async () => {
    jest.restoreAllMocks();
    await phone?.disconnect();
    internet?.closeAllConnections();
    internet?.close();
  }, 60_000);

  async function called(to: string, options: Partial<getpatter.CallOptions>): Promise<CallEntry> {
    const call = await phone.call({ to, machineDetection: false, ...options });
    const [[entry]] = await Promise.all([ended(to), call.result({ timeoutMs: WITHIN_MS })]);
    return entry as CallEntry;
  }

  async function calledBy(name: string, to: string, options: Partial<getpatter.CallOptions> = {}): Promise<CallEntry> {
    return called(to, { agent: (await made(name)).agent as getpatter.Agent, ...options });
  }

  async function machine(): Promise<CallEntry> {
    const before = (await callsTo('+15550009876')).length;
    await made('advanced-machine-detection');
    return (await ended('+15550009876', before)).at(-1) as CallEntry;
  }

  async function pipeline(): Promise<CallEntry> {
    const { onMessage } = await made('events-message', { myLlmHandler: async (text: string) => `you said ${text}` });
    const speaking = phone.agent({
      ...{ systemPrompt: 'You are the receptionist.', firstMessage: 'How can I help you?' },
      ...{ stt: new getpatter.DeepgramSTT(), tts: new getpatter.ElevenLabsTTS() },
    });
    return called('+12125550125', { agent: speaking, onMessage: onMessage as getpatter.CallOptions['onMessage'] });
  }

  test('readme-variables: the greeting and the prompt have Jane’s values; events-call-start prints what call() was given as customParams', async () => {
    expect(heard(await calledBy('readme-variables', '+12125550121', { customParams: { order: '7' } }))).toContain(
      'Hi Jane! How can I help you today?',
    );
    const response = await fetch(`${lab.urls.lab}/lab/ledger`);
    expect(await response.text()).toContain('You are helping Jane, account #A-789.');
    await until(() => printed['events-call-start']?.includes('Custom params: {"order":"7"}'), { withinMs: WITHIN_MS, what: 'onCallStart' });
  }, 90_000);

  test('readme-tools: what the model wants to know is posted to its URL, and the caller hears of it', async () => {
    expect(heard(await calledBy('readme-tools', '+12125550122'))).toContain('It is free.');
    expect(posts).toEqual([expect.objectContaining({ host: 'api.example.com', url: '/availability' })]);
    expect(JSON.stringify(posts[0]?.body)).toContain('2025-06-15');
  }, 90_000);

  test('advanced-transfer: who asks about billing is connected with the number that the prompt names', async () => {
    expect(heard(await calledBy('advanced-transfer', '+12125550124'))).toContain('Billing here.');
    expect(await entriesTo('+15550001111')).toHaveLength(1);
  }, 90_000);

  test('advanced-machine-detection leaves its message on a machine', async () => {
    const { voicemail } = await machine();
    expect(voicemail).toContain('Hi, this is Acme Corp calling about your appointment. Please call us back at 555-000-1234.');
  }, 90_000);

  test('advanced-keypad: every key comes to the agent, also the nine', async () => {
    const call = await keypad;
    expect(heard(call)).toMatch(/Sales then\..*There is no nine\./s);
    expect(call.dtmfPressed).toBe('19');
  }, 90_000);

  test('events-message answers in a pipeline', async () => {
    expect(heard(await pipeline())).toContain('you said My order.');
  }, 90_000);

  test('events-call-start, events-transcript, advanced-history, events-call-end tell of a call', async () => {
    await dialIn('+12125550179', DESK);
    const start = printed['events-call-start'] ?? [];
    const id = await until(() => idBefore(start, 'Caller: +12125550179'), { withinMs: WITHIN_MS, what: 'onCallStart' });
    const at = start.indexOf(`Call started: ${id}`);
    expect(start.slice(at, at + 5)).toEqual([
      ...[`Call started: ${id}`, 'Caller: +12125550179', `Callee: ${DESK}`, 'Direction: inbound', 'Custom params: {}'],
    ]);
    const says = (name: string, line: RegExp) =>
      until(() => printed[name]?.some((one) => line.test(one)), { withinMs: WITHIN_MS, what: `${name}: ${line}` });
    await says('events-transcript', /^\[user\] Thank you, bye\.$/);
    await says('events-transcript', /^\[assistant\] .*How can I help you\?$/);
    await says('advanced-history', /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] user: Thank you, bye\.$/);
    await says('events-call-end', new RegExp(`^Call ended: ${id}$`));
    const end = printed['events-call-end'] ?? [];
    const told = end.slice(end.indexOf(`Call ended: ${id}`) + 1);
    const next = told.findIndex((line) => line.startsWith('Call ended'));
    expect(told.slice(0, next === -1 ? undefined : next)).toContain('  [user]: Thank you, bye.');
  }, 90_000);
});

/** Of the call whose caller was printed in the line. */
function idBefore(lines: readonly string[], caller: string): string | undefined {
  return /^Call started: (\S+)$/.exec(lines[lines.indexOf(caller) - 1] ?? '')?.[1];
}

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
    // Twilio's own client; the snippet's has its address written in.
    const twilio = (accountSid: string, authToken: string) => twilioClient({ accountSid, authToken, baseUrl: lab.urls.lab });
    await until(
      async () => {
        const lines: string[] = [];
        const modules = { twilio: { __esModule: true, default: twilio }, getpatter };
        const scope = { accountSid: LAB_ACCOUNT.sid, authToken: LAB_ACCOUNT.authToken };
        await runSnippet(snippetOf('advanced-list-recordings'), modules, scope, (line) => lines.push(line));
        // -1 while it is being processed.
        return lines.find((line) => /^RE\w+ \d+$/.test(line));
      },
      { withinMs: WITHIN_MS, what: 'a recording' },
    );
  });
}, 120_000);

everySnippetWasRun('snippets-local.test.ts');
