/** Several control processes of one backend: programs are connected to any of them, gateways ask any of them, and any of them is killed. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { WebSocket } from 'ws';
import type { CallSetup } from '../../contracts/call';
import { inboundCallId } from '../../contracts/call-id';
import { systemClock } from '../../contracts/clock';
import { inboundDigest } from '../../contracts/ids';
import { SDK_LINK_PATH } from '../../contracts/sdk-link';
import { createApiKey } from '../../control/keys/api-keys';
import { RelayAgent } from '../../media-gateway/engines/pipeline/on-message/relay-agent';
import { type Config, loadConfig } from '../../runtime/config';
import { type IncomingMessage, Patter } from '../../sdk';
import { until } from '../chaos/until';
import { done, openTestStore, type TestStore } from '../store/fixtures';
import { startTestTemporal } from '../support/temporal';

const NUMBER = '+15005550031';
const WITHIN_MS = 30_000;
const home = mkdtempSync(join(tmpdir(), 'patter-links-'));

let test_: TestStore;
let config: Config;
let env: NodeJS.ProcessEnv;
let apiKey: string;
const children: ChildProcess[] = [];
const phones: Patter[] = [];
const doors: Door[] = [];
const agents: RelayAgent[] = [];

beforeAll(async () => {
  test_ = await openTestStore();
  const temporal = await startTestTemporal();
  env = {
    ...process.env,
    PATTER_HOME: home,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    PATTER_TASK_QUEUE: temporal.taskQueue,
    PATTER_DATABASE_URL: test_.url,
    PATTER_SECRET_KEY: 'a-secret-of-all-processes',
    PATTER_CONTROL_PORT: '0',
    PATTER_LOG_LEVEL: 'error',
  };
  config = loadConfig(env, home);
  apiKey = (await createApiKey({ store: test_.store, clock: systemClock }, { tenantId: 'acme', number: NUMBER })).secret;
}, 120_000);

afterAll(async () => {
  for (const phone of phones) await phone.disconnect();
  for (const agent of agents) agent.close();
  for (const { server } of doors) server.close();
  for (const child of children) child.kill('SIGKILL');
  await test_?.close();
  rmSync(home, { recursive: true, force: true });
});

test('a message reaches its program whichever process is asked, and once, also when the one that holds its socket is killed over it', async () => {
  const [a, b] = await Promise.all([startControl({ NO_EVENTS: 'yes' }), startControl()]);
  const door = await openDoor(a.url);
  const mine = await program(door.url);
  expect(await say(gateway(b.url), 'call_1', 'Hello?')).toBe('mine: Hello?');
  expect(await say(gateway(a.url), 'call_1', 'Again')).toBe('mine: Again');

  // b tells it of a call, and hears that it has been told.
  const callId = await callThatEnded();
  await until(() => mine.ended.length > 0, { withinMs: WITHIN_MS, what: 'the end of the call' });
  await until(async () => (await unacknowledged()) === 0, { withinMs: WITHIN_MS, what: 'its acknowledgement' });
  expect(mine.ended).toEqual([callId]);

  // Asked at b, which has not the socket, and at a, which has.
  const answers = [say(gateway(b.url), 'call_1', 'Hold b'), say(gateway(a.url, b.url), 'call_2', 'Hold a')];
  await until(() => mine.held.length === 2, { withinMs: WITHIN_MS, what: 'the messages' });
  const other = await program(b.url, 'other');
  // It comes back by another way.
  door.target = b.url;
  a.process.kill('SIGKILL');
  await once(a.process, 'exit');
  mine.release();
  expect(await Promise.all(answers)).toEqual(['mine: Hold b', 'mine: Hold a']);
  expect([...mine.asked].sort()).toEqual(['Again', 'Hello?', 'Hold a', 'Hold b']);
  expect(other.asked).toEqual([]);

  // A call stays with its program, as another process learns too.
  const c = await startControl();
  expect(await say(gateway(c.url), 'call_2', 'And now?')).toBe('mine: And now?');
  // One that a program has placed comes to it, although another has less to do: it alone has the call's own function.
  const own = await mine.phone.call({ to: '+12125550101', onMessage: ({ text }) => `own: ${text}` });
  expect(await say(gateway(c.url), own.id, 'Mine?')).toBe('own: Mine?');
  expect(other.asked).toEqual([]);
  await other.phone.disconnect();
  await mine.phone.disconnect();
  const third = await program(c.url, 'third');
  expect(await say(gateway(b.url), 'call_2', 'Anybody?')).toBe('third: Anybody?');
  // Its function has gone with its program.
  expect(await say(gateway(b.url), own.id, 'Still?')).toBe('third: Still?');
  expect(third.asked).toEqual(['Anybody?', 'Still?']);
  // Only a process with the same secret hears of programs.
  const stranger = new WebSocket(`${b.url.replace('http', 'ws')}${SDK_LINK_PATH}?from=me`);
  const [, response] = (await once(stranger, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(401);
}, 120_000);

interface Control {
  process: ChildProcess;
  url: string;
}

async function startControl(more: NodeJS.ProcessEnv = {}): Promise<Control> {
  const root = join(__dirname, '..', '..');
  const child = fork(join(root, 'scripts', 'run-ts.js'), [join(__dirname, 'backend-child.ts')], { cwd: root, env: { ...env, ...more } });
  children.push(child);
  const over = once(child, 'exit').then(([code]) => {
    throw new Error(`a control process ended with ${code} before it served`);
  });
  const [{ url }] = (await Promise.race([once(child, 'message'), over])) as [{ url: string }];
  over.catch(() => undefined);
  return { process: child, url };
}

interface Door {
  url: string;
  /** Where connections go from now on. */
  target: string;
  server: Server;
}

