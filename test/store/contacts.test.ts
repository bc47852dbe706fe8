import { Client } from 'pg';
import { openStore } from '../../store/open';
import type { Store } from '../../store/store';
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
beforeAll(async () => {
  test_ = await openTestStore();
});
afterAll(() => test_.close());

let nextNumber = 2_000_000;
/** Numbers that no other test uses: a call in progress holds its number in every campaign. */
const phones = (n: number) => Array.from({ length: n }, () => `+1500${nextNumber++}`);

test('importing the same rows again inserts nothing and counts duplicates', async () => {
  const { store } = test_;
  const numbers = phones(1500);
  const campaign = await campaignWith(store, numbers);
  const rows = numbers.map((phone, i) => ({ line: i + 2, phone, timezones: [], variables: {}, dueAt: NOW, waitReason: null }));
  expect(await store.contacts.import(campaign, [...rows, { ...rows[0]!, line: 9_999 }])).toEqual({ inserted: 0, duplicates: 1501 });
  expect((await store.campaigns.progress(campaign.campaignId)).contacts).toBe(1500);
});

test('two dispatchers that claim at once share the due contacts without overlap', async () => {
  const { store } = test_;
  const campaign = await campaignWith(store, phones(60));
  const claims = await Promise.all(Array.from({ length: 6 }, () => store.contacts.claimDue(campaign.campaignId, 10, NOW)));
  // A claimed row that has not been started is offered again by design: but every contact is on its first sequence.
  expect(new Set(claims.flat().map((row) => row.sequence))).toEqual(new Set([1]));
  const progress = await store.campaigns.slots(campaign.campaignId);
  expect(progress.claimed).toBe(new Set(claims.flat().map((row) => row.contactId)).size);
});

test('what a dead dispatcher claimed is offered first, with the same sequence', async () => {
  const { store } = test_;
  const campaign = await campaignWith(store, phones(5));
  const before = await store.contacts.claimDue(campaign.campaignId, 2, NOW);
  const after = await store.contacts.claimDue(campaign.campaignId, 3, NOW);
  expect(after.slice(0, 2).map((row) => [row.contactId, row.sequence])).toEqual(before.map((row) => [row.contactId, 1]));
  expect(after).toHaveLength(3);
});

test('nothing is claimed before it is due, nor while the campaign is paused', async () => {
  const { store } = test_;
  const campaign = await campaignWith(store, phones(2));
  expect(await store.contacts.claimDue(campaign.campaignId, 5, later(-1))).toEqual([]);
  await store.campaigns.setState(campaign.campaignId, 'paused', 'lunch');
  expect(await store.contacts.claimDue(campaign.campaignId, 5, NOW)).toEqual([]);
  await store.campaigns.setState(campaign.campaignId, 'running', null);
  expect(await store.contacts.claimDue(campaign.campaignId, 5, NOW)).toHaveLength(2);
});

test('putBack returns a claim, but not one of an earlier sequence nor one whose call is open', async () => {
  const { store } = test_;
  const campaign = await campaignWith(store, phones(1));
  const contact = await claimOne(store, campaign);
  await store.contacts.putBack(contact.contactId, contact.sequence, NOW, 'paused');
  const again = await claimOne(store, campaign);
  expect(again.sequence).toBe(2);
  await store.contacts.putBack(contact.contactId, contact.sequence, NOW, 'late');
  expect((await store.contacts.get(contact.contactId))!.status).toBe('active');
  await store.attempts.openIntent(intentFor(again), allowUnlessInUse);
  await store.contacts.putBack(again.contactId, again.sequence, NOW, 'open');
  expect((await store.contacts.get(contact.contactId))!.status).toBe('active');
});

