import { Client } from 'pg';
import { callOf } from '../../store/call-of';
import { openStore } from '../../store/open';
import {
  allowUnlessInUse,
  campaignWith,
  claimOne,
  done,
  intentFor,
  later,
  NOW,
  openTestStore,
  retryAt,
  settlementFor,
  type TestStore,
} from './fixtures';

let test_: TestStore;
let admin: Client;
beforeAll(async () => {
  test_ = await openTestStore();
  admin = new Client({ connectionString: test_.url });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await test_.close();
});

let next = 5_000;
const phone = () => `+1500555${next++}`;

describe('openIntent', () => {
  test('counts the attempt, takes the lease and writes the verdict, all or nothing', async () => {
    const { store } = test_;
    const campaign = await campaignWith(store, [phone()]);
    const contact = await claimOne(store, campaign);
    const { attempt } = await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
    expect(attempt).toMatchObject({ state: 'intent', attempt: 1, toNumber: contact.phone, verdict: { decision: 'allow' } });
    expect(await store.contacts.get(contact.contactId)).toMatchObject({ status: 'active', attempts: 1 });
    expect(await store.attempts.mayStillDial(callOf(contact), NOW)).toBe(true);
    expect(await store.attempts.mayStillDial(callOf(contact), later(5_000))).toBe(false);
    const verdicts = await admin.query('select verdict from verdicts where call_id = $1', [callOf(contact)]);
    expect(verdicts.rows).toEqual([{ verdict: { decision: 'allow' } }]);
  });

  test('a gate that throws leaves no trace', async () => {
    const { store } = test_;
    const campaign = await campaignWith(store, [phone()]);
    const contact = await claimOne(store, campaign);
    await expect(
      store.attempts.openIntent(intentFor(contact), () => {
        throw new Error('gate broke');
      }),
    ).rejects.toThrow('gate broke');
    expect(await store.attempts.get(callOf(contact))).toBeUndefined();
    expect(await store.contacts.get(contact.contactId)).toMatchObject({ attempts: 0 });
  });

  test('ten campaigns that dial one number at once: one gets it, nine wait', async () => {
    const { store } = test_;
    const number = phone();
    const contacts = await Promise.all(Array.from({ length: 10 }, async () => claimOne(store, await campaignWith(store, [number]))));
    const results = await Promise.all(contacts.map((contact) => store.attempts.openIntent(intentFor(contact), allowUnlessInUse)));
    expect(results.filter((result) => result.verdict.decision === 'allow')).toHaveLength(1);
    expect(results.filter((result) => result.verdict.decision === 'defer')).toHaveLength(9);
    const leases = await admin.query('select call_id from leases where phone = $1', [number]);
    expect(leases.rows).toHaveLength(1);
  });

  test('a second run of the same dial is shown the first one’s row and changes nothing', async () => {
    const { store } = test_;
    const campaign = await campaignWith(store, [phone()]);
    const contact = await claimOne(store, campaign);
    const [first, second] = await Promise.all([
      store.attempts.openIntent(intentFor(contact), allowUnlessInUse),
      store.attempts.openIntent(intentFor(contact), allowUnlessInUse),
    ]);
    expect([first.facts.existing, second.facts.existing].filter((row) => row !== undefined)).toHaveLength(1);
    expect((await store.contacts.get(contact.contactId))!.attempts).toBe(1);
  });

  test('a commit whose answer was lost is this run’s own intent, not another’s', async () => {
    const proxy = openStore(test_.url);
    const campaign = await campaignWith(proxy, [phone()]);
    const contact = await claimOne(proxy, campaign);
    // A trigger that cuts the connection when the transaction has been written: the client cannot know whether it was.
    await admin.query(`
      create or replace function cut() returns trigger language plpgsql as $$
      begin if new.call_id = '${callOf(contact)}' then perform pg_terminate_backend(pg_backend_pid()); end if; return null; end $$;
      create constraint trigger cut after insert on verdicts deferrable initially deferred for each row execute function cut()`);
    const running = proxy.attempts.openIntent(intentFor(contact), allowUnlessInUse);
    await untilRow(`select 1 from pg_stat_database where datname = current_database() and sessions_killed > 0`);
    await admin.query('drop trigger cut on verdicts');
    const result = await running;
    expect(result.verdict).toEqual({ decision: 'allow' });
    expect(result.facts.existing).toBeUndefined();
    expect((await proxy.contacts.get(contact.contactId))!.attempts).toBe(1);
    await proxy.close();
  });

  test('a pause waits for the intent that is being written, and the next one sees it', async () => {
    const { store } = test_;
    const campaign = await campaignWith(store, [phone(), phone()]);
    const first = await claimOne(store, campaign);
    const second = await claimOne(store, campaign);
    const states: string[] = [];
    const judge: typeof allowUnlessInUse = (facts) => {
      states.push(facts.campaign.state);
      return allowUnlessInUse(facts);
    };
    await Promise.all([
      store.attempts.openIntent(intentFor(first), judge),
      store.campaigns.setState(campaign.campaignId, 'paused', 'lunch'),
    ]);
    await store.attempts.openIntent(intentFor(second), judge);
    expect(states[1]).toBe('paused');
    expect(await store.attempts.mayStillDial(callOf(first), NOW)).toBe(false);
  });

  test('skip ends the contact with the rule as its reason; a repeated run returns the same', async () => {
    const { store } = test_;
    const campaign = await campaignWith(store, [phone()]);
    const contact = await claimOne(store, campaign);
    const judge = () => ({ verdict: { decision: 'skip' as const, rule: 'suppressed' as const, reason: 'on the list' } });
    await store.attempts.openIntent(intentFor(contact), judge);
    const again = await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
    expect(again.verdict).toEqual(judge().verdict);
    expect(await store.contacts.get(contact.contactId)).toMatchObject({
      status: 'done',
      outcome: 'skipped',
      outcomeReason: 'suppressed',
      attempts: 0,
    });
    expect(await store.attempts.settle(settlementFor(contact), done(), NOW)).toEqual({ alreadySettled: true });
  });

  test('the facts: suppression, calls of the last day in all campaigns, spending and open calls', async () => {
    const { store } = test_;
    const number = phone();
    const other = await campaignWith(store, [number]);
    const earlier = await claimOne(store, other);
    await store.attempts.openIntent(intentFor(earlier, later(-3_600_000)), allowUnlessInUse);
    await store.attempts.settle(settlementFor(earlier), done(), later(-3_500_000));
    await store.suppressions.add({ tenantId: 'default', phone: number, source: 'cli', reason: 'asked', now: NOW });

    const campaign = await campaignWith(store, [number, phone(), phone()], { budget: { total: 1 } });
    const [contact, settled, open] = [await claimOne(store, campaign), await claimOne(store, campaign), await claimOne(store, campaign)];
    await store.attempts.openIntent(intentFor(settled), allowUnlessInUse);
    await store.attempts.settle(settlementFor(settled), done('completed', 250), NOW);
    await store.attempts.openIntent(intentFor(open), allowUnlessInUse);
    const { facts } = await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
    expect(facts).toMatchObject({
      suppression: { source: 'cli', reason: 'asked' },
      callsLastDay: [later(-3_600_000)],
      spentMicros: 250,
      openCalls: 1,
      numberLease: undefined,
    });
  });

  test('a lease past its deadline still holds the number while its call is open, and no longer when it is not', async () => {
    const { store } = test_;
    const number = phone();
    const first = await claimOne(store, await campaignWith(store, [number]));
    await store.attempts.openIntent(intentFor(first), allowUnlessInUse);
    const second = await claimOne(store, await campaignWith(store, [number]));
    const muchLater = intentFor(second, later(3_600_000));
    const blocked = await store.attempts.openIntent(muchLater, allowUnlessInUse);
    expect(blocked.facts.numberLease).toEqual({ callId: callOf(first) });
    expect(await store.attempts.overdueLeases('default', later(3_600_000))).toContainEqual(
      expect.objectContaining({ callId: callOf(first), phone: number }),
    );
    // A leftover: a lease whose call has ended, as no code of ours leaves it.
    await admin.query(`update attempts set state = 'ended' where call_id = $1`, [callOf(first)]);
    const third = await claimOne(store, await campaignWith(store, [number]));
    expect((await store.attempts.openIntent(intentFor(third, later(3_600_000)), allowUnlessInUse)).verdict).toEqual({ decision: 'allow' });
  });

  test('the last place of a gateway is given once', async () => {
    const { store } = test_;
    const gateway = { gatewayId: 'gw-1', publicUrl: 'http://g1', internalUrl: 'http://g1', maxCalls: 1, activeCalls: 0, draining: false };
    await store.gateways.renew(gateway, NOW);
    const contacts = await Promise.all(Array.from({ length: 6 }, async () => claimOne(store, await campaignWith(store, [phone()]))));
    const results = await Promise.all(
      contacts.map((contact) =>
        store.attempts.openIntent(intentFor(contact), (facts) =>
          facts.gateways[0]
            ? { verdict: { decision: 'allow' }, gatewayId: facts.gateways[0].gatewayId }
            : { verdict: { decision: 'defer', rule: 'capacity', reason: 'full', until: later(1_000).getTime() } },
        ),
      ),
    );
    expect(results.filter((result) => result.verdict.decision === 'allow')).toHaveLength(1);
    await store.gateways.remove('gw-1');
  });
});

