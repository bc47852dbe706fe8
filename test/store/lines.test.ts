import { Client } from 'pg';
import { inboundCallId } from '../../contracts/call-id';
import { inboundDigest } from '../../contracts/ids';
import { lineFileSchema } from '../../contracts/line';
import type { Admission, AdmissionResult, ContactRow } from '../../store/store';
import {
  allowUnlessInUse,
  campaignWith,
  claimOne,
  done,
  intentFor,
  later,
  NOW,
  openTestStore,
  settlementFor,
  type TestStore,
} from './fixtures';

const DESK = '+15005550006';
const CALLER = '+12125550101';
const TENANT = 'default';

let db: TestStore;
beforeEach(async () => {
  db = await openTestStore();
  await db.store.gateways.renew(
    { gatewayId: 'gw-1', publicUrl: 'http://gw', internalUrl: 'http://gw', maxCalls: 10, activeCalls: 0, draining: false },
    NOW,
  );
});
afterEach(() => db.close());

function line(over: Record<string, unknown> = {}) {
  return lineFileSchema.parse({
    name: 'desk',
    number: DESK,
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'You answer.' },
    ...over,
  });
}

function admission(carrierCallId: string, over: Partial<Admission> = {}): Admission {
  return {
    callId: inboundCallId(inboundDigest('twilio', carrierCallId)),
    carrier: 'twilio',
    carrierCallId,
    from: CALLER,
    to: DESK,
    variables: { caller: CALLER },
    gatewayId: 'gw-1',
    now: NOW,
    deadline: () => later(60_000),
    ...over,
  };
}

function admitted(result: AdmissionResult) {
  if (result.kind !== 'admitted') throw new Error(result.kind);
  return result;
}

async function contactOf(result: AdmissionResult): Promise<ContactRow> {
  return (await db.store.contacts.get(admitted(result).attempt.contactId)) as ContactRow;
}

test('a number has one line; another file changes it, and its calls stay together', async () => {
  const made = await db.store.lines.set({ tenantId: TENANT, line: line(), now: NOW });
  const changed = await db.store.lines.set({ tenantId: TENANT, line: line({ name: 'reception' }), now: later(1) });
  expect([made.how, changed.how]).toEqual(['made', 'changed']);
  expect(changed.line.campaignId).toBe(made.line.campaignId);
  expect(await db.store.lines.list(TENANT)).toMatchObject([{ number: DESK, name: 'reception', spec: { from: [DESK] } }]);
  await expect(db.store.lines.set({ tenantId: 'other', line: line(), now: NOW })).rejects.toMatchObject({ code: 'PATTER_NUMBER_TAKEN' });
  const again = line({ name: 'reception', number: '+15005550007' });
  await expect(db.store.lines.set({ tenantId: TENANT, line: again, now: NOW })).rejects.toMatchObject({ code: 'PATTER_CAMPAIGN_STATE' });
});

test('lines are no campaigns where campaigns are looked for, also with the same name', async () => {
  await db.store.lines.set({ tenantId: TENANT, line: line({ name: 'twin' }), now: NOW });
  expect(await db.store.campaigns.list(TENANT)).toEqual([]);
  expect(await db.store.campaigns.latestByName(TENANT, 'twin')).toBeUndefined();
  const campaign = await campaignWith(db.store, [CALLER], { name: 'twin' });
  expect(await db.store.campaigns.latestByName(TENANT, 'twin')).toMatchObject({ campaignId: campaign.campaignId });
});

test('peer defect 21: a call that is admitted twice, also at the same time, is one call', async () => {
  await db.store.lines.set({ tenantId: TENANT, line: line(), now: NOW });
  const results = await Promise.all([1, 2, 3].map(() => db.store.lines.admit(admission('CA1'))));
  const later_ = await db.store.lines.admit(admission('CA1', { now: later(500) }));
  expect(new Set([...results, later_].map((result) => admitted(result).attempt.contactId)).size).toBe(1);
  expect(await contactOf(later_)).toMatchObject({ attempts: 1, status: 'active', phone: CALLER });
  expect(await db.store.lines.calls(admitted(later_).campaign.campaignId, 10)).toHaveLength(1);
});

test('no line, another carrier’s line and a full house are told apart', async () => {
  expect(await db.store.lines.admit(admission('CA1'))).toEqual({ kind: 'no_line' });
  await db.store.lines.set({ tenantId: TENANT, line: line({ carrier: 'telnyx' }), now: NOW });
  expect(await db.store.lines.admit(admission('CA1'))).toEqual({ kind: 'no_line' });
  await db.store.lines.set({ tenantId: TENANT, line: line(), now: NOW });
  expect(await db.store.lines.admit(admission('CA1', { now: later(60_000) }))).toEqual({ kind: 'no_room' });
});

