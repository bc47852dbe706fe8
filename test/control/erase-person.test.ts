import { Client as Postgres } from 'pg';
import { createPrivacyActivities } from '../../activities/privacy';
import { callIdFor, postCallWorkflowId } from '../../contracts/call-id';
import type { ControlContext } from '../../control/context';
import { createApiKey } from '../../control/keys/api-keys';
import { erasePerson } from '../../control/privacy/erase-person';
import { createControlServer } from '../../control/server';
import { callOf } from '../../store/call-of';
import type { ContactRow } from '../../store/store';
import { openTestActivities, type TestActivities, until } from '../activities/context';
import { allowUnlessInUse, campaignWith, claimOne, done, intentFor, later, settlementFor } from '../store/fixtures';

let t: TestActivities;
let ctx: ControlContext;
let postgres: Postgres;

beforeAll(async () => {
  t = await openTestActivities({});
  ctx = t.ctx;
  postgres = new Postgres({ connectionString: t.databaseUrl });
  await postgres.connect();
});
afterAll(async () => {
  await postgres.end();
  await t.close();
});

let nextNumber = 2_000_000;
const newPhone = () => `+1212${nextNumber++}`;

/** A call that was held, with something to forget in every column that can have it. */
async function heldCall(phone: string): Promise<ContactRow> {
  const { store } = t.ctx;
  const campaign = await campaignWith(store, [phone]);
  const contact = await claimOne(store, campaign);
  await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
  await store.attempts.markPlaced(callOf(contact), `CA${contact.contactId}`);
  await store.contacts.importRejected(campaign, [
    { line: 90, phone: `(${phone.slice(2, 5)}) ${phone.slice(5)}`, code: 'PATTER_CONTACT_TIMEZONE_INVALID', reason: 'Ada lives on Mars' },
    { line: 91, phone: '+12125559999', code: 'PATTER_CONTACT_TIMEZONE_INVALID', reason: 'somebody else' },
  ]);
  await store.attempts.settle(
    settlementFor(contact, {
      turns: [{ role: 'user', text: 'This is Ada Lovelace speaking.', at: 1 }],
      toolCalls: [{ id: 't', name: 'book', arguments: '{"who":"Ada"}', result: 'Ada is booked', ok: true, durationMs: 1, at: 2 }],
      reason: 'Ada hung up',
      optOut: { by: 'voice', text: 'Ada: never call me again' },
    }),
    () => ({ next: { kind: 'done', outcome: 'opted_out', reason: 'Ada said so' }, costMicros: 1_234, costLines: [] }),
    later(10_000),
  );
  await store.attempts.saveSummary(callOf(contact), 'Ada does not want calls.');
  await store.attempts.saveExtraction(callOf(contact), { name: 'Ada' });
  await postgres.query(`update contacts set variables = '{"first_name":"Ada"}' where contact_id = $1`, [contact.contactId]);
  return contact;
}

/** Every row of every table as text. */
async function databaseText(): Promise<string> {
  const tables = await postgres.query("select tablename from pg_tables where schemaname = 'public'");
  let text = '';
  for (const { tablename } of tables.rows) {
    const { rows } = await postgres.query(`select row_to_json(r)::text as text from ${tablename} r`);
    text += rows.map((row) => `${row.text}\n`).join('');
  }
  return text;
}

const workflowExists = async (workflowId: string) =>
  t.ctx.temporal.workflow
    .getHandle(workflowId)
    .describe()
    .then(
      () => true,
      () => false,
    );