test('a call whose contact was put back meanwhile is superseded: it writes nothing and takes no lease', async () => {
  const { store } = test_;
  const campaign = await campaignWith(store, phones(1));
  const contact = await claimOne(store, campaign);
  await store.contacts.putBack(contact.contactId, contact.sequence, later(60_000), 'paused');
  const { verdict, attempt } = await store.attempts.openIntent(intentFor(contact), () => {
    throw new Error('not to be asked');
  });
  expect(verdict).toMatchObject({ decision: 'defer', rule: 'campaign_state' });
  expect(attempt).toBeUndefined();
  expect(await store.contacts.get(contact.contactId)).toMatchObject({ status: 'waiting', dueAt: later(60_000), attempts: 0 });
  expect(await store.attempts.mayStillDial(intentFor(contact).callId, NOW)).toBe(false);
});

test('closing leaves calls in progress alone and gives the rest what they waited for as the reason', async () => {
  const { store } = test_;
  const campaign = await campaignWith(store, phones(4));
  const active = await claimOne(store, campaign);
  await store.attempts.openIntent(intentFor(active), allowUnlessInUse);
  const deferred = await claimOne(store, campaign);
  await store.attempts.openIntent(intentFor(deferred), () => ({
    verdict: { decision: 'defer', rule: 'window', reason: 'closed until 08:00', until: later(3_600_000).getTime() },
  }));
  await store.contacts.claimDue(campaign.campaignId, 1, NOW);
  expect(await store.contacts.closeRemaining(campaign.campaignId, 'expired', later(1))).toEqual({ closed: 3, stillActive: 1 });
  expect(await store.contacts.closeRemaining(campaign.campaignId, 'expired', later(2))).toEqual({ closed: 0, stillActive: 1 });
  expect(await store.contacts.get(deferred.contactId)).toMatchObject({ outcome: 'expired', outcomeReason: 'window: closed until 08:00' });
  expect((await store.contacts.undelivered(campaign.campaignId, 10)).map((row) => row.outcome)).toEqual(['expired', 'expired', 'expired']);
  await store.contacts.markDelivered(deferred.contactId);
  expect(await store.contacts.undelivered(campaign.campaignId, 10)).toHaveLength(2);
});

test('in progress are those who were claimed long enough ago, until they are settled', async () => {
  const { store } = test_;
  const campaign = await campaignWith(store, phones(2));
  const dialled = await claimOne(store, campaign);
  await store.attempts.openIntent(intentFor(dialled), allowUnlessInUse);
  const claimed = await claimOne(store, campaign, later(5_000));
  const inProgress = async (before: Date) => (await store.contacts.inProgress(campaign.campaignId, before)).map((row) => row.contactId);
  expect(await inProgress(NOW)).toEqual([]);
  expect(await inProgress(later(5_000))).toEqual([dialled.contactId]);
  expect(await inProgress(later(5_001))).toEqual([dialled.contactId, claimed.contactId]);
  await store.attempts.settle(settlementFor(dialled), done(), NOW);
  expect(await inProgress(later(5_001))).toEqual([claimed.contactId]);
  expect(await store.campaigns.lastDialAt(campaign.campaignId)).toEqual(NOW);
});

test('progress and slots tell the same story as the rows', async () => {
  const { store } = test_;
  const campaign = await campaignWith(store, phones(5));
  const first = await claimOne(store, campaign);
  await store.attempts.openIntent(intentFor(first), allowUnlessInUse);
  await store.attempts.settle(settlementFor(first), done('completed', 700), later(1));
  const second = await claimOne(store, campaign);
  await store.attempts.openIntent(intentFor(second), allowUnlessInUse);
  await store.attempts.settle(settlementFor(second, { outcome: 'busy' }), retryAt(later(5_000), 300), later(1));
  await claimOne(store, campaign);
  expect(await store.campaigns.progress(campaign.campaignId)).toEqual({
    contacts: 5,
    waiting: 3,
    active: 1,
    done: 1,
    outcomes: { completed: 1 },
    attempts: 2,
    costMicros: 1_000,
    estimatedCalls: 0,
    postCallOpen: 2,
    nextDueAt: NOW,
  });
  expect(await store.campaigns.slots(campaign.campaignId)).toEqual({ claimed: 0, active: 1, nextDueAt: NOW });
  expect(await store.campaigns.spentMicros(campaign.campaignId)).toBe(1_000);
});

