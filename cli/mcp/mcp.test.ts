/** What the tools of `patter mcp` do and refuse, told by the protocol's own client; a client over HTTP, and who is none. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { systemClock } from '../../contracts/clock';
import { PatterError } from '../../contracts/errors';
import { createLogger } from '../../runtime/log';
import { AllowedNumbers } from './allowed-numbers';
import { contextOf, type McpSettings } from './context';
import { type RunningMcpHttp, serveMcpHttp } from './http';
import { Previews } from './previews';
import { createMcpServer } from './server';

const CALL_ID = `call_${'a'.repeat(32)}_1`;
const TOKEN = 'a-token-for-this-test';
const log = createLogger('test', 'silent');
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

interface Asked {
  method: string;
  path: string;
  body: unknown;
}

/** A backend that takes every call, or answers as the test says. */
function settings(allowed = '', answer: (asked: Asked) => unknown = () => ({ callId: CALL_ID, existing: false, notes: [] })) {
  const asked: Asked[] = [];
  const rest = {
    async request<Answer>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
      asked.push({ method, path, body });
      return answer({ method, path, body }) as Answer;
    },
    /** In pieces that break characters. */
    async *stream(path: string): AsyncGenerator<Uint8Array> {
      asked.push({ method: 'GET', path, body: undefined });
      const bytes = Buffer.from(JSON.stringify(answer({ method: 'GET', path, body: undefined })));
      for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
    },
  };
  const made: McpSettings = { rest, allowed: AllowedNumbers.parse(allowed), from: '+15005550006', clock: systemClock, log };
  return { asked, settings: made };
}

async function connected(of: McpSettings): Promise<Client> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await createMcpServer(contextOf(of), '1').connect(theirs);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(ours);
  opened.push(client);
  return client;
}

async function use(client: Client, name: string, args: Record<string, unknown>): Promise<{ isError: boolean; text: string }> {
  const result = (await client.callTool({ name, arguments: args })) as CallToolResult;
  const [content] = result.content;
  return { isError: result.isError === true, text: content?.type === 'text' ? content.text : '' };
}

const CALL = { to: '+12125550101', goal: 'Ask whether they are open.' };

test('a word changed between preview and confirmation is a new preview', async () => {
  const { asked, settings: of } = settings();
  const client = await connected(of);
  await use(client, 'make_call', CALL);
  expect((await use(client, 'make_call', { ...CALL, goal: 'Ask whether they are closed.', confirm: true })).text).toContain(
    '"placed": false',
  );
  expect((await use(client, 'make_call', { ...CALL, firstMessage: 'Hi', confirm: true })).text).toContain('"placed": false');
  expect(asked).toEqual([]);
  // The order of the fields is none of the user's.
  expect((await use(client, 'make_call', { confirm: true, goal: CALL.goal, to: CALL.to })).text).toContain('"placed": true');
  expect(asked).toEqual([
    expect.objectContaining({ path: '/v1/calls', body: expect.objectContaining({ to: CALL.to, from: '+15005550006' }) }),
  ]);
});

test('nobody confirms what another client was shown', async () => {
  const { asked, settings: of } = settings();
  await use(await connected(of), 'make_call', CALL);
  expect((await use(await connected(of), 'make_call', { ...CALL, confirm: true })).text).toContain('"placed": false');
  expect(asked).toEqual([]);
});

test('a confirmation whose answer was lost is repeated as the same call, and one that came through is used up', async () => {
  let lost = true;
  const { asked, settings: of } = settings('', () => {
    if (!lost) return { callId: CALL_ID, existing: true };
    lost = false;
    throw new PatterError('PATTER_NOT_CONNECTED', 'The backend cannot be reached.');
  });
  const client = await connected(of);
  await use(client, 'make_call', CALL);
  expect(await use(client, 'make_call', { ...CALL, confirm: true })).toEqual({
    isError: true,
    text: expect.stringContaining('PATTER_NOT_CONNECTED'),
  });
  expect((await use(client, 'make_call', { ...CALL, confirm: true })).text).toContain(CALL_ID);
  const [first, second] = asked.map(({ body }) => (body as { idempotencyKey: string }).idempotencyKey);
  expect([first, asked.length]).toEqual([second, 2]);
  expect((await use(client, 'make_call', { ...CALL, confirm: true })).text).toContain('"placed": false');
});

