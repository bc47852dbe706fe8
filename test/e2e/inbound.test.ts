/** People call our numbers: an agent answers, the record says who called, and nothing that dies or comes twice is heard by them. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createCarriers, requireCarrier } from '../../carriers';
import { inboundCallId } from '../../contracts/call-id';
import type { CarrierName } from '../../contracts/carrier';
import { inboundDigest } from '../../contracts/ids';
import type { LineFile } from '../../contracts/line';
import { lineFileSchema } from '../../contracts/line';
import { configureNumber, lineCalls, setLine } from '../../control/lines/lines';
import type { CallEntry } from '../../lab/ledger';
import type { PersonaInput } from '../../lab/persona';
import { listProcessStates } from '../../runtime/process-files';
import type { AttemptRow } from '../../store/store';
import { until } from '../chaos/until';
import { builtProgram } from '../support/built';
import { startWorld, type World } from './world';

const DESK = '+15005550006';
const SALES = '+15005550007';
const NOBODY = '+15005550008';
const ABROAD = '+15005550009';
const WITHHELD = '+266696687';
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLwSw';
const WITHIN_MS = 60_000;

const ASKS: PersonaInput = {
  kind: 'human',
  steps: [
    { hear: '/help you/', say: 'What are your opening hours please?' },
    { hear: '/eight to six/', say: 'Thank you, goodbye.' },
    { hear: '/bye|welcome|day/i', orAfterMs: 6_000, hangUp: true },
  ],
};

const WORDS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const DICTATES: PersonaInput = {
  kind: 'human',
  patienceMs: 30_000,
  steps: [
    ...WORDS.map((word) => ({ hear: '/help you|noted|there|go on/i', waitMs: 200, say: `Item ${word}.` })),
    { hear: '/noted|there|go on/i', say: 'That was all, goodbye.' },
    { hear: '/bye/i', orAfterMs: 6_000, hangUp: true },
  ],
};

let world: World;

beforeAll(async () => {
  world = await startWorld({
    numbers: [DESK, SALES, NOBODY, ABROAD],
    personas: { asks: ASKS, dictates: DICTATES },
    brain: [
      { when: 'opening hours', say: 'We are open from eight to six.' },
      { when: 'item \\w+', say: 'Noted, please go on.' },
    ],
  });
  await setLine(world.ctx, lineFileSchema.parse(lineFile(DESK, 'desk', 'Acme Dental')));
  await setLine(world.ctx, lineFileSchema.parse(lineFile(SALES, 'sales', 'the sales department')));
  for (const number of [DESK, SALES, NOBODY]) await configureNumber(carrier(), { number, publicUrls: await gatewayUrls(), force: false });
}, 300_000);
afterAll(() => world?.stop(), 60_000);

test('a caller talks with the agent of the number; the record, the webhook and the command line tell of it', async () => {
  const call = await ended(await dial({ from: '+12125550101', to: DESK, persona: 'asks', sipHeaders: { 'X-Customer-Id': '7734' } }));
  expect(heard(call)).toMatch(
    /^This is an AI assistant\. ?Acme Dental for customer 7734, how can I help you\? ?We are open from eight to six\./,
  );
  expect(call.errors).toEqual([]);

  const record = await settled(call.callSid);
  expect(record).toMatchObject({
    direction: 'inbound',
    outcome: 'completed',
    toNumber: '+12125550101',
    fromNumber: DESK,
    carrierCallId: call.callSid,
    variables: { customer_id: '7734', caller: '+12125550101', called: DESK },
  });
  expect(record.turns.filter((turn) => turn.role === 'user').map((turn) => turn.text)).toEqual(call.said.map(({ text }) => text));
  expect(
    record.turns
      .filter((turn) => turn.role === 'assistant')
      .map((turn) => turn.text)
      .join(' '),
  ).toContain('We are open from eight to six.');
  expect(record.costLines.map(({ label }) => label)).toContain('Twilio inbound minutes');
  // Not a phone number of the record: a derived id.
  expect(record.callId).toBe(inboundCallId(inboundDigest('twilio', call.callSid)));

  const told = await until(
    async () =>
      (await world.ledger()).webhooks.find((webhook) => (webhook.body as { data: { callId: string } }).data.callId === record.callId),
    { withinMs: WITHIN_MS, what: 'the webhook' },
  );
  expect(told).toMatchObject({
    verified: true,
    duplicates: 0,
    body: { type: 'call.ended', data: { direction: 'inbound', phone: '+12125550101', campaign: 'desk', outcome: 'completed' } },
  });
  expect(await patter('numbers', 'calls', DESK)).toContainEqual(
    expect.objectContaining({ callId: record.callId, from: '+12125550101', outcome: 'completed' }),
  );

  // What Temporal was given at the start tells nobody who called whom.
  const handle = world.ctx.temporal.workflow.getHandle(record.callId);
  const { events } = await handle.fetchHistory();
  const input = JSON.stringify(
    events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.map(({ data }) => Buffer.from(data ?? []).toString()),
  );
  expect(input).toContain(record.callId);
  expect([record.toNumber, DESK, '7734'].filter((secret) => input.includes(secret.replace('+', '')))).toEqual([]);
}, 120_000);

test('a line is set, listed and removed on the command line, and a wrong file is explained', async () => {
  const file = join(world.home, 'line.yaml');
  writeFileSync(file, JSON.stringify({ ...lineFile(NOBODY, 'nobody', 'Nobody'), postCall: undefined }));
  expect(await patter('numbers', 'set', file)).toMatchObject({ how: 'made', number: NOBODY, carrier: 'twilio' });
  expect(await patter('numbers', 'set', file)).toMatchObject({ how: 'changed' });
  expect(await patter('numbers', 'configure', NOBODY)).toMatchObject({ how: 'already', number: NOBODY });
  expect(await patter('numbers', 'list')).toContainEqual(expect.objectContaining({ number: NOBODY, name: 'nobody' }));
  expect(await patter('campaign', 'list')).toEqual([]);
  expect(await patter('numbers', 'remove', NOBODY)).toEqual({ number: NOBODY });
  expect(await patter('numbers', 'calls', NOBODY)).toMatchObject({ error: { code: 'PATTER_LINE_NOT_FOUND' } });
  writeFileSync(file, JSON.stringify({ name: 'nobody', number: '911', contacts: 'x.csv' }));
  expect(await patter('numbers', 'set', file)).toMatchObject({
    error: {
      code: 'PATTER_LINE_FILE_INVALID',
      details: {
        problems: expect.arrayContaining([expect.objectContaining({ field: 'number' }), expect.objectContaining({ field: 'contacts' })]),
      },
    },
  });
}, 120_000);

test('two numbers have two agents, at the same time', async () => {
  const [desk, sales] = await Promise.all([
    dial({ from: '+12125550102', to: DESK, persona: 'asks' }).then(ended),
    dial({ from: '+12125550103', to: SALES, persona: 'asks' }).then(ended),
  ]);
  expect(heard(desk)).toContain('Acme Dental for customer');
  expect(heard(sales)).toContain('the sales department for customer');
  expect(heard(sales)).not.toContain('Acme');
}, 120_000);

test('peer defect 21: a webhook that comes again, from either carrier, opens no second session and is answered alike', async () => {
  await setLine(world.ctx, lineFileSchema.parse({ ...lineFile(ABROAD, 'abroad', 'Acme Overseas'), carrier: 'telnyx' }));
  const at = { number: ABROAD, publicUrls: await gatewayUrls(), force: false };
  expect(await configureNumber(carrier('telnyx'), at)).toMatchObject({ how: 'changed', alsoMoved: expect.stringContaining('application') });
  const from = '+12125550104';
  const [sid, ccid] = await Promise.all([
    dial({ from, to: DESK, persona: 'asks', repeats: 3 }),
    dialTelnyx({ from, to: ABROAD, persona: 'asks', repeats: 3 }),
  ]);
  const calls = await Promise.all([sid, ccid].map(ended));
  const ledger = await world.ledger();
  const repeats = (ledger.notes.repeated_announcements ?? []) as { callSid: string; status: number; body: string }[];
  const answers = repeats.filter((repeat) => repeat.callSid === sid);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  const told = ledger.callbacks.filter(({ callSid, event }) => callSid === ccid && event === 'call.initiated');
  expect(told.map(({ status, attempts }) => ({ status, attempts }))).toEqual(Array(4).fill({ status: 204, attempts: 1 }));
  for (const call of calls) {
    expect(call.streams).toHaveLength(1);
    expect(heard(call).match(/how can I help you/g)).toHaveLength(1);
  }
  for (const [id, by, number] of [[sid, 'twilio', DESK] as const, [ccid, 'telnyx', ABROAD] as const]) {
    await settled(id, by);
    const { calls: known } = await lineCalls(world.ctx, number, 100);
    expect(known.filter(({ toNumber }) => toNumber === from)).toHaveLength(1);
  }
}, 120_000);

test('one caller twice at once, and two who withhold their number: each call has its own record', async () => {
  const callers = ['+12125550105', '+12125550105', WITHHELD, WITHHELD];
  const sids = await Promise.all(
    callers.map((from, index) => dial({ from, to: DESK, persona: 'asks', sipHeaders: { 'X-Customer-Id': `c${index}` } })),
  );
  const calls = await Promise.all(sids.map(ended));
  for (const [index, call] of calls.entries()) expect(heard(call)).toContain(`for customer c${index}, how can I help`);
  const records = await Promise.all(sids.map((sid) => settled(sid)));
  expect(records.map(({ outcome, toNumber }) => [outcome, toNumber])).toEqual([
    ['completed', '+12125550105'],
    ['completed', '+12125550105'],
    ['completed', 'anonymous'],
    ['completed', 'anonymous'],
  ]);
  expect(new Set(records.map(({ contactId }) => contactId)).size).toBe(3);
  const progress = await world.ctx.store.campaigns.progress(records[0]!.campaignId);
  expect(progress).toMatchObject({ waiting: 0, active: 0 });
}, 120_000);

test('a call to a Telnyx number is answered as well, and an unknown number there is rejected', async () => {
  const at = { number: ABROAD, publicUrls: await gatewayUrls(), force: false };
  // An earlier test has told Telnyx.
  expect(await configureNumber(carrier('telnyx'), at)).toMatchObject({
    how: 'already',
    before: expect.stringContaining('/telnyx/inbound'),
  });
  const call = await ended(
    await dialTelnyx({
      ...{ from: '+12125550110', to: ABROAD, persona: 'asks' },
      ...{ sipHeaders: { 'X-Customer-Id': '7734' }, callerName: 'ANN LEE' },
    }),
  );
  expect(heard(call)).toMatch(/Acme Overseas for customer 7734, how can I help you\? ?We are open from eight to six\./);
  expect(call.streams).toHaveLength(1);
  expect(await settled(call.callSid, 'telnyx')).toMatchObject({
    ...{ outcome: 'completed', carrier: 'telnyx', toNumber: '+12125550110' },
    variables: { customer_id: '7734', caller_name: 'ANN LEE', caller: '+12125550110', called: ABROAD },
  });

  const refused = await ended(await dialTelnyx({ from: '+12125550111', to: NOBODY, persona: 'asks' }));
  expect(refused.answeredAt).toBeUndefined();
}, 120_000);

test('a number without a line is refused before anybody answers', async () => {
  const call = await ended(await dial({ from: '+12125550106', to: NOBODY, persona: 'asks' }));
  expect(call.answeredAt).toBeUndefined();
  expect(call).toMatchObject({ finalStatus: 'no-answer', sipCode: 603 });
}, 60_000);

test('a caller whose gateway is killed goes on with another one', async () => {
  const sid = await dial({ from: '+12125550107', to: SALES, persona: 'dictates' });
  await until(async () => heard(await entry(sid)).includes('Noted'), { withinMs: WITHIN_MS, what: 'the talk' });
  const { streams } = await entry(sid);
  await killGatewayOf(streams[0]!.url);
  const call = await ended(sid);
  expect(call.endedBy).toMatch(/callee|api/);
  expect(call.said.map(({ text }) => text)).toEqual([...WORDS.map((word) => `Item ${word}.`), 'That was all, goodbye.']);
  expect(call.streams.length).toBeGreaterThan(1);
  expect(await settled(sid)).toMatchObject({ outcome: 'completed' });
}, 120_000);

test('a call that comes in while no worker is there rings until one is', async () => {
  const workers = listProcessStates(world.home).filter(({ role }) => role.startsWith('worker'));
  const stopped = workers.map(({ pid }) => pid);
  for (const pid of stopped) process.kill(pid, 'SIGSTOP');
  const sids = await Promise.all([
    dial({ from: '+12125550108', to: DESK, persona: 'asks' }),
    dialTelnyx({ from: '+12125550109', to: ABROAD, persona: 'asks' }),
  ]);
  try {
    for (const sid of sids) {
      await until(async () => (await entry(sid)).rings.length > 0, { withinMs: WITHIN_MS, what: 'ringing' });
      const asked = () => waitingCalls().includes(sid);
      await until(asked, { withinMs: WITHIN_MS, what: 'the gateway being told to wait', everyMs: 200 });
    }
    for (const sid of sids) expect((await entry(sid)).answeredAt).toBeUndefined();
  } finally {
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
  }
  for (const [index, by] of (['twilio', 'telnyx'] as const).entries()) {
    const call = await ended(sids[index] as string);
    expect(heard(call)).toContain('We are open from eight to six.');
    expect(await settled(call.callSid, by)).toMatchObject({ outcome: 'completed' });
  }
}, 120_000);

test('the carrier is not told anything silently over something else', async () => {
  const numbers = [{ number: SALES, publicUrls: ['https://elsewhere.example.com'], force: false }] as const;
  await expect(configureNumber(carrier(), numbers[0])).rejects.toMatchObject({
    code: 'PATTER_NUMBER_TAKEN',
    message: expect.stringContaining('/twilio/voice'),
  });
  expect(await configureNumber(carrier(), { number: SALES, publicUrls: await gatewayUrls(), force: false })).toMatchObject({
    how: 'already',
  });
  await expect(configureNumber(carrier(), { number: '+15005559999', publicUrls: await gatewayUrls(), force: true })).rejects.toMatchObject({
    code: 'PATTER_NUMBER_NOT_OWNED',
  });
}, 60_000);

/** The command line as an operator has it; its JSON, of an error too. */
async function patter(...args: string[]): Promise<unknown> {
  const program = await builtProgram();
  const env = { ...process.env, PATTER_HOME: world.home };
  const run = promisify(execFile)(process.execPath, [program, ...args, '--json'], { cwd: world.home, env });
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  return JSON.parse(stdout);
}

