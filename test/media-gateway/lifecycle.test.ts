import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { runGateway } from '../../media-gateway/main';
import { eventually, Harness, MediaClient, newCallId, post, tokenFor } from './support/harness';

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());

/** A client whose server has gone away. */
async function deadClient(): Promise<Client> {
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  return new Client({ connection, namespace: harness.temporal.namespace });
}

const spooled = (home: string) => readdirSync(join(home, 'spool', 'gateway-1')).filter((name) => name.endsWith('.json'));

test('callbacks that Temporal cannot take go to disk, and the next run delivers them in order', async () => {
  const home = harness.newHome();
  const { callId, carrierCallId } = await harness.startCall();
  const client = await deadClient();
  const cut = await harness.gateway({ home, client, options: { spoolRetryMs: 60_000 } });
  for (const [sequence, CallStatus] of ['initiated', 'in-progress', 'completed'].entries()) {
    const form = { CallSid: carrierCallId, CallStatus, SequenceNumber: String(sequence) };
    expect((await post(cut, `/twilio/status/${callId}`, form)).status).toBe(204);
  }
  expect(spooled(home)).toHaveLength(3);
  await cut.stop();
  await client.connection.close();
  expect(spooled(home)).toHaveLength(3);
  await harness.gateway({ home });
  const seen = await eventually(async () => {
    const now = await harness.seen(callId);
    return now.carrierEvents.length === 3 && now;
  });
  expect(seen.carrierEvents.map((event) => event.kind === 'status' && event.status)).toEqual(['queued', 'in_progress', 'completed']);
  await eventually(() => spooled(home).length === 0);
});

test('while the workflow cannot be reached the carrier waits and asks again, a bounded number of times', async () => {
  const client = await deadClient();
  const cut = await harness.gateway({ client });
  const callId = newCallId();
  const form = { CallSid: 'CA1', CallStatus: 'in-progress' };
  // Each question is answered for itself, and both wait long.
  const [first, last] = await Promise.all([
    post(cut, `/twilio/continue/${callId}`, form),
    post(cut, `/twilio/continue/${callId}?unanswered=2`, form),
  ]);
  expect(first.body).toContain(`<Pause length="1"/><Redirect>${cut.urls.public}/twilio/continue/${callId}?unanswered=1</Redirect>`);
  expect(last.body).toContain('<Connect><Stream');
  await cut.stop();
  await client.connection.close();
}, 40_000);

test('a hang-up that the carrier does not take is tried again', async () => {
  const gateway = await harness.gateway();
  const { callId, carrierCallId } = await harness.startCall();
  const media = await MediaClient.start(gateway, carrierCallId, tokenFor(callId));
  const session = await eventually(() => harness.sessions.of(callId)[0]);
  harness.rest.broken = true;
  session.end('agent_ended');
  await media.closed;
  expect(harness.rest.ended).not.toContain(carrierCallId);
  harness.rest.broken = false;
  await eventually(() => harness.rest.ended.includes(carrierCallId));
});

test('the registration says where the gateway is and how full, and goes with it', async () => {
  const gateway = await harness.gateway({ variables: { PATTER_GATEWAY_MAX_CALLS: '7' } });
  const row = await harness.store.gateways.get(gateway.gatewayId);
  expect(row).toMatchObject({
    publicUrl: gateway.urls.public,
    internalUrl: gateway.urls.listening,
    maxCalls: 7,
    activeCalls: 0,
    draining: false,
  });
  await gateway.stop();
  await gateway.closed;
  expect(await harness.store.gateways.get(gateway.gatewayId)).toBeUndefined();
});

test('a stop hands running calls over: drained, with the history, and not hung up', async () => {
  const gateway = await harness.gateway();
  const { callId, carrierCallId } = await harness.startCall();
  const media = await MediaClient.start(gateway, carrierCallId, tokenFor(callId));
  const session = await eventually(() => harness.sessions.of(callId)[0]);
  media.audio(Buffer.from('said before'));
  await eventually(() => session.audio.length > 0);
  const stopped = gateway.stop();
  await eventually(async () => (await harness.store.gateways.get(gateway.gatewayId))?.draining);
  await media.closed;
  await stopped;
  expect((await harness.seen(callId)).reports).toMatchObject([{ end: 'drained', turns: [{ text: 'said before' }] }]);
  expect(harness.rest.ended).not.toContain(carrierCallId);
});

test('healthz, readyz and metrics', async () => {
  const gateway = await harness.gateway();
  const get = (path: string) => fetch(`${gateway.urls.listening}${path}`);
  expect((await get('/healthz')).status).toBe(200);
  expect(await (await get('/readyz')).json()).toEqual({ ok: true, problems: [] });
  expect(await (await get('/metrics')).text()).toContain('patter_gateway_active_calls 0');
  const client = await deadClient();
  const cut = await harness.gateway({ client });
  const response = await fetch(`${cut.urls.listening}/readyz`);
  expect([response.status, await response.json()]).toEqual([503, { ok: false, problems: [expect.stringContaining('Temporal')] }]);
  await cut.stop();
  await client.connection.close();
});

test('runGateway finds everything by its configuration, and leaves nothing open', async () => {
  const config = harness.config(harness.newHome(), {
    TEMPORAL_ADDRESS: harness.temporal.address,
    TEMPORAL_NAMESPACE: harness.temporal.namespace,
    DATABASE_URL: harness.databaseUrl,
    PATTER_LOG_LEVEL: 'silent',
  });
  const gateway = await runGateway(config);
  expect(await gateway.problems()).toEqual([]);
  await Promise.all([gateway.stop(), gateway.stop()]);
  await gateway.closed;
  await expect(fetch(`${gateway.urls.listening}/healthz`)).rejects.toThrow();
});

test('a public URL that is missing from the list is said before anything is opened', async () => {
  const variables = { PATTER_GATEWAY_INDEX: '3', PATTER_PUBLIC_URL: 'https://a.example,https://b.example' };
  await expect(harness.gateway({ variables })).rejects.toMatchObject({ code: 'PATTER_CONFIG_INVALID' });
});
