import Telnyx from 'telnyx';
import type { PersonaInput } from '../../lab/persona';
import { LAB_TELNYX } from '../../lab/scenario';
import { FROM, TelnyxHarness, TO } from './telnyx-harness';

let harness: TelnyxHarness;
afterEach(() => harness.stop());

const LISTENER: PersonaInput = { kind: 'human', answerAfterMs: 0, steps: [] };
const state = (text: string) => Buffer.from(text).toString('base64');

const types = (callControlId: string) =>
  harness.webhooks.filter(({ payload }) => payload.call_control_id === callControlId).map(({ type }) => type);

/** Status and code of a refused request. */
async function refusal(request: Promise<unknown>): Promise<[number | undefined, string | undefined]> {
  const error = await request.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Telnyx.APIError)) throw error ?? new Error('it was not refused');
  const body = error.error as { errors: { code: string; title: string; detail: string }[] };
  expect(body.errors[0]).toMatchObject({ title: expect.any(String), detail: expect.any(String) });
  return [error.status, body.errors[0]?.code];
}

test('a call is announced, answered and hung up on, each webhook signed so that the vendor package believes it', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial({ client_state: state('call-1') });
  await harness.webhook('streaming.started', id);
  await harness.client.calls.actions.hangup(id, {});
  const hangup = await harness.webhook('call.hangup', id);
  expect(new Set(types(id))).toEqual(new Set(['call.initiated', 'call.answered', 'streaming.started', 'streaming.stopped', 'call.hangup']));
  expect(harness.webhooks.every(({ verified }) => verified)).toBe(true);
  const initiated = await harness.webhook('call.initiated', id);
  expect(initiated).toMatchObject({
    path: '/calls',
    meta: { attempt: 1, delivered_to: `${harness.customerUrl}/calls` },
    payload: {
      call_control_id: expect.stringMatching(/^v3:/),
      connection_id: LAB_TELNYX.connectionId,
      client_state: state('call-1'),
      direction: 'outgoing',
      from: FROM,
      to: TO,
      state: 'parked',
    },
  });
  expect(hangup.payload).toMatchObject({ hangup_cause: 'normal_clearing', hangup_source: 'caller', sip_hangup_cause: '200' });
  expect(harness.entry(id)).toMatchObject({ carrier: 'telnyx', direction: 'outbound', finalStatus: 'completed', endedBy: 'api' });
});

test.each([
  ['busy', { kind: 'busy', afterMs: 0 }, 'user_busy', 'callee', '486', 'busy'],
  ['declined', { kind: 'rejected', afterMs: 0 }, 'call_rejected', 'callee', '603', 'busy'],
  ['a number that nobody has', { kind: 'failed', afterMs: 0, sipCode: 404 }, 'not_found', 'unknown', '404', 'failed'],
  ['a broken route', { kind: 'failed', afterMs: 0, sipCode: 503 }, 'unspecified', 'unknown', '503', 'failed'],
  ['a person who hangs up', { ...LISTENER, steps: [{ hangUp: true }] }, 'normal_clearing', 'callee', '200', 'completed'],
] satisfies [string, PersonaInput, ...string[]][])(
  '%s ends the call with its own cause',
  async (_name, persona, cause, source, sip, status) => {
    harness = await TelnyxHarness.start({ people: { [TO]: persona } });
    const id = await harness.dial();
    const { payload } = await harness.webhook('call.hangup', id);
    expect(payload).toMatchObject({ hangup_cause: cause, hangup_source: source, sip_hangup_cause: sip, state: 'hangup' });
    expect(harness.entry(id)).toMatchObject({ finalStatus: status });
  },
);

test('nobody answers: the call times out after timeout_secs, which may not be under five', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: 'no-answer' } });
  expect(await refusal(harness.dial({ timeout_secs: 4 }))).toEqual([422, '10015']);
  const id = await harness.dial({ timeout_secs: 5 });
  const { payload } = await harness.webhook('call.hangup', id);
  expect(payload).toMatchObject({ hangup_cause: 'timeout' });
  expect(types(id)).toEqual(['call.initiated', 'call.hangup']);
  expect(harness.entry(id)).toMatchObject({ finalStatus: 'no-answer', rings: [expect.any(Number)] });
}, 15_000);

test('a call that rings can be cancelled', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: 'no-answer' } });
  const id = await harness.dial();
  await harness.client.calls.actions.hangup(id, {});
  const { payload } = await harness.webhook('call.hangup', id);
  expect(payload).toMatchObject({ hangup_cause: 'originator_cancel', hangup_source: 'caller' });
  expect(harness.entry(id)).toMatchObject({ finalStatus: 'canceled' });
});

test('the carrier ends a call at its time limit', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial({ time_limit_secs: 1 });
  expect((await harness.webhook('call.hangup', id)).payload).toMatchObject({ hangup_cause: 'time_limit' });
  expect(harness.entry(id)).toMatchObject({ endedBy: 'time_limit' });
});

