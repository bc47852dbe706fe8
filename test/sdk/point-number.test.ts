/** The number of `serve()` at Telnyx, where the address belongs to the application and to all its numbers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { telnyxLabEnvironment } from '../../lab/telnyx/account';
import { loadConfig } from '../../runtime/config';
import { type ConfigureMode, pointNumber } from '../../sdk/local/configure-line';
import type { OpenHome } from '../../sdk/local/open-home';
import { TelnyxHarness } from '../lab/telnyx-harness';

const [DESK, SALES, STRANGE] = ['+15005550006', '+15005550007', '+15005550099'] as const;

let harness: TelnyxHarness;
let folder: string;
let home: OpenHome;
beforeEach(async () => {
  harness = await TelnyxHarness.start({ numbers: [DESK, SALES], telnyx: { webhookUrl: undefined } });
  folder = mkdtempSync(join(tmpdir(), 'patter-point-'));
  const config = loadConfig({ PATTER_HOME: folder, ...telnyxLabEnvironment(harness.lab.url) }, folder);
  home = { config } as OpenHome;
});
afterEach(async () => {
  await harness.stop();
  rmSync(folder, { recursive: true, force: true });
});

const log = pino({ level: 'silent' });
const point = (number: string, host: string, mode: ConfigureMode = 'if-unset') =>
  pointNumber(home, { number, carrier: 'telnyx', publicUrl: `https://${host}` }, mode, log);

async function application() {
  const { data = [] } = await harness.client.callControlApplications.list();
  return data[0] ?? {};
}

test('bug: serve() with a tunnel makes a Telnyx number answer, also under the next name, for all its numbers', async () => {
  await point(DESK, 'first.example.dev');
  expect((await application()).webhook_event_url).toBe('https://first.example.dev/telnyx/inbound');
  // Where this folder's own server was before is nobody else's.
  await point(DESK, 'second.example.dev');
  await point(SALES, 'second.example.dev');
  expect(await application()).toMatchObject({
    webhook_event_url: 'https://second.example.dev/telnyx/inbound',
    webhook_event_failover_url: null,
  });
});

test('an application that is somebody else’s stays so, and the error says whose calls would come along', async () => {
  const { id = '', application_name: name = '' } = await application();
  const theirs = 'https://crm.example.dev/in';
  await harness.client.callControlApplications.update(id, { application_name: name, webhook_event_url: theirs });
  await expect(point(DESK, 'first.example.dev')).rejects.toMatchObject({
    code: 'PATTER_NUMBER_TAKEN',
    message: expect.stringMatching(/crm\.example\.dev\/in.*every number of the Call Control application/),
  });
  await point(DESK, 'first.example.dev', false);
  expect((await application()).webhook_event_url).toBe(theirs);
  await point(DESK, 'first.example.dev', 'always');
  expect((await application()).webhook_event_url).toBe('https://first.example.dev/telnyx/inbound');
});

test('a number that the account does not own can only call', async () => {
  await point(STRANGE, 'first.example.dev');
  expect((await application()).webhook_event_url).not.toContain('first');
});
