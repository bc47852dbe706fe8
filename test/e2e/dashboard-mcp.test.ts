/** The two faces of a stack that are neither command line nor SDK: the dashboard in a real browser, and the tools of `patter mcp` over real stdio. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { Browser, Page } from 'playwright-core';
import { createApiKey } from '../../control/keys/api-keys';
import { until } from '../chaos/until';
import { findBrowser, openBrowser } from '../support/browser';
import { builtProgram } from '../support/built';
import { phoneOf, startWorld, type World } from './world';

const FROM = '+15005550006';
const [TALKS, LISTENS, STRANGER, FIRST, SECOND] = [0, 1, 2, 3, 4].map(phoneOf) as [string, string, string, string, string];
const WITHIN_MS = 60_000;
const browserFile = findBrowser();

let world: World;
const clients: Client[] = [];
beforeAll(async () => {
  world = await startWorld(
    {
      personas: {
        talks: {
          kind: 'human',
          steps: [
            { hear: '/suit you/', say: 'Which day is it?' },
            { hear: '/Tuesday/', say: 'Good, thank you.' },
            { waitMs: 1_000, hangUp: true },
          ],
        },
        listens: { kind: 'human', patienceMs: 200_000, steps: [{ hear: '/never said/', orAfterMs: 180_000, hangUp: true }] },
      },
      people: { [TALKS]: 'talks', [LISTENS]: 'listens', [FIRST]: { kind: 'busy' }, [SECOND]: { kind: 'busy' } },
      brain: [{ when: 'which day', say: 'It is on Tuesday.' }],
    },
    { gateways: 1 },
  );
}, 180_000);
afterAll(async () => {
  for (const client of clients) await client.close();
  await world?.stop();
}, 60_000);

/** As an assistant's configuration has it: a command and its environment. */
async function connect(program: 'patter.js' | 'patter-mcp.js', env: Record<string, string>): Promise<Client> {
  const file = join(dirname(await builtProgram()), program);
  const { PATH = '', HOME = '' } = process.env;
  const client = new Client({ name: 'test', version: '1' });
  clients.push(client);
  const args = [file, ...(program === 'patter.js' ? ['mcp'] : [])];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env: { PATH, HOME, ...env }, cwd: world.home }));
  return client;
}
/** What the tests read of answers. */
interface Answer {
  callId: string;
  campaignId: string;
  status: string;
  progress: { attempts: number };
  [field: string]: unknown;
}
async function use(client: Client, name: string, args: Record<string, unknown>): Promise<Answer> {
  const result = (await client.callTool({ name, arguments: args })) as CallToolResult;
  const [content] = result.content;
  if (content?.type !== 'text') throw new Error('no text');
  // What does not fit a tool's schema is refused by the protocol's package, in its own words.
  const answer = content.text.startsWith('{') ? (JSON.parse(content.text) as object) : { message: content.text };
  return { ...answer, ...(result.isError && { isError: true }) } as Answer;
}
const apiUrl = () => world.stack.urls().control?.api as string;