describe('markNotPlaced', () => {
  test('gives the attempt and the number back, once', async () => {
    const { store } = test_;
    const number = phone();
    const contact = await claimOne(store, await campaignWith(store, [number]));
    await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
    await store.attempts.markUnknown(callOf(contact));
    await Promise.all([1, 2, 3].map(() => store.attempts.markNotPlaced(callOf(contact), 'the carrier knows no such call', NOW)));
    expect(await store.contacts.get(contact.contactId)).toMatchObject({ attempts: 0, status: 'active' });
    expect(await store.attempts.get(callOf(contact))).toMatchObject({ state: 'not_placed', attempt: null });
    const other = await claimOne(store, await campaignWith(store, [number]));
    expect((await store.attempts.openIntent(intentFor(other), allowUnlessInUse)).verdict).toEqual({ decision: 'allow' });
    // The workflow then settles it without an attempt lost, and the contact is free again.
    await store.attempts.settle(settlementFor(contact, { outcome: 'failed', consumed: false }), retryAt(later(1_000)), NOW);
    expect(await store.contacts.get(contact.contactId)).toMatchObject({ attempts: 0, status: 'waiting', dueAt: later(1_000) });
  });

  test('does nothing to a call that the carrier took', async () => {
    const { store } = test_;
    const contact = await claimOne(store, await campaignWith(store, [phone()]));
    await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
    await store.attempts.markPlaced(callOf(contact), 'CA-first');
    await store.attempts.markPlaced(callOf(contact), 'CA-second');
    await store.attempts.markNotPlaced(callOf(contact), 'late', NOW);
    expect(await store.attempts.get(callOf(contact))).toMatchObject({ state: 'placed', attempt: 1, carrierCallId: 'CA-first' });
    expect((await store.attempts.byCarrierCallId('CA-first'))!.callId).toBe(callOf(contact));
  });
});

