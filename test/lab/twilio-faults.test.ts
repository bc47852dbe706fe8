import { Webhook } from 'standardwebhooks';
import type { PersonaInput } from '../../lab/persona';
import { Harness, TO } from './harness';

let harness: Harness;
afterEach(() => harness.stop());

const LISTENER: PersonaInput = { kind: 'human', answerAfterMs: 30, steps: [] };
const SHORT = '<Response><Pause length="1"/></Response>';

async function fault(body: object): Promise<void> {
  const response = await post('/lab/faults', body);
  expect(response.status).toBe(200);
}

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(harness.lab.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

test('create answered with 500: the phone rings all the same, and the call list has it', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  await fault({ kind: 'create_500', to: TO, count: 1 });
  await expect(harness.create({ twiml: SHORT })).rejects.toMatchObject({ status: 500, code: 20500 });
  await harness.until('answered', () => harness.statuses().includes('in-progress'));
  const [found] = await harness.client.calls.list({ to: TO });
  expect(found).toMatchObject({ status: 'in-progress' });
  expect(await harness.create({ twiml: SHORT })).toMatchObject({ status: 'queued' });
});

test('create never answered: the request runs into its deadline while the phone rings', async () => {
  harness = await Harness.start({ people: { [TO]: 'no-answer' }, faults: [{ kind: 'create_hang' }] });
  await expect(harness.create({ twiml: SHORT })).rejects.toThrow(/timeout/);
  expect(harness.statuses()).toContain('ringing');
  expect(harness.ledger.calls).toHaveLength(1);
});

test('create overtaken by the next one: the phone rings for that one first, and then for the late one too', async () => {
  harness = await Harness.start({
    people: { [TO]: { ...LISTENER, answerAfterMs: 2_000 } as PersonaInput },
    faults: [{ kind: 'create_overtaken', count: 1, delayMs: 100 }],
  });
  await expect(harness.create({ twiml: SHORT })).rejects.toThrow(/timeout/);
  expect(harness.ledger.calls).toHaveLength(0);
  const { sid } = await harness.create({ twiml: SHORT });
  await harness.until('both ring', () => harness.ledger.calls.flatMap(({ rings }) => rings).length === 2);
  expect(harness.ledger.calls[0]?.callSid).toBe(sid);
});

test('429: nothing is dialled, and the next request is accepted', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER }, faults: [{ kind: 'create_429', count: 1 }] });
  await expect(harness.create({ twiml: SHORT })).rejects.toMatchObject({ status: 429, code: 20429 });
  expect(harness.ledger.calls).toHaveLength(0);
  expect(await harness.create({ twiml: SHORT })).toMatchObject({ status: 'queued' });
});

test('callbacks are lost, doubled, reordered and late as the faults say, and the ledger says so', async () => {
  harness = await Harness.start({
    people: { [TO]: LISTENER },
    faults: [
      { kind: 'callback_missing', event: 'initiated' },
      { kind: 'callback_reorder', event: 'ringing' },
      { kind: 'callback_duplicate', event: 'completed' },
    ],
  });
  await harness.create({ twiml: SHORT });
  await harness.until('both completed', () => harness.statuses().filter((status) => status === 'completed').length === 2);
  expect(harness.at('/status').map(({ params }) => params.SequenceNumber)).toEqual(['2', '1', '3', '3']);
  expect(harness.ledger.callbacks.map(({ event, fault }) => [event, fault])).toEqual(
    expect.arrayContaining([
      ['initiated', 'callback_missing'],
      ['ringing', 'callback_reorder'],
      ['completed', 'callback_duplicate'],
    ]),
  );
});

test('a late callback comes after those that follow it', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER }, faults: [{ kind: 'callback_late', event: 'answered', delayMs: 2000 }] });
  await harness.create({ twiml: SHORT });
  await harness.until('answered', () => harness.statuses().includes('in-progress'));
  expect(harness.statuses()).toEqual(['initiated', 'ringing', 'completed', 'in-progress']);
});

test('a callback that nobody takes is tried once more', async () => {
  harness = await Harness.start({ default: 'busy' });
  harness.drops.set('/status', 1);
  await harness.create({ twiml: SHORT, statusCallbackEvent: ['completed'] });
  await harness.until('the second try', () => harness.statuses().includes('busy'));
  expect(harness.ledger.callbacks).toMatchObject([{ event: 'completed', attempts: 2 }]);
});