test('nothing of the person is left but that the number is suppressed; outcomes, costs and other people stay', async () => {
  const phone = newPhone();
  const [first, second, other] = [await heldCall(phone), await heldCall(phone), await heldCall(newPhone())];
  const before = await Promise.all([first, second].map(({ campaignId }) => t.ctx.store.campaigns.progress(campaignId)));
  const otherCall = await t.ctx.store.attempts.get(callOf(other));
  const ids = [first, second].map(callOf).flatMap((callId) => [callId, postCallWorkflowId(callId)]);
  for (const workflowId of [...ids, callOf(other)]) {
    await t.ctx.temporal.workflow.start('call', { workflowId, taskQueue: t.ctx.config.PATTER_TASK_QUEUE, args: [{}] });
  }

  const preview = await erasePerson(ctx, { phone, dryRun: true });
  expect(preview).toMatchObject({ dryRun: true, erased: { contacts: 2, calls: 2, campaigns: 2, rejectedRows: 2 }, suppressed: true });
  expect(await databaseText()).toContain('Ada Lovelace');

  const result = await erasePerson(ctx, { phone: phone.slice(2), region: 'US' });
  expect(result).toMatchObject({
    phone,
    erased: preview.erased,
    suppressed: true,
    workflowsPending: false,
    carrierCallIds: expect.arrayContaining([`CA${first.contactId}`, `CA${second.contactId}`]),
  });
  await until(async () => (await Promise.all(ids.map(workflowExists))).every((exists) => !exists));
  expect(await workflowExists(callOf(other))).toBe(true);

  const rest = (await databaseText())
    .split('\n')
    .filter((row) => !row.includes(other.contactId) && !row.includes(other.campaignId) && !row.includes(other.phone));
  expect(rest.filter((row) => /Ada/.test(row))).toEqual([]);
  expect(rest.filter((row) => row.includes(phone.slice(2))).map((row) => JSON.parse(row))).toEqual([
    expect.objectContaining({ phone, source: 'voice', call_id: null }),
  ]);
  expect(await Promise.all([first, second].map(({ campaignId }) => t.ctx.store.campaigns.progress(campaignId)))).toEqual(
    before.map((progress) => ({ ...progress, postCallOpen: 0 })),
  );
  expect(await t.ctx.store.attempts.get(callOf(other))).toEqual(otherCall);
  expect(await t.ctx.store.suppressions.check('default', phone)).toBeDefined();

  const again = await erasePerson(ctx, { phone });
  expect(again).toMatchObject({ erased: { contacts: 0, calls: 0, campaigns: 0, rejectedRows: 0 }, suppressed: true, workflowsDeleted: 0 });
  expect(again.erasureId).toBeUndefined();
});

test('the audit says what was erased and when, and not whose it was', async () => {
  const { erasureId } = await erasePerson(ctx, { phone: (await heldCall(newPhone())).phone });
  const { rows } = await postgres.query('select * from erasures where erasure_id = $1', [erasureId]);
  expect(rows).toEqual([
    {
      erasure_id: erasureId,
      tenant_id: 'default',
      source: 'request',
      requested_at: expect.any(Date),
      counts: { contacts: 1, calls: 1, campaigns: 1, rejectedRows: 1 },
      call_ids: [],
      completed_at: expect.any(Date),
    },
  ]);
});

test('a person in a call is left alone, with a code', async () => {
  const phone = newPhone();
  const campaign = await campaignWith(t.ctx.store, [phone]);
  const contact = await claimOne(t.ctx.store, campaign);
  const refusal = { code: 'PATTER_PERSON_IN_CALL', details: { callIds: [callOf(contact)] } };
  await expect(erasePerson(ctx, { phone })).rejects.toMatchObject(refusal);
  await t.ctx.store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
  await t.ctx.store.contacts.markActive(contact.contactId, contact.sequence);
  await expect(erasePerson(ctx, { phone })).rejects.toMatchObject(refusal);
  await expect(erasePerson(ctx, { phone, dryRun: true })).rejects.toMatchObject(refusal);
  expect(await t.ctx.store.contacts.get(contact.contactId)).toMatchObject({ phone, variables: { first_name: 'N0' } });
  await t.ctx.store.attempts.settle(settlementFor(contact, {}), done('completed', 1), later(1_000));
  expect(await erasePerson(ctx, { phone })).toMatchObject({ erased: { contacts: 1, calls: 1 } });
});

test('one who waits is not called any more', async () => {
  const phone = newPhone();
  const campaign = await campaignWith(t.ctx.store, [phone]);
  expect(await erasePerson(ctx, { phone })).toMatchObject({ erased: { contacts: 1, calls: 0 }, suppressed: false });
  expect(await t.ctx.store.contacts.claimDue(campaign.campaignId, 10, later(1))).toEqual([]);
  expect(await t.ctx.store.campaigns.progress(campaign.campaignId)).toMatchObject({ waiting: 0, done: 1, outcomes: { canceled: 1 } });
});

test('a step that was under way writes nothing any more', async () => {
  const contact = await heldCall(newPhone());
  await erasePerson(ctx, { phone: contact.phone });
  await t.ctx.store.attempts.saveSummary(callOf(contact), 'Ada, again');
  await t.ctx.store.attempts.saveExtraction(callOf(contact), { name: 'Ada' });
  expect(await t.ctx.store.attempts.get(callOf(contact))).toMatchObject({ summary: null, extraction: null, postCallDone: true });
});

test('an erasure that died before it came to Temporal is finished by the retention', async () => {
  const contact = await heldCall(newPhone());
  const callId = callIdFor(contact.contactId, contact.sequence);
  await t.ctx.temporal.workflow.start('call', { workflowId: callId, taskQueue: t.ctx.config.PATTER_TASK_QUEUE, args: [{}] });
  await t.ctx.store.privacy.erasePerson({ tenantId: 'default', phone: contact.phone, now: new Date() });
  expect(await t.inActivity(() => t.activities.applyRetention({ tenantId: 'default' }))).toEqual({
    erased: 0,
    completed: 1,
    recordings: 0,
  });
  await until(async () => !(await workflowExists(callId)));
  expect(await t.inActivity(() => t.activities.applyRetention({ tenantId: 'default' }))).toEqual({
    erased: 0,
    completed: 0,
    recordings: 0,
  });
});