function lineFile(number: string, name: string, who: string): LineFile {
  return {
    name,
    number,
    agent: {
      engine: { type: 'openai-realtime' },
      systemPrompt: `You are the receptionist of ${who}.`,
      disclosure: 'This is an AI assistant.',
      firstMessage: `${who} for customer {customer_id}, how can I help you?`,
    },
    postCall: { webhooks: [{ url: `${world.stack.labUrl}/lab/webhooks/crm?secret=${encodeURIComponent(SECRET)}`, secret: SECRET }] },
  };
}

function carrier(name: CarrierName = 'twilio') {
  return requireCarrier(createCarriers(world.stack.config), name);
}

async function gatewayUrls(): Promise<string[]> {
  const live = await world.ctx.store.gateways.live(new Date());
  return live.map(({ publicUrl }) => publicUrl).sort();
}

async function dial(call: {
  from: string;
  to: string;
  persona: string;
  repeats?: number;
  sipHeaders?: Record<string, string>;
}): Promise<string> {
  const { callSid } = await send(`${world.stack.labUrl}/lab/twilio/inbound`, { body: call });
  return callSid as string;
}

async function dialTelnyx(call: {
  from: string;
  to: string;
  persona: string;
  repeats?: number;
  sipHeaders?: Record<string, string>;
  callerName?: string;
}): Promise<string> {
  const { callControlId } = await send(`${world.stack.labUrl}/lab/telnyx/inbound`, { body: call });
  return callControlId as string;
}