test('a caller who calls again is the same contact; one who withholds the number is one of that call', async () => {
  await db.store.lines.set({ tenantId: TENANT, line: line(), now: NOW });
  const first = await db.store.lines.admit(admission('CA1'));
  const contact = await contactOf(first);
  await db.store.attempts.settle(settlementFor(contact), done(), later(1_000));
  expect(await contactOf(first)).toMatchObject({ status: 'done', outcome: 'completed' });

  const second = await db.store.lines.admit(admission('CA2', { now: later(2_000) }));
  expect(await contactOf(second)).toMatchObject({ contactId: contact.contactId, status: 'active', outcome: null, attempts: 2 });

  const hidden = await Promise.all(['CA3', 'CA4'].map((sid) => db.store.lines.admit(admission(sid, { from: undefined }))));
  expect(new Set(hidden.map((result) => admitted(result).attempt.contactId)).size).toBe(2);
  expect(admitted(hidden[0]!).attempt).toMatchObject({ direction: 'inbound', toNumber: 'anonymous', fromNumber: DESK, state: 'placed' });
});

test('of two calls of one caller at once the one that ends first leaves the other alone', async () => {
  await db.store.lines.set({ tenantId: TENANT, line: line(), now: NOW });
  const first = await db.store.lines.admit(admission('CA1'));
  const second = await db.store.lines.admit(admission('CA2', { now: later(1) }));
  const contact = await contactOf(second);
  const end = (result: AdmissionResult, at: number) =>
    db.store.attempts.settle({ ...settlementFor(contact), callId: admitted(result).attempt.callId }, done(), later(at));
  await end(first, 5_000);
  expect(await contactOf(second)).toMatchObject({ status: 'active' });
  expect(await db.store.privacy.previewPerson(TENANT, CALLER)).toMatchObject({ activeCallIds: [admitted(second).attempt.callId] });
  await end(second, 6_000);
  expect(await contactOf(second)).toMatchObject({ status: 'done', attempts: 2 });
  expect(await db.store.lines.openCalls(later(60_000), 10)).toEqual([]);
});

test('who calls us is not dialled meanwhile, does not use up their calls of the day, and is never dialled by the line', async () => {
  await db.store.lines.set({ tenantId: TENANT, line: line(), now: NOW });
  const call = await db.store.lines.admit(admission('CA1'));
  const campaign = await campaignWith(db.store, [CALLER]);
  const contact = await claimOne(db.store, campaign);
  const { verdict, facts } = await db.store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
  expect(verdict).toMatchObject({ decision: 'defer', rule: 'number_in_use' });
  expect(facts.callsLastDay).toEqual([]);

  const caller = await contactOf(call);
  await db.store.attempts.settle(settlementFor(caller), done(), later(1_000));
  // Whatever mistake it would take.
  const client = new Client({ connectionString: db.url });
  await client.connect();
  await client.query("update contacts set status = 'waiting', outcome = null where contact_id = $1", [caller.contactId]);
  await client.end();
  expect(await db.store.contacts.claimDue(admitted(call).campaign.campaignId, 10, later(60_000))).toEqual([]);
});

test('the do-not-call list does not keep anybody from calling; it is noted', async () => {
  await db.store.lines.set({ tenantId: TENANT, line: line(), now: NOW });
  await db.store.suppressions.add({ tenantId: TENANT, phone: CALLER, source: 'voice', reason: 'never again', now: NOW });
  expect(admitted(await db.store.lines.admit(admission('CA1'))).attempt.verdict).toEqual({ decision: 'allow', note: 'suppressed' });
});

test('what is known of a caller is erased: number, variables, and the workflow of the call is named', async () => {
  await db.store.lines.set({ tenantId: TENANT, line: line(), now: NOW });
  const call = admitted(await db.store.lines.admit(admission('CA1')));
  await db.store.attempts.settle(settlementFor(await contactOf(call)), done(), later(1_000));
  const erased = await db.store.privacy.eraseEnded({ tenantId: TENANT, endedBefore: later(60_000), limit: 10, now: later(60_000) });
  expect(erased?.callIds).toContain(call.attempt.callId);
  const row = await db.store.attempts.get(call.attempt.callId);
  expect(row).toMatchObject({ toNumber: 'erased', variables: null, carrierCallId: null, outcome: 'completed' });
  expect(JSON.stringify([row, await contactOf(call)])).not.toContain(CALLER.slice(1));
});

test('a line that is removed answers nobody any more, and its records stay', async () => {
  const { line: made } = await db.store.lines.set({ tenantId: TENANT, line: line(), now: NOW });
  await db.store.lines.admit(admission('CA1'));
  expect(await db.store.lines.remove(TENANT, DESK, later(1))).toBe(true);
  expect(await db.store.lines.remove(TENANT, DESK, later(2))).toBe(false);
  expect(await db.store.lines.admit(admission('CA2'))).toEqual({ kind: 'no_line' });
  expect(await db.store.lines.calls(made.campaignId, 10)).toHaveLength(1);
  expect((await db.store.lines.set({ tenantId: TENANT, line: line(), now: later(3) })).how).toBe('made');
});