test('patter mcp: nobody is called before what was shown is confirmed; a call is watched to its end and read', async () => {
  const client = await connect('patter.js', { PATTER_HOME: world.home });
  const names = (await client.listTools()).tools.map(({ name }) => name).sort();
  expect(names).toEqual(
    [
      ...['make_call', 'get_call', 'get_transcript', 'hang_up', 'list_calls'],
      ...['start_campaign', 'campaign_status', 'campaign_report', 'edit_campaign', 'pause_campaign', 'resume_campaign', 'cancel_campaign'],
    ].sort(),
  );
  const call = {
    ...{ to: TALKS, from: FROM, goal: 'You are the assistant of Acme Dental. The appointment is on Tuesday.' },
    firstMessage: 'You have an appointment. Does it suit you?',
  };
  expect(await use(client, 'make_call', { ...call, confirm: true })).toMatchObject({ placed: false, preview: { to: TALKS } });
  expect(await use(client, 'make_call', { ...call, to: STRANGER, confirm: true })).toMatchObject({ placed: false });
  expect(await world.calls(TALKS)).toEqual([]);
  const placed = await use(client, 'make_call', { ...call, confirm: true });
  expect(placed).toMatchObject({ placed: true, existing: false });
  const { callId } = placed;
  expect(await use(client, 'make_call', { ...call, confirm: true })).toMatchObject({ placed: false });

  expect((await use(client, 'get_call', { callId, waitFor: 'change' })).status).toMatch(/queued|dialing|ringing|in-progress/);
  const said: string[] = [];
  const ended = await client.callTool({ name: 'get_call', arguments: { callId, waitFor: 'end' } }, undefined, {
    onprogress: ({ message }) => void said.push(String(message)),
  });
  expect(JSON.stringify(ended.content)).toContain('completed');
  expect(said).toContain('in-progress');
  const { transcript } = await use(client, 'get_transcript', { callId });
  expect(transcript).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ speaker: 'agent', text: expect.stringContaining('Does it suit you?') }),
      expect.objectContaining({ speaker: 'person', text: expect.stringContaining('Which day') }),
      expect.objectContaining({ speaker: 'agent', text: expect.stringContaining('on Tuesday') }),
    ]),
  );
  expect(await use(client, 'hang_up', { callId })).toMatchObject({ error: 'PATTER_CALL_ENDED', isError: true });
  expect((await use(client, 'list_calls', {})).calls).toEqual([expect.objectContaining({ callId, outcome: 'completed', to: TALKS })]);
  expect(await world.calls(TALKS)).toHaveLength(1);
  expect(await world.calls(STRANGER)).toEqual([]);
}, 120_000);

test('patter-mcp with an API key and a list of numbers calls those and nobody else; a call is hung up, a campaign run and steered', async () => {
  const { secret } = await createApiKey(world.ctx, { number: FROM });
  const env = { PATTER_API_KEY: secret, PATTER_REST_URL: apiUrl(), PATTER_MCP_ALLOWED_NUMBERS: `${LISTENS}, ${FIRST}, ${SECOND}` };
  const client = await connect('patter-mcp.js', env);
  const call = { goal: 'You are the assistant of Acme Dental.', firstMessage: 'Please hold the line.' };
  expect(await use(client, 'make_call', { ...call, to: STRANGER, confirm: true })).toMatchObject({
    error: 'PATTER_FORBIDDEN',
    isError: true,
  });
  expect(await use(client, 'make_call', { ...call, to: 'my sister' })).toMatchObject({
    isError: true,
    message: expect.stringContaining('E.164'),
  });
  const { callId } = await use(client, 'make_call', { ...call, to: LISTENS, idempotencyKey: 'hold' });
  expect(await use(client, 'make_call', { ...call, to: LISTENS, idempotencyKey: 'hold' })).toMatchObject({ callId, existing: true });
  await until(async () => (await use(client, 'get_call', { callId })).status === 'in-progress', {
    withinMs: WITHIN_MS,
    what: 'the answer',
  });
  if (browserFile) await inBrowser((browser) => seeLiveCall(browser, callId));
  else process.stderr.write('No Chromium on this machine: the dashboard was not looked at.\n');
  await use(client, 'hang_up', { callId, say: 'Goodbye.' });
  expect(await use(client, 'get_call', { callId, waitFor: 'end' })).toMatchObject({ status: 'ended', outcome: 'completed', from: FROM });

  const campaign = {
    ...{ name: 'mcp', from: [FROM], window: { start: '00:00', end: '24:00' }, retry: { maxAttempts: 3, busy: '1h' } },
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'You call {first_name}.' },
  };
  const contacts = [
    { phone: FIRST, first_name: 'Ada' },
    { phone: SECOND, first_name: 'Bob' },
  ];
  expect(await use(client, 'start_campaign', { campaign, contacts: [...contacts, { phone: STRANGER, first_name: 'Eve' }] })).toMatchObject({
    error: 'PATTER_FORBIDDEN',
  });
  expect(await use(client, 'start_campaign', { campaign: { ...campaign, retry: { maxAttempts: 'many' } }, contacts })).toMatchObject({
    error: 'PATTER_CAMPAIGN_FILE_INVALID',
  });
  const started = await use(client, 'start_campaign', { campaign, contacts });
  expect(started).toMatchObject({ started: true, name: 'mcp', imported: { imported: 2 } });
  expect(await use(client, 'start_campaign', { campaign, contacts })).toMatchObject({ started: false, campaignId: started.campaignId });
  const attempts = async () => (await use(client, 'campaign_status', { campaign: 'mcp' })).progress.attempts;
  await until(async () => (await attempts()) === 2, { withinMs: WITHIN_MS, what: 'both attempts' });
  expect(await use(client, 'pause_campaign', { campaign: 'mcp', reason: 'lunch' })).toMatchObject({
    state: 'paused',
    stateReason: 'lunch',
  });
  expect(await use(client, 'edit_campaign', { campaign: 'mcp', cps: 2, budgetTotal: 20 })).toMatchObject({ edited: true, state: 'paused' });
  expect(await use(client, 'resume_campaign', { campaign: 'mcp' })).toMatchObject({ state: 'running' });
  expect(await use(client, 'campaign_report', { campaign: 'mcp', limit: 1 })).toMatchObject({
    ...{ name: 'mcp', contacts: { imported: 2 }, contactsInAll: 2, nextOffset: 1 },
    results: [{ phone: FIRST }],
  });
  expect(await use(client, 'cancel_campaign', { campaign: 'mcp' })).toMatchObject({ state: 'canceled' });
  expect(await use(client, 'campaign_status', { campaign: 'nobody' })).toMatchObject({ error: 'PATTER_CAMPAIGN_NOT_FOUND' });
  expect(await world.calls(STRANGER)).toEqual([]);
}, 120_000);