describe('settle', () => {
  test('five settlements at once count, cost and decide once; all return the first’s result', async () => {
    const { store } = test_;
    const campaign = await campaignWith(store, [phone()]);
    const contact = await claimOne(store, campaign);
    await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
    let decided = 0;
    const results = await Promise.all(
      Array.from({ length: 5 }, (_, i) =>
        store.attempts.settle(
          settlementFor(contact, { outcome: 'busy' }),
          () => {
            decided++;
            return retryAt(later(1_000 * (i + 1)), 500)();
          },
          NOW,
        ),
      ),
    );
    expect(decided).toBe(1);
    expect(results.filter((result) => !result.alreadySettled)).toHaveLength(1);
    expect(new Set(results.map((result) => result.nextAttemptAt!.getTime())).size).toBe(1);
    expect(await store.campaigns.spentMicros(campaign.campaignId)).toBe(500);
    expect(await store.contacts.get(contact.contactId)).toMatchObject({ attempts: 1, status: 'waiting' });
  });

  test('a late settlement of an earlier call is recorded and paid for, and does not touch the contact’s later call', async () => {
    const { store } = test_;
    const campaign = await campaignWith(store, [phone()]);
    const first = await claimOne(store, campaign);
    await store.attempts.openIntent(intentFor(first), allowUnlessInUse);
    await store.attempts.markNotPlaced(callOf(first), 'not found', NOW);
    await store.contacts.putBack(first.contactId, first.sequence, NOW, 'lost');
    const second = await claimOne(store, campaign);
    await store.attempts.openIntent(intentFor(second), allowUnlessInUse);
    const late = await store.attempts.settle(settlementFor(first, { outcome: 'failed', consumed: false }), done('failed', 40), NOW);
    expect(late).toEqual({ alreadySettled: false });
    expect(await store.contacts.get(first.contactId)).toMatchObject({ status: 'active', sequence: 2, attempts: 1, outcome: null });
    expect(await store.campaigns.spentMicros(campaign.campaignId)).toBe(40);
    expect(await store.attempts.mayStillDial(callOf(second), NOW)).toBe(true);
  });

  test('a call that never reached the gate is recorded, and its contact goes on', async () => {
    const { store } = test_;
    const contact = await claimOne(store, await campaignWith(store, [phone()]));
    await store.attempts.settle(settlementFor(contact, { outcome: 'failed', consumed: false }), retryAt(later(500)), NOW);
    expect(await store.attempts.get(callOf(contact))).toMatchObject({ state: 'ended', attempt: null, outcome: 'failed' });
    expect(await store.contacts.get(contact.contactId)).toMatchObject({ status: 'waiting', attempts: 0 });
  });

  test('retryAfterMs is a lower bound of the wait', async () => {
    const { store } = test_;
    const contact = await claimOne(store, await campaignWith(store, [phone()]));
    const settled = await store.attempts.settle(
      settlementFor(contact, { outcome: 'failed', consumed: false, retryAfterMs: 60_000 }),
      retryAt(later(500)),
      NOW,
    );
    expect(settled.nextAttemptAt).toEqual(later(60_000));
  });

  test('an opt-out is on the do-not-call list when the settlement is visible', async () => {
    const { store } = test_;
    const number = phone();
    const contact = await claimOne(store, await campaignWith(store, [number]));
    await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
    await store.attempts.settle(
      settlementFor(contact, { outcome: 'opted_out', optOut: { by: 'voice', text: 'never call me again' } }),
      done('opted_out'),
      NOW,
    );
    expect(await store.suppressions.check('default', number)).toEqual({ source: 'voice', reason: 'never call me again', createdAt: NOW });
    expect(await store.contacts.get(contact.contactId)).toMatchObject({ outcome: 'opted_out', outcomeDelivered: true });
  });

  test('the policy sees the counted calls before this one, oldest first, and the contact with this call counted', async () => {
    const { store } = test_;
    const campaign = await campaignWith(store, [phone()]);
    for (let n = 1; n <= 3; n++) {
      const contact = await claimOne(store, campaign, later(n * 1_000));
      await store.attempts.openIntent(intentFor(contact, later(n * 1_000)), allowUnlessInUse);
      await store.attempts.settle(
        settlementFor(contact, { outcome: 'no_answer' }),
        ({ contact: seen, history }) => {
          expect(history.map((row) => row.attempt)).toEqual([1, 2].slice(0, n - 1));
          expect(seen.attempts).toBe(n);
          return retryAt(later(n * 1_000))();
        },
        later(n * 1_000),
      );
    }
  });

  test('a transcript with NUL and half a surrogate pair is stored instead of failing for ever', async () => {
    const { store } = test_;
    const contact = await claimOne(store, await campaignWith(store, [phone()]));
    const text = 'a\u0000b\ud83dc\udc4dd👍';
    await store.attempts.settle(settlementFor(contact, { reason: text, turns: [{ role: 'user', text, at: 1 }] }), done(), NOW);
    const row = (await store.attempts.get(callOf(contact)))!;
    expect(row.turns[0]!.text).toBe('a\ufffdb\ufffdc\ufffdd👍');
    expect(row.reason).toBe(row.turns[0]!.text);
  });
});