/** Stands before the control processes, as a balancer does. */
async function openDoor(target: string): Promise<Door> {
  const server = createServer((socket) => {
    const { hostname, port } = new URL(door.target);
    const behind = connect(Number(port), hostname);
    const join = (from: Socket, to: Socket) => {
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    };
    join(socket, behind);
    join(behind, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const door: Door = { url: `http://127.0.0.1:${port}`, target, server };
  doors.push(door);
  return door;
}

/** A connected program; it answers what begins with "Hold" when it is released. */
async function program(backendUrl: string, name = 'mine') {
  const asked: string[] = [];
  const held: (() => void)[] = [];
  const ended: string[] = [];
  const phone = new Patter({ apiKey, backendUrl: backendUrl.replace('http', 'ws') });
  phones.push(phone);
  await phone.connect({
    onMessage: async ({ text }: IncomingMessage) => {
      asked.push(text);
      if (text.startsWith('Hold')) await new Promise<void>((resolve) => held.push(resolve));
      return `${name}: ${text}`;
    },
    onCallEnd: (event) => void ended.push(event.callId),
  });
  return {
    ...{ phone, asked, held, ended },
    release: () => {
      for (const release of held.splice(0)) release();
    },
  };
}

/** What a gateway asks with. */
function gateway(...urls: string[]) {
  return (callId: string) => {
    const setup = {
      ...{ callId, tenantId: 'acme', carrier: 'twilio', direction: 'inbound', from: '+12125550101', to: NUMBER },
      ...{ agent: { language: 'en' }, variables: {} },
    } as unknown as CallSetup;
    const agent = new RelayAgent({ timeoutMs: WITHIN_MS }, setup, {
      config: { ...config, PATTER_CONTROL_URL: urls.join(',') },
      clock: systemClock,
    });
    agents.push(agent);
    return agent;
  };
}

let messages = 0;

async function say(open: ReturnType<typeof gateway>, callId: string, text: string): Promise<string> {
  let answer = '';
  const request = { requestId: `m${messages++}`, messages: [{ role: 'user' as const, text }], instructions: undefined, tools: [] };
  for await (const delta of open(callId).answer({ ...request, signal: new AbortController().signal })) {
    if (delta.kind === 'text') answer += delta.text;
  }
  return answer;
}

/** A call to the number, as the record of one that is over. */
async function callThatEnded(): Promise<string> {
  const { store } = test_;
  const now = new Date();
  const gateway = { gatewayId: 'gw_1', publicUrl: 'http://127.0.0.1:1', internalUrl: 'http://127.0.0.1:1', maxCalls: 9, activeCalls: 0 };
  await store.gateways.renew({ ...gateway, draining: false, app: null }, now);
  const admitted = await store.lines.admit({
    ...{ callId: inboundCallId(inboundDigest('twilio', 'CA1')), carrier: 'twilio', carrierCallId: 'CA1', from: '+12125550101', to: NUMBER },
    ...{ variables: {}, gatewayId: 'gw_1', now, deadline: () => new Date(now.getTime() + 60_000) },
  });
  if (admitted.kind !== 'admitted') throw new Error(admitted.kind);
  const { callId, tenantId, campaignId, contactId } = admitted.attempt;
  await store.attempts.settle(
    {
      ...{ tenantId, campaignId, contactId, callId, outcome: 'completed', answeredBy: 'human', endedAt: now.getTime() },
      ...{ turns: [], usage: [], toolCalls: [], voicemailLeft: false, consumed: true },
    },
    done(),
    now,
  );
  return callId;
}

async function unacknowledged(): Promise<number> {
  const client = new Client({ connectionString: test_.url });
  await client.connect();
  try {
    return (await client.query<{ n: number }>('select count(*)::int as n from sdk_deliveries where not done')).rows[0]?.n ?? 0;
  } finally {
    await client.end();
  }
}
