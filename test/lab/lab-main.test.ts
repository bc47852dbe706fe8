import { once } from 'node:events';
import { pino } from 'pino';
import { runLab } from '../../lab/main';
import { telnyxAccount, telnyxLabEnvironment } from '../../lab/telnyx/account';

const log = pino({ level: 'silent' });

test('one port serves the phone company, the AI vendor and the control routes, and stopping closes it', async () => {
  const lab = await runLab({ scenario: { default: 'busy' }, log });
  const status = async (path: string) => (await fetch(lab.urls.lab + path)).status;
  expect(await status('/lab/health')).toBe(200);
  expect(await status('/2010-04-01/Accounts/AC1/Calls.json')).toBe(401);
  expect(await status('/v2/call_control_applications')).toBe(401);
  expect(await status('/v1/nothing-of-this-name')).toBe(404);
  await lab.stop();
  await lab.closed;
  await expect(fetch(`${lab.urls.lab}/lab/health`)).rejects.toThrow();
});

test('a lab that is started again is believed by whoever holds the key of the first one', async () => {
  const keys = [];
  for (let i = 0; i < 2; i++) {
    const lab = await runLab({ scenario: {}, log });
    const { TELNYX_BASE_URL: url, TELNYX_PUBLIC_KEY: key, TELNYX_API_KEY: apiKey } = telnyxLabEnvironment(lab.urls.lab);
    expect(url).toBe(`${lab.urls.lab}/v2`);
    expect(key).toBe(lab.telnyx.publicKey);
    expect((await fetch(`${url}/phone_numbers`, { headers: { authorization: `Bearer ${apiKey}` } })).status).toBe(200);
    keys.push(key);
    await lab.stop();
  }
  expect(keys[1]).toBe(keys[0]);
  expect(Buffer.from(keys[0] ?? '', 'base64')).toHaveLength(32);
  expect(telnyxAccount({ apiKey: 'another', connectionId: '1' }).publicKey).not.toBe(keys[0]);
});

test('an upgrade that nobody registered is refused with 404', async () => {
  const lab = await runLab({ scenario: {}, log });
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(`${lab.urls.lab.replace('http', 'ws')}/nowhere`);
  const [error] = await once(socket, 'error');
  expect(String(error)).toContain('404');
  await lab.stop();
});
