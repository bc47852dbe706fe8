import { inspect } from 'node:util';
import { violatedConstraint } from '../../store/database';
import { campaignWith, openTestStore, type TestStore } from './fixtures';

let t: TestStore;
beforeAll(async () => {
  t = await openTestStore();
});
afterAll(() => t.close());

test('an error of the database does not repeat the values of its statement', async () => {
  const campaign = await campaignWith(t.store, []);
  const row = { line: 2, phone: '+15005550099', code: 'X', reason: 'Ada Lovelace' };
  // A column of ours that the statement fails on, with the person's data beside it.
  const broken = { ...row, line: 3_000_000_000 };
  const error = await t.store.contacts.importRejected(campaign, [row, broken]).catch((caught: unknown) => caught);
  expect(inspect(error, { depth: 9 })).toContain('Failed query: insert into "rejected_rows"');
  expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toMatch(/15005550099|Lovelace/);
});

test('nor does one of a unique index, which is still told by its name', async () => {
  const campaign = await campaignWith(t.store, []);
  const error = await t.store.campaigns
    .create({ tenantId: 'default', name: campaign.name, spec: campaign.spec, windowOffsetMs: 0, now: new Date() })
    .catch((caught: unknown) => caught);
  expect(violatedConstraint(error)).toBe('campaigns_live_name');
  expect(inspect(error, { depth: 9 })).not.toContain('You call {first_name}');
});