test('what cannot be dialled is refused in the vendor’s shape, and no phone rings', async () => {
  harness = await TelnyxHarness.start({ people: { '+14155550101': 'invalid' } });
  expect(await refusal(harness.clientWith('KEYwrong').calls.retrieveStatus('v3:x'))).toEqual([401, '10009']);
  expect(await refusal(harness.dial({ from: '+14155550999' }))).toEqual([403, '10010']);
  expect(await refusal(harness.dial({ to: '5550100' }))).toEqual([422, '10016']);
  expect(await refusal(harness.dial({ to: '+14155550101' }))).toEqual([422, '10002']);
  expect(await refusal(harness.dial({ connection_id: '7' }))).toEqual([422, '10017']);
  expect(await refusal(harness.dial({ stream_url: 'https://example.com' }))).toEqual([422, '10015']);
  expect(harness.ledger.calls).toEqual([]);
});

test('more dials than the rate allows are refused, not queued', async () => {
  harness = await TelnyxHarness.start({ default: 'no-answer', telnyx: { dialsPerSecond: 0.4 } });
  await harness.dial();
  await harness.dial({ to: '+14155550101' });
  expect(await refusal(harness.dial({ to: '+14155550102' }))).toEqual([429, '90103']);
  expect(harness.ledger.calls).toHaveLength(2);
});

test('a command is refused before the answer, after the end, and to a call that never was', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: 'no-answer' } });
  const id = await harness.dial();
  const { actions } = harness.client.calls;
  expect(await refusal(actions.speak(id, { payload: 'Hi', voice: 'female' }))).toEqual([422, '90034']);
  await actions.hangup(id, {});
  expect(await refusal(actions.hangup(id, {}))).toEqual([422, '90018']);
  expect(await refusal(actions.hangup('v3:nobody', {}))).toEqual([422, '90015']);
  expect(await refusal(harness.client.calls.retrieveStatus('v3:nobody'))).toEqual([404, '10005']);
});

test('a repeated command_id is the same call and the same command', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial({ command_id: 'attempt-1' });
  expect(await harness.dial({ command_id: 'attempt-1' })).toBe(id);
  expect(harness.ledger.calls).toHaveLength(1);
  await harness.webhook('streaming.started', id);
  const { actions } = harness.client.calls;
  await actions.sendDtmf(id, { digits: '12', command_id: 'digits-1' });
  await actions.sendDtmf(id, { digits: '12', command_id: 'digits-1' });
  expect(harness.entry(id).dtmfHeard).toBe('12');
  await actions.hangup(id, { command_id: 'end' });
  // Ended as it is: a repeated command is ignored, a new one refused.
  await actions.hangup(id, { command_id: 'end' });
  expect(await refusal(actions.hangup(id, { command_id: 'end-2' }))).toEqual([422, '90018']);
});

test('a call is found by its id, and while it lasts among those of its connection, by its client state', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial({ client_state: state('one') });
  const other = await harness.dial({ to: '+14155550101', client_state: state('two') });
  await harness.webhook('call.answered', id);
  await harness.client.calls.actions.updateClientState(id, { client_state: state('three') });
  const found = [];
  for await (const call of harness.client.connections.listActiveCalls(LAB_TELNYX.connectionId, { 'page[size]': 1 })) found.push(call);
  expect(found).toEqual([
    expect.objectContaining({ record_type: 'call', call_control_id: id, client_state: state('three') }),
    expect.objectContaining({ call_control_id: other, client_state: state('two') }),
  ]);
  await harness.client.calls.actions.hangup(id, {});
  const { data } = await harness.client.calls.retrieveStatus(id);
  expect(data).toMatchObject({ call_control_id: id, is_alive: false, record_type: 'call', end_time: expect.any(String) });
  expect((await harness.webhook('call.hangup', id)).payload.client_state).toBe(state('three'));
  const { data: left } = await harness.client.connections.listActiveCalls(LAB_TELNYX.connectionId);
  expect(left?.map((call) => call.call_control_id)).toEqual([other]);
});

test('what became of a call stands in the log, though its webhooks were lost', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: { kind: 'busy', afterMs: 0 } }, faults: [{ kind: 'callback_missing', to: TO }] });
  const id = await harness.dial({ client_state: state('one') });
  await harness.dial({ to: '+14155550101' });
  await harness.until('the end', () => harness.entry(id).endedAt);
  const { data } = await harness.client.callEvents.list({ filter: { to: TO, type: 'webhook', product: 'call_control' } });
  expect(data?.map(({ name }) => name).sort()).toEqual(['call.hangup', 'call.initiated']);
  expect(data?.find(({ name }) => name === 'call.hangup')).toMatchObject({
    record_type: 'call_event',
    metadata: { payload: { call_control_id: id, client_state: state('one'), hangup_cause: 'user_busy' } },
  });
  expect(harness.of('call.hangup', id)).toEqual([]);
});

