import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { toolSchema } from '../contracts/agent';
import { systemClock } from '../contracts/clock';
import { GuardedFetch } from './guarded-fetch';
import { callWebhookTool } from './webhook-tool';

const setup = { callId: 'call_1', campaignId: 'cmp_1', contactId: 'ct_1', variables: { first_name: 'Ada' } };

describe('a webhook tool', () => {
  let answer: (request: IncomingMessage, response: ServerResponse, attempt: number) => void;
  const seen: { key: unknown; headers: Record<string, string>; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      seen.push({ key: request.headers['idempotency-key'], headers: request.headers as Record<string, string>, body });
      answer(request, response, seen.length);
    });
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    seen.length = 0;
  });

  const ask = (timeoutMs = 5_000, allowPrivate = true, secret?: string) => {
    const deps = { fetch: new GuardedFetch({ allowPrivate }), clock: systemClock };
    const webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const tool = { ...toolSchema.parse({ name: 'book', webhookUrl, timeoutMs, secret }), webhookUrl };
    return callWebhookTool(tool, { toolCallId: 'tc1', arguments: { day: 'Friday' } }, setup, deps, new AbortController().signal);
  };

  it('sends what the tool needs to know, and gives the answer to the model', async () => {
    answer = (_request, response) => response.end('{"booked":true}');
    expect(await ask()).toEqual({ output: '{"booked":true}', ok: true });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ tool: 'book', arguments: { day: 'Friday' }, ...setup });
  });

  it('tries 429 and 5xx again with the same key, three times in all', async () => {
    answer = (_request, response, attempt) => response.writeHead(attempt === 1 ? 429 : 503).end();
    expect(await ask()).toMatchObject({ ok: false, output: expect.stringContaining('HTTP 503') });
    expect(seen.map((each) => each.key)).toEqual(['call_1.tc1', 'call_1.tc1', 'call_1.tc1']);
  });

  it('signs every try as Standard Webhooks has it, with the key as its id', async () => {
    const secret = `whsec_${Buffer.from('a secret of the developer').toString('base64')}`;
    answer = (_request, response, attempt) => (attempt === 1 ? response.writeHead(503).end() : response.end('{"booked":true}'));
    expect(await ask(5_000, true, secret)).toMatchObject({ ok: true });
    for (const { headers, body } of seen) {
      expect(new Webhook(secret).verify(body, headers)).toMatchObject({ tool: 'book' });
      expect(headers['webhook-id']).toBe('call_1.tc1');
    }
    expect(seen).toHaveLength(2);
  });

  it('sends no signature without a secret', async () => {
    answer = (_request, response) => response.end();
    expect(await ask()).toEqual({ output: '{}', ok: true });
    expect(seen[0]?.headers['webhook-signature']).toBeUndefined();
  });

  it('gives the model no more of an answer than it can use', async () => {
    answer = (_request, response) => response.end('x'.repeat(200_000));
    const { output, ok } = await ask();
    expect({ length: output.length, ok }).toEqual({ length: 32_000, ok: true });
  });

  it('does not try a refusal again', async () => {
    answer = (_request, response) => response.writeHead(422).end();
    expect(await ask()).toMatchObject({ ok: false });
    expect(seen).toHaveLength(1);
  });

  it('asks nobody where no request may go, and tells the model so without the address', async () => {
    answer = (_request, response) => response.end('secret');
    const { ok, output } = await ask(5_000, false);
    expect({ ok, asked: seen.length }).toEqual({ ok: false, asked: 0 });
    expect(output).toContain('PATTER_URL_FORBIDDEN');
    expect(output).not.toContain('127.0.0.1');
  });

  it('peer defect 3: has an answer by its deadline when the webhook has none', async () => {
    answer = () => undefined;
    expect(await ask(150)).toMatchObject({ ok: false, output: expect.stringContaining('no answer within 150 ms') });
  });
});
