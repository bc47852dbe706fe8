import type { LookupAddress } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isPublicAddress } from './address-rules';
import { loadConfig } from './config';
import { GuardedFetch, type GuardedRequest, mayReachPrivate, type Resolve } from './guarded-fetch';

const asked: string[] = [];
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.headers.host} ${request.url}`);
    const to = /^\/to\/(\d{3})\/(.*)$/.exec(request.url ?? '');
    if (to) return response.writeHead(Number(to[1]), { location: decodeURIComponent(to[2] as string) }).end();
    if (request.url === '/long') return response.end('x'.repeat(1_000_000));
    if (request.url === '/never') return;
    if (request.url === '/drip') return void response.write('x');
    request.on('data', (body) => response.end(`got ${body}`));
    if (request.method === 'GET') response.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => {
  asked.length = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const ask = (fetch: GuardedFetch, url: string, more: Partial<GuardedRequest> = {}) =>
  fetch.send({ url, method: 'GET', timeoutMs: 5_000, maxResponseBytes: 10_000, ...more }).finally(() => fetch.close());
const strict = (resolve?: Resolve) => new GuardedFetch({ allowPrivate: false }, resolve);
const lenient = (resolve?: Resolve) => new GuardedFetch({ allowPrivate: true }, resolve);
const named =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }));

describe('peer defect 17: a host that is an address', () => {
  test.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '[ff02::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:a9fe:a9fe]',
    '[64:ff9b::10.0.0.1]',
    '[64:ff9b:1::10.0.0.1]',
    '[2002:7f00:1::]',
    '[2001:0:1::1]',
    '[::127.0.0.1]',
    // The same as other people write them.
    '2130706433',
    '0177.0.0.1',
    '0x7f000001',
    '127.1',
    '①27.0.0.1',
  ])('%s is not asked', async (host) => {
    await expect(ask(strict(), `http://${host}:${port}/`)).rejects.toMatchObject({ code: 'PATTER_URL_FORBIDDEN' });
    expect(asked).toEqual([]);
  });

  test.each(['1.1.1.1', '100.63.255.255', '100.128.0.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

describe('peer defect 17: a host that is a name', () => {
  test.each([
    ['of this machine', ['127.0.0.1']],
    ['of a private network', ['10.0.0.7']],
    ['with a private address beside a public one', ['1.1.1.1', '192.168.0.1']],
    ['with a mapped loopback address', ['::ffff:127.0.0.1']],
    ['with a link-local address', ['fe80::1%eth0']],
  ])('%s is not asked', async (_, addresses) => {
    await expect(ask(strict(named(...addresses)), `http://internal.example:${port}/`)).rejects.toMatchObject({
      code: 'PATTER_URL_FORBIDDEN',
      details: { host: `internal.example:${port}` },
    });
    expect(asked).toEqual([]);
  });

  test('localhost is not asked, by the system’s own resolver', async () => {
    await expect(ask(strict(), `http://localhost:${port}/`)).rejects.toMatchObject({ code: 'PATTER_URL_FORBIDDEN' });
    expect(asked).toEqual([]);
  });

  test('that changes its mind is judged by the address of the connection: it is looked up once', async () => {
    let lookups = 0;
    const rebinding: Resolve = async () => [{ address: ++lookups === 1 ? '127.0.0.1' : '1.1.1.1', family: 4 }];
    await expect(ask(strict(rebinding), `http://rebinding.example:${port}/`)).rejects.toMatchObject({ code: 'PATTER_URL_FORBIDDEN' });
    expect(lookups).toBe(1);
  });

  test('that nobody knows is an error of the network', async () => {
    await expect(ask(strict(named()), 'http://nobody.example/')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

test.each(['file:///etc/passwd', 'ftp://example.com/', 'gopher://example.com/', 'not a url', 'http://user:pass@example.com/'])(
  '%s is not asked',
  async (url) => {
    await expect(ask(lenient(), url)).rejects.toMatchObject({ code: 'PATTER_URL_FORBIDDEN' });
  },
);

describe('peer defect 17: redirects', () => {
  const to = (status: number, target: string) => `/to/${status}/${encodeURIComponent(target)}`;
  // The first host is let through as if it were public; what it redirects to is judged anew.
  class OneHost extends GuardedFetch {
    static to(host: string): GuardedFetch {
      const inner = strict(named('127.0.0.1'));
      const open = lenient(named('127.0.0.1'));
      const choose = inner as unknown as { once(url: URL, ...rest: unknown[]): Promise<unknown> };
      const judged = choose.once.bind(inner);
      choose.once = (url, ...rest) =>
        url.hostname === host ? (open as unknown as typeof choose).once(url, ...rest) : judged(url, ...rest);
      return inner;
    }
  }

  test('one that leads inside is not followed', async () => {
    for (const target of [
      `http://127.0.0.1:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      `http://internal.example:${port}/`,
      'file:///etc/passwd',
    ]) {
      asked.length = 0;
      const url = `http://public.example:${port}${to(307, target)}`;
      await expect(ask(OneHost.to('public.example'), url, { maxRedirects: 3 })).rejects.toMatchObject({ code: 'PATTER_URL_FORBIDDEN' });
      expect(asked).toHaveLength(1);
    }
  });

  test('307 and 308 repeat the request with its body', async () => {
    const answer = await ask(lenient(), `http://127.0.0.1:${port}${to(308, '/echo')}`, { method: 'POST', body: 'it', maxRedirects: 3 });
    expect(answer).toMatchObject({ status: 200, text: 'got it' });
  });

  test('others are the answer, and so is every one where none may be followed', async () => {
    expect(await ask(lenient(), `http://127.0.0.1:${port}${to(302, '/')}`, { maxRedirects: 3 })).toMatchObject({ status: 302 });
    expect(await ask(lenient(), `http://127.0.0.1:${port}${to(307, '/')}`)).toMatchObject({ status: 307 });
    expect(asked).toHaveLength(2);
  });

  test('the fourth is refused', async () => {
    const thrice = to(307, to(307, to(307, '/')));
    expect(await ask(lenient(), `http://127.0.0.1:${port}${thrice}`, { maxRedirects: 9 })).toMatchObject({ status: 200 });
    await expect(ask(lenient(), `http://127.0.0.1:${port}${to(307, thrice)}`, { maxRedirects: 9 })).rejects.toMatchObject({
      code: 'PATTER_URL_FORBIDDEN',
    });
  });
});

test('an answer without end is read to its limit', async () => {
  const { text, truncated } = await ask(lenient(), `http://127.0.0.1:${port}/long`, { maxResponseBytes: 500 });
  expect({ length: text.length, truncated }).toEqual({ length: 500, truncated: true });
});

test.each(['/never', '/drip'])('an answer that does not come (%s) ends at the deadline', async (path) => {
  await expect(ask(lenient(), `http://127.0.0.1:${port}${path}`, { timeoutMs: 100 })).rejects.toThrow('no answer within 100 ms');
});

test('the caller’s signal ends it', async () => {
  const controller = new AbortController();
  const going = ask(lenient(), `http://127.0.0.1:${port}/never`, { signal: controller.signal });
  controller.abort(new Error('the call has ended'));
  await expect(going).rejects.toThrow('the call has ended');
});

test('private targets are for those who ask for it, and for a carrier on this machine', () => {
  const config = (env: Record<string, string>) => loadConfig(env, '/nowhere');
  expect(mayReachPrivate(config({}))).toBe(false);
  expect(mayReachPrivate(config({ TWILIO_BASE_URL: 'http://127.0.0.1:1' }))).toBe(true);
  expect(mayReachPrivate(config({ TWILIO_BASE_URL: 'http://127.0.0.1:1', PATTER_ALLOW_PRIVATE_WEBHOOKS: 'false' }))).toBe(false);
  expect(mayReachPrivate(config({ PATTER_ALLOW_PRIVATE_WEBHOOKS: 'true' }))).toBe(true);
});

describe('an answer that is read as it comes, and a WebSocket', () => {
  const stream = (fetch: GuardedFetch, url: string, signal = new AbortController().signal) =>
    fetch.stream({ url, method: 'POST', body: 'x', signal });

  test('are kept from the same addresses, by what the name resolves to', async () => {
    for (const url of ['http://127.0.0.1:1/', 'http://[::ffff:10.0.0.1]/'])
      await expect(stream(strict(), url)).rejects.toMatchObject({ code: 'PATTER_URL_FORBIDDEN' });
    await expect(stream(strict(named('100.64.0.1')), `http://inside.example:${port}/`)).rejects.toMatchObject({
      code: 'PATTER_URL_FORBIDDEN',
    });
    expect(() => strict().socketOptions('ws://127.0.0.1:1/')).toThrow(expect.objectContaining({ code: 'PATTER_URL_FORBIDDEN' }));
    expect(() => lenient().socketOptions('ftp://example.com/')).toThrow(expect.objectContaining({ code: 'PATTER_URL_FORBIDDEN' }));
    const { lookup } = strict(named('10.0.0.1')).socketOptions('wss://inside.example/agent');
    const error = await new Promise((resolve) => lookup('inside.example', {}, (failure) => resolve(failure)));
    expect(error).toMatchObject({ code: 'PATTER_URL_FORBIDDEN' });
    expect(asked).toEqual([]);
  });

  test('end when they are not wanted any more', async () => {
    const abort = new AbortController();
    const fetch = lenient();
    const { status, body } = await stream(fetch, `http://127.0.0.1:${port}/drip`, abort.signal);
    expect(status).toBe(200);
    const read = (async () => {
      for await (const part of body) if (part.length > 0) abort.abort(new Error('enough'));
    })();
    await expect(read).rejects.toThrow();
    fetch.close();
  });
});