test('numbers lead to an application, and the application to a webhook URL', async () => {
  harness = await TelnyxHarness.start({ numbers: [FROM, '+15005550007'] });
  const { client } = harness;
  const { data: numbers } = await client.phoneNumbers.list({ filter: { phone_number: '+15005550007' } });
  expect(numbers).toMatchObject([{ phone_number: '+15005550007', connection_id: LAB_TELNYX.connectionId }]);
  const created = await client.callControlApplications.create({
    application_name: 'Mine',
    webhook_event_url: `${harness.customerUrl}/mine`,
  });
  const applicationId = created.data?.id as string;
  await client.phoneNumbers.update(numbers?.[0]?.id as string, { connection_id: applicationId });
  const { data: number } = await client.phoneNumbers.retrieve(numbers?.[0]?.id as string);
  expect(number).toMatchObject({ connection_id: applicationId, connection_name: 'Mine' });
  await client.callControlApplications.update(applicationId, {
    application_name: 'Mine',
    webhook_event_url: `${harness.customerUrl}/other`,
    call_cost_in_webhooks: true,
  });
  const { data: connections } = await client.connections.list();
  expect(connections?.map(({ webhook_event_url: url }) => url)).toEqual([`${harness.customerUrl}/app`, `${harness.customerUrl}/other`]);
  // A call that names no URL of its own is reported to its application's.
  const id = await harness.dial({ connection_id: applicationId, webhook_url: undefined, to: '+14155550101' });
  await harness.client.calls.actions.hangup(id, {});
  expect((await harness.webhook('call.hangup', id)).path).toBe('/other');
  expect((await harness.webhook('call.cost', id)).payload).toMatchObject({ status: 'success', total_cost: '0.0000' });
});

test('a webhook that is not taken is sent again, and to the fail-over URL of the application', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: 'no-answer' } });
  await harness.client.callControlApplications.update(LAB_TELNYX.connectionId, {
    application_name: 'Patter lab',
    webhook_event_url: `${harness.customerUrl}/first`,
    webhook_event_failover_url: `${harness.customerUrl}/second`,
  });
  harness.statuses.set('/first', [503, 503]);
  harness.statuses.set('/second', [500]);
  const id = await harness.dial({ webhook_url: undefined });
  const taken = await harness.until(
    'a second round',
    () => harness.of('call.initiated', id).length === 4 && harness.of('call.initiated', id),
  );
  expect(taken.map(({ path, meta }) => [path, meta.attempt])).toEqual([
    ['/first', 1],
    ['/second', 1],
    ['/first', 2],
    ['/second', 2],
  ]);
  expect(new Set(taken.map((webhook) => webhook.id)).size).toBe(1);
});

test('webhooks are lost, doubled with one id, and overtaken on demand', async () => {
  harness = await TelnyxHarness.start({
    people: { [TO]: LISTENER },
    faults: [
      { kind: 'callback_missing', event: 'call.initiated' },
      { kind: 'callback_reorder', event: 'call.answered' },
      { kind: 'callback_duplicate', event: 'call.hangup' },
    ],
  });
  const id = await harness.dial();
  await harness.webhook('streaming.started', id);
  await harness.webhook('call.answered', id);
  expect(types(id).slice(0, 2)).toEqual(['streaming.started', 'call.answered']);
  await harness.client.calls.actions.hangup(id, {});
  await harness.until('both', () => harness.of('call.hangup', id).length === 2);
  const [first, second] = harness.of('call.hangup', id);
  expect(second?.id).toBe(first?.id);
  expect(types(id)).not.toContain('call.initiated');
});

test('a dial can be carried out and answered with 500 or never; the same command_id finds the call', async () => {
  harness = await TelnyxHarness.start({
    default: 'no-answer',
    faults: [
      { kind: 'create_500', to: TO, count: 1 },
      { kind: 'create_hang', to: '+14155550101', count: 1 },
      { kind: 'create_429', to: '+14155550102', count: 1 },
    ],
  });
  expect(await refusal(harness.dial({ command_id: 'a' }))).toEqual([500, '10007']);
  const id = await harness.dial({ command_id: 'a' });
  expect(harness.ledger.calls.map(({ callSid }) => callSid)).toEqual([id]);
  const impatient = harness.clientWith(LAB_TELNYX.apiKey, { timeout: 2_000 });
  const dialling = impatient.calls.dial({ connection_id: LAB_TELNYX.connectionId, from: FROM, to: '+14155550101' });
  await expect(dialling).rejects.toBeInstanceOf(Telnyx.APIConnectionError);
  expect(harness.ledger.calls).toHaveLength(2);
  expect(await refusal(harness.dial({ to: '+14155550102' }))).toEqual([429, '90103']);
  expect(harness.ledger.calls).toHaveLength(2);
});

test('a command can be carried out and answered with 500', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER }, faults: [{ kind: 'command_500', event: 'hangup' }] });
  const id = await harness.dial();
  await harness.webhook('call.answered', id);
  expect(await refusal(harness.client.calls.actions.hangup(id, {}))).toEqual([500, '10007']);
  await harness.webhook('call.hangup', id);
});