describe('after the call', () => {
  test('a retried step’s cost is added once, and the campaign’s spending follows', async () => {
    const { store } = test_;
    const campaign = await campaignWith(store, [phone()]);
    const contact = await claimOne(store, campaign);
    await store.attempts.settle(settlementFor(contact), done('completed', 1_000), NOW);
    const lines = [
      { label: 'summary: input', micros: 30 },
      { label: 'summary: output', micros: 12 },
    ];
    await Promise.all([1, 2, 3].map(() => store.attempts.addUsageCost(callOf(contact), lines)));
    expect((await store.attempts.get(callOf(contact)))!.costMicros).toBe(1_042);
    expect(await store.campaigns.spentMicros(campaign.campaignId)).toBe(1_042);
  });

  test('a transfer target is written once; a second request gets what stands', async () => {
    const { store } = test_;
    const row = { tenantId: 'default', callId: 'call_x', transferNumber: 1, now: NOW };
    expect(await store.attempts.recordTransfer({ ...row, toNumber: '+15005550009' })).toEqual({ toNumber: '+15005550009', existed: false });
    expect(await store.attempts.recordTransfer({ ...row, toNumber: '+15005550008' })).toEqual({ toNumber: '+15005550009', existed: true });
    expect(await store.attempts.transfer('call_x', 1)).toEqual({ toNumber: '+15005550009', requestedAt: NOW, humanCallId: null });
  });
});