test('a stream can be cut without stop, at the end or in the middle of the call', async () => {
  harness = await Harness.start({
    people: { [TO]: { kind: 'human', answerAfterMs: 0, steps: [{ waitMs: 300, hangUp: true }] }, '+14155550101': LISTENER },
    faults: [
      { kind: 'stream_closed_without_stop', to: TO },
      { kind: 'stream_closed_without_stop', to: '+14155550101', afterMs: 200, count: 1 },
    ],
  });
  await harness.create();
  const cutAtEnd = await harness.until('a cut socket', () => harness.peers.find(({ closeCode }) => closeCode === 1006));
  expect(cutAtEnd.of('start')).toHaveLength(1);
  expect(cutAtEnd.of('stop')).toHaveLength(0);
  const second = await harness.create({ to: '+14155550101', twiml: harness.streamTwiml('<Say>Still here</Say>') });
  await harness.until('completed', () => harness.statuses(second.sid).includes('completed'));
  expect(harness.peers[1]?.of('stop')).toHaveLength(0);
  expect(harness.entry(second.sid)).toMatchObject({ streams: [{ closedBy: 'fault' }], endedBy: 'twiml' });
});

test('the webhook sink verifies the signature and counts a second delivery as a duplicate', async () => {
  harness = await Harness.start({ faults: [{ kind: 'webhook_fail', event: 'crm', count: 1, status: 503 }] });
  const secret = `whsec_${Buffer.from('a secret of enough bytes').toString('base64')}`;
  const body = { type: 'call.completed', data: { outcome: 'completed' } };
  const at = new Date();
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', at, JSON.stringify(body)),
  };
  const url = `/lab/webhooks/crm?secret=${encodeURIComponent(secret)}`;
  expect((await post(url, body, headers)).status).toBe(503);
  expect((await post(url, body, headers)).status).toBe(200);
  expect((await post(url, body, headers)).status).toBe(200);
  expect((await post(url, { ...body, forged: true }, { ...headers, 'webhook-id': 'msg_2' })).status).toBe(401);
  expect(harness.ledger.webhooks).toMatchObject([
    { name: 'crm', id: 'msg_1', verified: true, body, duplicates: 1 },
    { name: 'crm', id: 'msg_2', verified: false },
  ]);
});

test('tools answer what the scenario says, and the ledger keeps what they were asked', async () => {
  harness = await Harness.start({ tools: { confirm: { ok: true, slot: 'A1' } }, faults: [{ kind: 'tool_fail', event: 'book', count: 1 }] });
  expect(await (await post('/lab/tools/confirm', { arguments: { yes: true } })).json()).toEqual({ ok: true, slot: 'A1' });
  expect((await post('/lab/tools/book', {})).status).toBe(500);
  expect(await (await post('/lab/tools/book', {})).json()).toEqual({ ok: true });
  expect(harness.ledger.toolCalls).toMatchObject([
    { name: 'confirm', body: { arguments: { yes: true } }, status: 200 },
    { name: 'book', status: 500 },
    { name: 'book', status: 200 },
  ]);
});

test('reset hangs everything up and forgets it, and the ledger is served as JSON', async () => {
  harness = await Harness.start({ people: { [TO]: ['busy', LISTENER] } });
  const call = await harness.create({ twiml: SHORT });
  await harness.until('busy', () => harness.statuses().includes('busy'));
  const before = (await (await fetch(`${harness.lab.url}/lab/ledger`)).json()) as { calls: unknown[]; requests: unknown[] };
  expect(before.calls).toMatchObject([{ callSid: call.sid, persona: 'busy', finalStatus: 'busy' }]);
  expect(before.requests).toMatchObject([{ method: 'POST', params: { To: TO }, status: 201 }]);
  await post('/lab/reset', {});
  expect(await (await fetch(`${harness.lab.url}/lab/ledger`)).json()).toMatchObject({ calls: [], requests: [], callbacks: [] });
  expect(await harness.client.calls.list({ to: TO })).toEqual([]);
  await harness.create({ twiml: SHORT });
  await harness.until('busy again', () => harness.statuses().filter((status) => status === 'busy').length === 2);
});

test('a fault that is none is refused with what is wrong', async () => {
  harness = await Harness.start({});
  const response = await post('/lab/faults', { kind: 'meteor' });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('kind');
});
