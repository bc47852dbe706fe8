/** What `patter doctor` says when a part is missing or wrong. The far ends are the lab's, or a server that answers as a broken one does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type CheckResult, runChecks } from '../cli/doctor-checks';
import { type RunningLab, runLab } from '../lab/main';
import { LAB_ACCOUNT } from '../lab/scenario';
import { telnyxLabEnvironment } from '../lab/telnyx/account';
import { loadConfig } from '../runtime/config';
import { createTestDatabase, type TestDatabase } from './support/postgres';
import { startTestTemporal } from './support/temporal';

let home: string;
let lab: RunningLab;
let database: TestDatabase;
let well: Record<string, string>;
const servers: Server[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'patter-doctor-'));
  lab = await runLab({ seed: 1, log: pino({ level: 'silent' }) });
  database = await createTestDatabase();
  const temporal = await startTestTemporal();
  well = {
    PATTER_HOME: home,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    DATABASE_URL: database.url,
    PATTER_PHONE_NUMBER: '+15005550006',
    TWILIO_ACCOUNT_SID: LAB_ACCOUNT.sid,
    TWILIO_AUTH_TOKEN: LAB_ACCOUNT.authToken,
    TWILIO_BASE_URL: lab.urls.lab,
    OPENAI_API_KEY: 'lab-openai-key',
    OPENAI_BASE_URL: `${lab.urls.lab}/v1`,
  };
}, 120_000);
afterAll(async () => {
  await lab.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});

async function check(name: string, change: Record<string, string> = {}): Promise<CheckResult> {
  const told: CheckResult[] = [];
  const results = await runChecks(loadConfig({ ...well, ...change }, home), (result) => told.push(result));
  expect(told).toEqual(results);
  return results.find((result) => result.name === name)!;
}

async function serverThat(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_request, response) => answer(response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const dated = (skewMs: number) => (response: ServerResponse) => {
  response.setHeader('date', new Date(Date.now() + skewMs).toUTCString());
  response.end();
};

test.each<[string, string, Record<string, string>, CheckResult['status'], RegExp, RegExp]>([
  ['no Temporal', 'Temporal', { TEMPORAL_ADDRESS: '127.0.0.1:9' }, 'fail', /PATTER_TEMPORAL_UNAVAILABLE|127\.0\.0\.1:9/, /./],
  ['neither an address nor a stack', 'Temporal', { TEMPORAL_ADDRESS: '' }, 'warn', /no local one runs/, /patter dev/],
  [
    'a namespace that is not there',
    'Temporal',
    { TEMPORAL_NAMESPACE: 'nowhere' },
    'fail',
    /no namespace nowhere/,
    /namespace create nowhere/,
  ],
  [
    'no Postgres',
    'Postgres',
    { DATABASE_URL: 'postgres://patter:secret@127.0.0.1:9/patter' },
    'fail',
    /PATTER_POSTGRES_UNAVAILABLE|127\.0\.0\.1:9/,
    /./,
  ],
  ['an empty Postgres', 'Postgres', {}, 'warn', /not migrated yet/, /migrates at its start/],
  ['no encryption', 'Encryption', {}, 'warn', /PATTER_ENCRYPTION_KEY is not set.*histories/, /openssl rand -base64 32/],
  ['a wrong Twilio token', 'Twilio', { TWILIO_AUTH_TOKEN: 'wrong' }, 'fail', /PATTER_CARRIER_REFUSED.*Authenticate/, /./],
  ['an account SID that is none', 'Twilio', { TWILIO_ACCOUNT_SID: 'SK123' }, 'fail', /begins with AC/, /./],
  ['no Twilio credentials', 'Twilio', { TWILIO_AUTH_TOKEN: '' }, 'fail', /not set/, /--lab/],
  [
    'a number of somebody else',
    'Phone number',
    { PATTER_PHONE_NUMBER: '+15005550099' },
    'fail',
    /not a number of the account/,
    /\+15005550006/,
  ],
  ['no number', 'Phone number', { PATTER_PHONE_NUMBER: '' }, 'warn', /not set/, /from/],
  ['no OpenAI key', 'OpenAI', { OPENAI_API_KEY: '' }, 'fail', /not set/, /--lab/],
  [
    'no public URL for a real carrier',
    'Public URL',
    { TWILIO_BASE_URL: 'https://carrier.invalid' },
    'fail',
    /PATTER_PUBLIC_URL is not set/,
    /tunnel/,
  ],
  [
    'a public URL of this machine for a real carrier',
    'Public URL',
    { TWILIO_BASE_URL: 'https://carrier.invalid', PATTER_PUBLIC_URL: 'http://localhost:8080' },
    'fail',
    /an address of this machine/,
    /public https address/,
  ],
  [
    'a public URL that nobody answers',
    'Webhooks',
    { PATTER_PUBLIC_URL: 'http://127.0.0.1:9' },
    'fail',
    /127\.0\.0\.1:9\/healthz/,
    /Is the gateway up/,
  ],
  ['a carrier that does not tell the time', 'Clock', { TWILIO_BASE_URL: 'http://127.0.0.1:9' }, 'warn', /does not tell the time/, /NTP/],
])(
  '%s',
  async (_, name, change, status, message, remedy) => {
    expect(await check(name, change)).toEqual({
      name,
      status,
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
  },
  60_000,
);

test('a refused OpenAI key is told from a service that is down', async () => {
  const refusing = await serverThat((response) => response.writeHead(401).end());
  expect(await check('OpenAI', { OPENAI_BASE_URL: refusing })).toMatchObject({
    status: 'fail',
    remedy: expect.stringContaining('wrong or was revoked'),
  });
  const broken = await serverThat((response) => response.writeHead(503).end());
  expect(await check('OpenAI', { OPENAI_BASE_URL: broken })).toMatchObject({ status: 'fail', message: expect.stringContaining('503') });
}, 60_000);

test('a public URL behind which something else answers', async () => {
  const other = await serverThat((response) => response.writeHead(404).end());
  expect(await check('Webhooks', { PATTER_PUBLIC_URL: other })).toMatchObject({
    status: 'fail',
    message: expect.stringContaining('answered 404'),
  });
}, 60_000);

test.each<[string, number, CheckResult['status']]>([
  ['a minute behind', 60_000, 'fail'],
  ['a minute ahead', -60_000, 'fail'],
  ['ten seconds behind', 10_000, 'warn'],
  ['right', 0, 'ok'],
])(
  'a clock that is %s',
  async (_, skewMs, status) => {
    expect(await check('Clock', { TWILIO_BASE_URL: await serverThat(dated(skewMs)) })).toMatchObject({ status });
  },
  60_000,
);

test('no message shows a secret', async () => {
  const secret = 'do-not-show-this-value';
  const results = await runChecks(
    loadConfig(
      { ...well, DATABASE_URL: `postgres://patter:${secret}@127.0.0.1:9/patter`, TWILIO_AUTH_TOKEN: secret, OPENAI_API_KEY: secret },
      home,
    ),
    () => undefined,
  );
  expect(JSON.stringify(results)).not.toContain(secret);
}, 60_000);

describe('vendors that not everybody uses', () => {
  const labs = () => ({
    ...telnyxLabEnvironment(lab.urls.lab),
    DEEPGRAM_API_KEY: 'lab-deepgram-key',
    DEEPGRAM_BASE_URL: `${lab.urls.lab}/deepgram`,
    ELEVENLABS_API_KEY: 'lab-elevenlabs-key',
    ELEVENLABS_BASE_URL: `${lab.urls.lab}/elevenlabs`,
  });

  test('are no fault where there is no key', async () => {
    for (const name of ['Telnyx', 'Deepgram', 'ElevenLabs']) {
      expect(await check(name)).toMatchObject({ status: 'ok', message: expect.stringContaining('is not set') });
    }
  });

  test('are enough: who has Telnyx and ElevenLabs is not sent to Twilio and OpenAI', async () => {
    const config = { ...labs(), TWILIO_ACCOUNT_SID: '', TWILIO_AUTH_TOKEN: '', OPENAI_API_KEY: '' };
    for (const name of ['Twilio', 'OpenAI', 'Phone number']) expect(await check(name, config)).toMatchObject({ status: 'ok' });
  });

  test('accept their keys', async () => {
    expect(await check('Deepgram', labs())).toMatchObject({ status: 'ok', message: expect.stringContaining('accepted') });
    expect(await check('ElevenLabs', labs())).toMatchObject({ status: 'ok', message: expect.stringContaining('accepted') });
    expect(await check('Telnyx', labs())).toMatchObject({
      status: 'ok',
      message: expect.stringMatching(/signed in.*call\.cost is switched off/),
    });
  });

  test('refuse a wrong key, and the remedy says which', async () => {
    const refuses = await serverThat((response) => response.writeHead(401).end('{"detail":{"status":"invalid_api_key"}}'));
    const deepgram = { DEEPGRAM_API_KEY: 'x', DEEPGRAM_BASE_URL: refuses };
    expect(await check('Deepgram', deepgram)).toMatchObject({ status: 'fail', remedy: expect.stringContaining('DEEPGRAM_API_KEY') });
    const eleven = { ELEVENLABS_API_KEY: 'x', ELEVENLABS_BASE_URL: refuses };
    expect(await check('ElevenLabs', eleven)).toMatchObject({ status: 'fail', remedy: expect.stringContaining('ELEVENLABS_API_KEY') });
    expect(await check('Telnyx', { ...labs(), TELNYX_API_KEY: 'wrong' })).toMatchObject({ status: 'fail' });
  });

  test('an ElevenLabs key that is restricted is not called a wrong one', async () => {
    const restricted = await serverThat((response) => response.writeHead(401).end('{"detail":{"status":"missing_permissions"}}'));
    expect(await check('ElevenLabs', { ELEVENLABS_API_KEY: 'x', ELEVENLABS_BASE_URL: restricted })).toMatchObject({
      status: 'warn',
      message: expect.stringContaining('restricted'),
    });
  });

  test('Telnyx without what a call or its webhooks need is told', async () => {
    expect(await check('Telnyx', { ...labs(), TELNYX_CONNECTION_ID: '' })).toMatchObject({ status: 'fail' });
    expect(await check('Telnyx', { ...labs(), TELNYX_PUBLIC_KEY: '' })).toMatchObject({ status: 'warn' });
  });
});