describe('lost connections', () => {
  test('a transaction whose connection is cut in the middle is repeated, and counts once', async () => {
    const { store } = test_;
    const contact = await claimOne(store, await campaignWith(store, [phone()]));
    await store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
    // Hold the row, so that the settlement hangs inside its transaction; then cut every other connection of the database.
    await admin.query('begin');
    await admin.query('select 1 from contacts where contact_id = $1 for update', [contact.contactId]);
    const settling = store.attempts.settle(settlementFor(contact), done('completed', 5), NOW);
    await untilRow(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
    await admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await admin.query('commit');
    expect(await settling).toEqual({ contactOutcome: 'completed', alreadySettled: false });
    expect((await store.contacts.get(contact.contactId))!.attempts).toBe(1);
  });

  test('idle connections that break do not end the process', async () => {
    const { store } = test_;
    await Promise.all(Array.from({ length: 10 }, () => store.ping()));
    await admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await Promise.all(Array.from({ length: 10 }, () => store.ping()));
  });

  test('a database that is not there is an error with a code', async () => {
    const store = openStore('postgres://nobody@127.0.0.1:1/none');
    await expect(store.ping()).rejects.toMatchObject({ code: 'PATTER_POSTGRES_UNAVAILABLE' });
    await store.close();
  });

  test('many transactions over few contacts, numbers and campaigns end without a deadlock', async () => {
    const { store } = test_;
    const numbers = [phone(), phone(), phone()];
    const campaigns = await Promise.all([1, 2, 3].map(() => campaignWith(store, numbers, { budget: { total: 5 } })));
    const contacts = (await Promise.all(campaigns.map((campaign) => store.contacts.claimDue(campaign.campaignId, 3, NOW)))).flat();
    await Promise.all(
      contacts.flatMap((contact) => [
        store.attempts.openIntent(intentFor(contact), allowUnlessInUse),
        store.attempts.settle(settlementFor(contact), done('completed', 10), NOW),
        store.contacts.putBack(contact.contactId, contact.sequence, NOW, 'race'),
        store.campaigns.edit(contact.campaignId, { maxConcurrent: 3 }),
      ]),
    );
    const deadlocks = await admin.query('select deadlocks from pg_stat_database where datname = current_database()');
    expect(Number(deadlocks.rows[0].deadlocks)).toBe(0);
    for (const campaign of campaigns) {
      const { costMicros } = await store.campaigns.progress(campaign.campaignId);
      expect(await store.campaigns.spentMicros(campaign.campaignId)).toBe(costMicros);
    }
  });
});

async function untilRow(query: string): Promise<void> {
  for (;;) {
    if ((await admin.query(query)).rows.length > 0) return;
    // pg_stat views are cached within a transaction.
    await admin.query('select pg_stat_clear_snapshot()');
  }
}
