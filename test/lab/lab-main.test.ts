import { once } from 'node:events';
import { pino } from 'pino';
import { runLab } from '../../lab/main';

const log = pino({ level: 'silent' });

test('one port serves the phone company, the AI vendor and the control routes, and stopping closes it', async () => {
  const lab = await runLab({ scenario: { default: 'busy' }, log });
  const status = async (path: string) => (await fetch(lab.urls.lab + path)).status;
  expect(await status('/lab/health')).toBe(200);
  expect(await status('/2010-04-01/Accounts/AC1/Calls.json')).toBe(401);
  expect(await status('/v1/nothing-of-this-name')).toBe(404);
  await lab.stop();
  await lab.closed;
  await expect(fetch(`${lab.urls.lab}/lab/health`)).rejects.toThrow();
});

test('an upgrade that nobody registered is refused with 404', async () => {
  const lab = await runLab({ scenario: {}, log });
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(`${lab.urls.lab.replace('http', 'ws')}/nowhere`);
  const [error] = await once(socket, 'error');
  expect(String(error)).toContain('404');
  await lab.stop();
});