async function send(url: string, { body }: { body: unknown }): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

async function entry(sid: string): Promise<CallEntry> {
  const found = (await world.ledger()).calls.find(({ callSid }) => callSid === sid);
  if (!found) throw new Error(`the lab knows no call ${sid}`);
  return found;
}

async function ended(sid: string): Promise<CallEntry> {
  return until(async () => [await entry(sid)].find(({ endedAt }) => endedAt !== undefined), {
    withinMs: WITHIN_MS,
    what: `the end of ${sid}`,
    everyMs: 100,
  });
}

async function settled(sid: string, by: CarrierName = 'twilio'): Promise<AttemptRow> {
  const callId = inboundCallId(inboundDigest(by, sid));
  return until(async () => [await world.ctx.store.attempts.get(callId)].find((row) => row?.state === 'ended'), {
    withinMs: WITHIN_MS,
    what: `the record of ${sid}`,
    everyMs: 100,
  });
}

function heard(call: CallEntry): string {
  return call.heard.map(({ text }) => text).join('');
}

/** By the port that the stream went to. */
async function killGatewayOf(streamUrl: string): Promise<void> {
  const { host } = new URL(streamUrl);
  const gateway = listProcessStates(world.home).find(({ urls }) => Object.values(urls ?? {}).some((url) => new URL(url).host === host));
  if (!gateway) throw new Error(`no gateway at ${host}`);
  process.kill(gateway.pid, 'SIGKILL');
}

/** The carriers' ids of those that a gateway had no answer for yet. */
function waitingCalls(): string[] {
  const folder = join(world.home, 'logs');
  return readdirSync(folder)
    .filter((file) => file.startsWith('gateway'))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
    .filter((line) => line.includes('a call that came in waits for Temporal'))
    .map((line) => (JSON.parse(line.slice(line.indexOf('{'))) as { carrierCallId: string }).carrierCallId);
}