describe('bug: a call whose contact was put back between two looks of the dispatch was seen by neither, and the campaign ended without it', () => {
  /** Puts one contact to and fro, as calls and retries do, while somebody looks. */
  async function whileMoving(times: number, look: (campaignId: string) => Promise<boolean>): Promise<void> {
    const { store, url } = test_;
    const { campaignId } = await campaignWith(store, phones(1));
    const client = new Client({ connectionString: url });
    await client.connect();
    let looking = true;
    const mover = (async () => {
      for (let turn = 0; looking; turn++) {
        const status = turn % 2 ? 'waiting' : 'active';
        await client.query("update contacts set status = $2 where campaign_id = $1 and status <> 'done'", [campaignId, status]);
      }
    })();
    try {
      for (let n = 0; n < times; n++) expect(await look(campaignId)).toBe(true);
    } finally {
      looking = false;
      await mover;
      await client.end();
    }
  }

  test('the slots have it, as one in use or as one that waits', () =>
    whileMoving(400, async (campaignId) => {
      const { active, claimed, nextDueAt } = await test_.store.campaigns.slots(campaignId);
      return active + claimed === 1 || nextDueAt !== null;
    }));

  test('a campaign that closes is not done with it before it has its outcome', async () => {
    for (let n = 0; n < 30; n++) {
      await whileMoving(1, async (campaignId) => {
        while ((await test_.store.contacts.closeRemaining(campaignId, 'canceled', NOW)).stillActive > 0);
        return (await test_.store.campaigns.progress(campaignId)).done === 1;
      });
    }
  });
});

test('pages hold every contact once, also when two files share line numbers', async () => {
  const { store } = test_;
  const campaign = await campaignWith(store, phones(7));
  const second = phones(7).map((phone, i) => ({ line: i + 2, phone, timezones: [], variables: {}, dueAt: NOW, waitReason: null }));
  await store.contacts.import(campaign, second);
  const seen: string[] = [];
  for (let after = 0; ; ) {
    const page = await store.contacts.page(campaign.campaignId, after, 3);
    if (page.length === 0) break;
    seen.push(...page.map((row) => row.contactId));
    after = page.at(-1)!.line;
  }
  expect(seen).toHaveLength(14);
  expect(new Set(seen).size).toBe(14);
});

/** The same database, with settings that make the server plan or fail otherwise. */
async function withSettings<T>(settings: string[], run: (store: Store) => Promise<T>): Promise<T> {
  const url = new URL(test_.url);
  url.searchParams.set('options', settings.map((setting) => `-c ${setting}`).join(' '));
  const store = openStore(url.toString());
  try {
    return await run(store);
  } finally {
    await store.close();
  }
}

test('no plan of the server claims more contacts than there are slots for', async () => {
  const campaign = await campaignWith(test_.store, phones(20));
  // A nested loop, as the server may choose for a small table, ran the limited subquery once for each contact: twenty for two.
  const others = ['hashagg', 'sort', 'hashjoin', 'mergejoin', 'material'].map((plan) => `enable_${plan}=off`);
  const claimed = await withSettings(others, (store) => store.contacts.claimDue(campaign.campaignId, 2, NOW));
  expect(claimed).toHaveLength(2);
  expect((await test_.store.campaigns.slots(campaign.campaignId)).claimed).toBe(2);
});

test('to claim one of many who are due at the same moment, the others are neither read nor sorted', async () => {
  const campaign = await campaignWith(test_.store, phones(5_000));
  const client = new Client({ connectionString: test_.url });
  await client.connect();
  await client.query('analyze contacts').finally(() => client.end());
  // Sorting them all would need a file.
  const claimed = await withSettings(['work_mem=64kB', 'temp_file_limit=0'], (store) =>
    store.contacts.claimDue(campaign.campaignId, 3, NOW),
  );
  expect(claimed.map((contact) => contact.line)).toEqual([2, 3, 4]);
});