test('retention erases who had their outcome that long ago, and nobody else', async () => {
  const [old, recent] = [await heldCall(newPhone()), await heldCall(newPhone())];
  const waiting = await campaignWith(t.ctx.store, [newPhone()]);
  await postgres.query("update contacts set ended_at = now() - interval '31 days' where contact_id = $1", [old.contactId]);
  await postgres.query("update contacts set ended_at = now() - interval '29 days' where contact_id = $1", [recent.contactId]);
  await postgres.query('update contacts set erased_at = now() where ended_at is not null and contact_id not in ($1, $2)', [
    old.contactId,
    recent.contactId,
  ]);
  const { applyRetention } = createPrivacyActivities({ ...t.ctx, config: { ...t.ctx.config, PATTER_RETENTION_DAYS: 30 } });
  expect(await t.inActivity(() => applyRetention({ tenantId: 'default' }))).toEqual({ erased: 1, completed: 1, recordings: 0 });
  expect(await t.ctx.store.attempts.get(callOf(old))).toMatchObject({
    toNumber: 'erased',
    turns: [],
    summary: null,
    costMicros: 1_234,
    contactOutcome: 'opted_out',
  });
  expect(await t.ctx.store.attempts.get(callOf(recent))).toMatchObject({ toNumber: recent.phone, summary: 'Ada does not want calls.' });
  expect((await t.ctx.store.contacts.page(waiting.campaignId, 0, 10))[0]).toMatchObject({ erasedAt: null });
  expect(await t.inActivity(() => applyRetention({ tenantId: 'default' }))).toEqual({ erased: 0, completed: 0, recordings: 0 });
});

describe('over HTTP', () => {
  /** Not from this machine: only a credential opens anything. */
  async function post(body: object, scopes: string[] = ['privacy'], tenantId = 'default') {
    const { secret } = await createApiKey(ctx, { tenantId, scopes });
    const app = createControlServer(ctx, async () => []);
    try {
      const headers = { authorization: `Bearer ${secret}` };
      const answer = await app.inject({ method: 'POST', url: '/api/privacy/erase', headers, payload: body, remoteAddress: '203.0.113.9' });
      return { status: answer.statusCode, body: answer.json() };
    } finally {
      await app.close();
    }
  }

  test('a key with the scope erases a person of its tenant, who is said to be gone the second time', async () => {
    const { phone } = await heldCall(newPhone());
    const body = { phone: phone.slice(2), region: 'US' };
    expect(await post({ ...body, dryRun: true })).toMatchObject({ status: 200, body: { phone, dryRun: true, erased: { calls: 1 } } });
    expect(await post(body)).toMatchObject({
      status: 200,
      body: { phone, dryRun: false, erased: { contacts: 1, calls: 1 }, suppressed: true },
    });
    expect(await post(body)).toMatchObject({ status: 200, body: { erased: { contacts: 0, calls: 0 } } });
  });

  test("nobody erases with another scope, or another tenant's people", async () => {
    const contact = await heldCall(newPhone());
    const { phone } = contact;
    expect(await post({ phone }, ['read', 'calls', 'campaigns', 'connect'])).toMatchObject({
      status: 403,
      body: { code: 'PATTER_FORBIDDEN' },
    });
    expect(await post({ phone }, ['privacy'], 'acme')).toMatchObject({ status: 200, body: { erased: { contacts: 0, calls: 0 } } });
    expect(await t.ctx.store.attempts.get(callOf(contact))).toMatchObject({ toNumber: phone, summary: 'Ada does not want calls.' });
  });

  test.each<[string, object, string]>([
    ['no number', {}, 'PATTER_REQUEST_INVALID'],
    ['no country', { phone: '2125550100', region: 'XX' }, 'PATTER_REQUEST_INVALID'],
    ['what is not asked for', { phone: '+12125550100', tenantId: 'acme' }, 'PATTER_REQUEST_INVALID'],
    ['a number that is none', { phone: '12' }, 'PATTER_CONTACT_PHONE_INVALID'],
  ])('%s is refused', async (_, body, code) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { code } });
  });

  test('somebody who is talking is left alone', async () => {
    const phone = newPhone();
    await claimOne(t.ctx.store, await campaignWith(t.ctx.store, [phone]));
    expect(await post({ phone })).toMatchObject({ status: 409, body: { code: 'PATTER_PERSON_IN_CALL' } });
  });
});