test('what was shown long ago is shown again', () => {
  let now = 0;
  const previews = new Previews({ monotonic: () => now });
  previews.show(['make_call', CALL]);
  expect(previews.confirmed(['make_call', CALL])).toBeDefined();
  now = 16 * 60_000;
  expect(previews.confirmed(['make_call', CALL])).toBeUndefined();
});

test('with a list of numbers a confirmation is neither needed nor of use, for transfers of a campaign either', async () => {
  const { asked, settings: of } = settings('+1 (212) 555-0101, +4930*', () => ({ how: 'started' }));
  const client = await connected(of);
  expect(await use(client, 'make_call', { ...CALL, to: '+12125550102', confirm: true })).toEqual({
    isError: true,
    text: expect.stringContaining('PATTER_FORBIDDEN'),
  });
  const campaign = { name: 'one', from: ['+15005550006'], agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'You call.' } };
  const contacts = [{ phone: '+493012345678' }];
  const elsewhere = { ...campaign, transfer: { to: ['+14155550199'] } };
  expect((await use(client, 'start_campaign', { campaign: elsewhere, contacts })).text).toContain('+14155550199 must not be called');
  // As people write it, nobody can tell whose it is.
  expect((await use(client, 'start_campaign', { campaign, contacts: [{ phone: '(212) 555-0101' }] })).isError).toBe(true);
  expect(asked).toEqual([]);
  expect((await use(client, 'start_campaign', { campaign, contacts })).text).toContain('"started": true');
  expect((await use(client, 'make_call', CALL)).isError).toBe(false);
});

test('a campaign’s pace and budget are changed after a confirmation, and with a list of numbers at once', async () => {
  const { asked, settings: of } = settings('', () => ({ state: 'running' }));
  const client = await connected(of);
  const edit = { campaign: 'spring sale', cps: 2, budgetTotal: 50 };
  expect((await use(client, 'edit_campaign', { campaign: 'spring sale' })).text).toContain('Name what is to change');
  expect((await use(client, 'edit_campaign', edit)).text).toContain('"edited": false');
  expect((await use(client, 'edit_campaign', { ...edit, budgetTotal: 500, confirm: true })).text).toContain('"edited": false');
  expect((await use(client, 'edit_campaign', { ...edit, cps: 0 })).isError).toBe(true);
  expect(asked).toEqual([]);
  expect((await use(client, 'edit_campaign', { ...edit, confirm: true })).text).toContain('"edited": true');
  expect((await use(client, 'edit_campaign', { ...edit, confirm: true })).text).toContain('"edited": false');
  const listed = settings('+12125550101', () => ({ state: 'running' }));
  expect((await use(await connected(listed.settings), 'edit_campaign', edit)).text).toContain('"edited": true');
  const request = { method: 'POST', path: '/api/campaigns/spring%20sale/edit', body: { cps: 2, budgetTotal: 50 } };
  expect([asked, listed.asked]).toEqual([[request], [request]]);
});