async function inBrowser(look: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await openBrowser(browserFile as string);
  try {
    await look(browser);
  } finally {
    await browser.close();
  }
}

/** A call under way, and one that is over. */
async function seeLiveCall(browser: Browser, callId: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, colorScheme: 'light' });
  const problems: string[] = [];
  const elsewhere: string[] = [];
  page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())));
  page.on('pageerror', (error) => void problems.push(error.message));
  page.on('request', (request) => void (request.url().startsWith(apiUrl()) || elsewhere.push(request.url())));
  await page.goto(`${apiUrl()}/dashboard`);
  const calls = page.getByRole('region', { name: 'Calls' }).getByRole('link');
  await calls.nth(1).waitFor();
  expect(await calls.count()).toBe(2);
  await page.locator('.sums .live', { hasText: 'Live now' }).waitFor();
  await shot(page, 'list');

  // By keyboard alone: down to the older call, open it, read it.
  await calls.first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  const detail = page.getByRole('article', { name: 'Call' });
  await detail.getByText('Which day is it?').waitFor();
  await detail.getByText('It is on Tuesday.').waitFor();
  expect(await detail.getByRole('heading', { name: TALKS }).evaluate((element) => element.matches(':focus'))).toBe(true);
  expect(await detail.getByText(/^\$0\.\d+$/).count()).toBeGreaterThan(0);
  await shot(page, 'past');
  const [download] = await Promise.all([page.waitForEvent('download'), detail.getByRole('link', { name: 'Export JSON' }).click()]);
  const exported = JSON.parse(await readFile(await download.path(), 'utf8')) as { to: string };
  expect(exported.to).toBe(TALKS);

  // What is said next appears by itself.
  await page.goto(`${apiUrl()}/dashboard#${callId}`);
  await detail.getByText('Please hold the line.').waitFor();
  const text = 'Still there?';
  await fetch(`${apiUrl()}/api/calls/${callId}/say`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  });
  await detail.getByText(text).waitFor();
  await shot(page, 'live');
  await page.emulateMedia({ colorScheme: 'dark' });
  await shot(page, 'live-dark');
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.locator('html').evaluate((element) => element.scrollWidth)).toBeLessThanOrEqual(390);
  await shot(page, 'phone');
  const csv = await fetch(`${apiUrl()}/dashboard/api/export?format=csv`);
  expect((await csv.text()).split('\r\n').filter((line) => line.startsWith('call_'))).toHaveLength(3);
  expect({ problems, elsewhere }).toEqual({ problems: [], elsewhere: [] });
  await page.close();
}

/** For people: where PATTER_TEST_SHOTS names a folder. */
async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.PATTER_TEST_SHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
