import { EventEmitter } from 'node:events';
import { ManualClock } from '../../../test/support/manual-clock';
import { CloudflareTunnel, Ngrok, StaticTunnel } from '../../providers/tunnels';
import { cloudflareTunnel } from './cloudflare';
import { tunnelOf } from './index';

const never = new AbortController().signal;

/** Stands for the package `cloudflared`, whose program talks to Cloudflare. */
class FakeCloudflared {
  readonly bin = __filename;
  readonly opened: (EventEmitter & { url: string })[] = [];
  readonly Tunnel = {
    quick: (url: string) => {
      const quick = Object.assign(new EventEmitter(), { url, stop: () => quick.emit('exit', 0) });
      this.opened.push(quick);
      return quick;
    },
  };
  install = async () => this.bin;

  come(name: string): void {
    const quick = this.opened.at(-1);
    quick?.emit('connected', {});
    quick?.emit('url', `https://${name}.trycloudflare.com`);
  }
}

test('a Cloudflare tunnel that dies comes back under another name, and is told of', async () => {
  const [cloudflared, clock] = [new FakeCloudflared(), new ManualClock()];
  const opening = cloudflareTunnel(() => cloudflared, clock).open(8123, never);
  cloudflared.come('first');
  const tunnel = await opening;
  expect([tunnel.host, cloudflared.opened[0]?.url]).toEqual(['first.trycloudflare.com', 'http://127.0.0.1:8123']);

  const renamed = new Promise<string>((resolve) => tunnel.onChange?.(resolve));
  cloudflared.opened[0]?.emit('exit', 1);
  await settle();
  clock.pass(500);
  await settle();
  cloudflared.come('second');
  expect(await renamed).toBe('second.trycloudflare.com');

  const late: string[] = [];
  tunnel.onChange?.((host) => late.push(host));
  expect(late).toEqual(['second.trycloudflare.com']);

  await tunnel.close();
  expect(cloudflared.opened).toHaveLength(2);
  expect(clock.pending).toBe(0);
});

test('bug: a Cloudflare tunnel whose program runs on, and whose name leads here no more, is opened again', async () => {
  const [cloudflared, clock] = [new FakeCloudflared(), new ManualClock()];
  /** What a look at the name, and at the server itself, finds. */
  const found = { name: false, server: true };
  const looked: string[] = [];
  const looks = async (url: string) => {
    looked.push(url);
    return url.startsWith('https:') ? found.name : found.server;
  };
  const opening = cloudflareTunnel(() => cloudflared, clock, looks).open(8123, never);
  cloudflared.come('first');
  const tunnel = await opening;
  const renamed = new Promise<string>((resolve) => tunnel.onChange?.(resolve));
  const pass = async (times: number) => {
    for (let i = 0; i < times; i++) {
      clock.pass(30_000);
      await settle();
    }
  };
  // A name that this machine has never found says nothing.
  await pass(10);
  expect(cloudflared.opened).toHaveLength(1);
  expect(looked.slice(0, 2)).toEqual(['http://127.0.0.1:8123/healthz', 'https://first.trycloudflare.com/healthz']);
  // Two misses may be the network's; a server that does not answer is not the tunnel's fault.
  found.name = true;
  await pass(1);
  found.name = false;
  await pass(2);
  found.server = false;
  await pass(5);
  found.server = true;
  found.name = true;
  await pass(1);
  found.name = false;
  await pass(2);
  expect(cloudflared.opened).toHaveLength(1);
  await pass(1);
  clock.pass(500);
  await settle();
  expect(cloudflared.opened).toHaveLength(2);
  cloudflared.come('second');
  expect(await renamed).toBe('second.trycloudflare.com');
  await tunnel.close();
  expect(clock.pending).toBe(0);
});

test('a Cloudflare tunnel that does not open says why', async () => {
  const cloudflared = new FakeCloudflared();
  const opening = tunnelOf(new CloudflareTunnel(), () => cloudflared)?.open(8123, never);
  cloudflared.opened[0]?.emit('exit', 2);
  await expect(opening).rejects.toMatchObject({
    code: 'PATTER_PROCESS_FAILED',
    message: expect.stringContaining('cloudflared ended with 2'),
  });
});

test.each([
  ['true', true, 'cloudflared'],
  ['new CloudflareTunnel()', new CloudflareTunnel(), 'cloudflared'],
  ['new Ngrok()', new Ngrok(), '@ngrok/ngrok'],
])('%s without its package names the line that installs it', async (_, option, name) => {
  await expect(tunnelOf(option)?.open(8123, never)).rejects.toMatchObject({
    code: 'PATTER_CONFIG_INVALID',
    message: expect.stringContaining(`npm install ${name}`),
  });
});

test('ngrok is asked with what was given, and closed', async () => {
  const asked: unknown[] = [];
  const close = jest.fn(async () => undefined);
  const forward = async (options: unknown) => {
    asked.push(options);
    return { url: () => 'https://phone.example.com', close };
  };
  const tunnel = await tunnelOf(new Ngrok({ authtoken: 'secret', domain: 'phone.example.com' }), () => ({ forward }))?.open(8123, never);
  expect(asked).toEqual([{ addr: 8123, authtoken: 'secret', domain: 'phone.example.com' }]);
  expect(tunnel?.host).toBe('phone.example.com');
  await tunnel?.close();
  expect(close).toHaveBeenCalledTimes(1);
});

test('a static tunnel is its host name; one of the developer’s own is taken as it is; false is none', async () => {
  expect((await tunnelOf(new StaticTunnel('phone.example.com'))?.open(1, never))?.host).toBe('phone.example.com');
  const own = { name: 'own', open: async () => ({ host: 'own.example.com', close: async () => undefined }) };
  expect(tunnelOf(own)).toBe(own);
  expect(tunnelOf(false)).toBeUndefined();
});

async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}