test('a report comes page by page, of one outcome if wanted, and with what was said if wanted', async () => {
  const call = (text: string) => ({ callId: CALL_ID, outcome: 'completed', transcript: [{ role: 'user', text }] });
  const results = ['Grüße', 'No.', 'Yes.'].map((text, index) => ({
    ...{ contactId: `ct_${index}`, phone: `+1212555010${index}`, outcome: index === 1 ? 'opted_out' : 'completed', attempts: 1 },
    calls: [call(text)],
  }));
  const whole = { campaignId: 'cmp_1', name: 'spring', state: 'completed', costUsd: 1.5, results, rejected: [] };
  const client = await connected(settings('', () => whole).settings);
  const read = async (more: object) => JSON.parse((await use(client, 'campaign_report', { campaign: 'spring', ...more })).text);
  const first = await read({ outcome: 'completed', limit: 1 });
  expect(first).toMatchObject({ costUsd: 1.5, contactsInAll: 2, nextOffset: 1, results: [{ contactId: 'ct_0', calls: [{ turns: 1 }] }] });
  expect(JSON.stringify(first)).not.toContain('Grüße');
  const last = await read({ outcome: 'completed', offset: first.nextOffset, transcripts: true });
  expect(last).toMatchObject({ results: [{ contactId: 'ct_2', calls: [{ transcript: [{ text: 'Yes.' }] }] }] });
  expect(last).not.toHaveProperty('nextOffset');
  expect(JSON.stringify(await read({ transcripts: true }))).toContain('Grüße');
});

test('a list of numbers is read as it was meant, or refused', () => {
  const has = (list: string, number: string) => AllowedNumbers.parse(list)?.has(number);
  expect(AllowedNumbers.parse(' , ')).toBeUndefined();
  expect([has('+12125550101', '+12125550101'), has('+12125550101', '+121255501010'), has('+1212*', '+12125550101')]).toEqual([
    true,
    false,
    true,
  ]);
  expect([has('*', '+12125550101'), has('*', '911'), has('*', '+1212*')]).toEqual([true, false, false]);
  for (const wrong of ['12125550101', '+1212**', '**', 'all'])
    expect(() => AllowedNumbers.parse(wrong)).toThrow(/PATTER_MCP_ALLOWED_NUMBERS/);
});

test('looking changes nothing, and is marked so; what rings phones is not', async () => {
  const client = await connected(settings().settings);
  const readOnly = (await client.listTools()).tools.filter(({ annotations }) => annotations?.readOnlyHint).map(({ name }) => name);
  expect(readOnly).toEqual(['get_call', 'get_transcript', 'list_calls', 'campaign_status', 'campaign_report']);
});

test('what fails by surprise tells the model nothing of the inside', async () => {
  const { settings: of } = settings('*', () => {
    throw new Error('postgres://user:password@db');
  });
  expect(await use(await connected(of), 'make_call', CALL)).toEqual({ isError: true, text: expect.not.stringContaining('password') });
});

describe('over HTTP', () => {
  const serve = async (token: string | undefined, of = settings('*').settings): Promise<RunningMcpHttp> => {
    const server = await serveMcpHttp(of, { host: '127.0.0.1', port: 0, token, version: '1', log });
    opened.push({ close: () => server.stop() });
    return server;
  };
  const post = async (url: string, headers: Record<string, string> = {}) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const accept = 'application/json, text/event-stream';
    return (await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', accept, ...headers } })).status;
  };

  test('a client has a session of its own, and calls', async () => {
    const { url } = await serve(TOKEN);
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { authorization: `Bearer ${TOKEN}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    opened.push(client);
    expect((await use(client, 'make_call', CALL)).text).toContain(CALL_ID);
    expect(await post(url, { ...requestInit.headers, 'mcp-session-id': 'of-nobody' })).toBe(404);
  });

  test('with a token nobody comes in without it; without one only programs of this machine, and no page of a browser', async () => {
    const { url } = await serve(TOKEN);
    expect(await post(url)).toBe(401);
    expect(await post(url, { authorization: 'Bearer another' })).toBe(401);
    const open = (await serve(undefined)).url;
    // Let in, and told to introduce itself.
    expect(await post(open)).toBe(400);
    expect(await post(open, { origin: 'https://evil.example' })).toBe(401);
    expect(await post(open, { 'x-forwarded-for': '203.0.113.9' })).toBe(401);
    expect(await post(open.replace('/mcp', '/other'))).toBe(404);
  });

  test('an address that others reach is not listened on without a token', async () => {
    const { settings: of } = settings();
    await expect(serveMcpHttp(of, { host: '0.0.0.0', port: 0, token: undefined, version: '1', log })).rejects.toMatchObject({
      code: 'PATTER_CONFIG_INVALID',
    });
  });
});
