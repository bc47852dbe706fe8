import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { CampaignSpec } from '../../contracts/campaign';
import { checkCampaign } from '../../control/campaigns/check-campaign';
import { recordSource } from '../../control/campaigns/contact-source';
import { addToDnc, checkDnc, importDnc, removeFromDnc } from '../../control/campaigns/dnc';
import { importContacts, requireColumns } from '../../control/campaigns/import-contacts';
import { ContactJudge } from '../../control/campaigns/judge-contact';
import type { CampaignRow, ContactRow } from '../../store/store';
import { campaignFile, openTestStore, type TestStore } from '../store/fixtures';

let test_: TestStore;
let folder: string;
beforeAll(async () => {
  test_ = await openTestStore();
  folder = await mkdtemp(join(tmpdir(), 'patter-import-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await test_.close();
});

type Wish = { failure?: 'end' | 'transfer'; prompt?: string; transfer?: { to: string[] } };

/** Noon in New York. */
const NOW = Date.parse('2026-07-15T16:00:00Z');

const newCampaign = (overrides: Record<string, unknown> = {}): Promise<CampaignRow> => {
  const spec = campaignFile(overrides);
  return test_.store.campaigns.create({ tenantId: 'default', name: spec.name, spec, windowOffsetMs: 0, now: new Date(NOW) });
};
let files = 0;
async function csv(text: string): Promise<string> {
  const file = join(folder, `contacts-${files++}.csv`);
  await writeFile(file, text);
  return file;
}
async function allContacts(campaignId: string): Promise<ContactRow[]> {
  return test_.store.contacts.page(campaignId, 0, 1_000);
}

/** The full matrix takes its time. */
const ROWS = process.env.PATTER_TEST_MATRIX === 'full' ? 100_000 : 20_000;

const MESS = `phone,first_name,timezone
+12125550101,Ada,
(212) 555-0101,Ada again,
212.555.0102,Ben,
not a number,Cem,
,Dora,
+1555,Emil,
+12125550103,Faye,Mars/Olympus
+12125550104,,
+442079460111,Gus,
+1 (212) 555-0101,Ada once more,
`;

test('a messy file: numbers in E.164, duplicates merged, every rejected row with its line and reason', async () => {
  const { store } = test_;
  const campaign = await newCampaign();
  const rejectsFile = join(folder, 'rejects', 'rejected.csv');
  const summary = await importContacts(store, campaign, { file: await csv(MESS), rejectsFile, now: NOW });
  expect(summary).toEqual({ total: 10, imported: 3, rejected: 5, duplicates: 2, rejectsFile });

  expect(await allContacts(campaign.campaignId)).toMatchObject([
    { line: 2, phone: '+12125550101', variables: { first_name: 'Ada' }, timezones: ['America/New_York'] },
    { line: 4, phone: '+12125550102' },
    { line: 10, phone: '+442079460111', timezones: ['Europe/London'] },
  ]);
  const rejected = await store.contacts.rejected(campaign.campaignId);
  expect(rejected.map(({ line, code }) => [line, code])).toEqual([
    [5, 'PATTER_CONTACT_PHONE_INVALID'],
    [6, 'PATTER_CONTACT_PHONE_MISSING'],
    [7, 'PATTER_CONTACT_PHONE_INVALID'],
    [8, 'PATTER_CONTACT_TIMEZONE_INVALID'],
    [9, 'PATTER_CONTACT_ROW_INVALID'],
  ]);
  const file = await readFile(rejectsFile, 'utf8');
  expect(
    file
      .trim()
      .split('\n')
      .map((line) => line.split(',')[0]),
  ).toEqual(['line', '5', '6', '7', '8', '9']);
  expect(await store.campaigns.get(campaign.campaignId)).toMatchObject({ rowsTotal: 10, rowsRejected: 5, rowsDuplicate: 2 });
});

test('importing a file again changes nothing, and tells the same counts', async () => {
  const { store } = test_;
  const campaign = await newCampaign();
  const file = await csv(MESS);
  const first = await importContacts(store, campaign, { file, now: NOW });
  const before = await allContacts(campaign.campaignId);
  expect(await importContacts(store, campaign, { file, now: NOW + 60_000 })).toEqual(first);
  expect(await allContacts(campaign.campaignId)).toEqual(before);
});

test('an import that was killed half-way is finished by the next one', async () => {
  const { store } = test_;
  const campaign = await newCampaign();
  const rows = Array.from({ length: 2_500 }, (_, index) => `+1212555${String(index).padStart(4, '0')},Name`);
  const file = await csv(`phone,first_name\n${rows.join('\n')}\n`);
  let batches = 0;
  const dying = {
    campaigns: store.campaigns,
    contacts: {
      ...store.contacts,
      import: async (...args: Parameters<typeof store.contacts.import>) => {
        if (++batches === 2) throw new Error('killed');
        return store.contacts.import(...args);
      },
    },
  };
  await expect(importContacts(dying, campaign, { file, now: NOW })).rejects.toThrow('killed');
  expect((await store.campaigns.progress(campaign.campaignId)).contacts).toBe(1_000);
  expect(await importContacts(store, campaign, { file, now: NOW })).toMatchObject({ total: 2_500, imported: 2_500, duplicates: 0 });
});

test('contacts of a program: names in any spelling, what is no contact is rejected with its number, and a stream that breaks is finished by the next import', async () => {
  const { store } = test_;
  const campaign = await newCampaign();
  let closed = false;
  async function* records(breaks: boolean) {
    try {
      yield { Phone: '(212) 555-0101', 'First Name': 'Ada', visits: 3, extra: { nested: true } };
      yield { mobile: '+12125550102', firstName: 'Ben', timezone: 'Europe/Berlin', visits: 3, since: new Date(0), note: null };
      yield 'Cem' as never;
      if (breaks) throw new Error('the CRM is down');
      yield { first_name: 'Dora' };
      yield { phone: '+12125550102', first_name: 'Ben again' };
    } finally {
      closed = true;
    }
  }
  await expect(importContacts(store, campaign, { contacts: recordSource(records(true)), now: NOW })).rejects.toThrow('the CRM is down');
  expect(closed).toBe(true);
  const summary = await importContacts(store, campaign, { contacts: recordSource(records(false)), now: NOW });
  expect(summary).toMatchObject({ total: 5, imported: 1, rejected: 3, duplicates: 1 });
  expect(await allContacts(campaign.campaignId)).toMatchObject([
    {
      ...{ line: 2, phone: '+12125550102', timezones: ['Europe/Berlin'] },
      variables: { first_name: 'Ben', visits: '3', since: '1970-01-01T00:00:00.000Z', note: '' },
    },
  ]);
  expect((await store.contacts.rejected(campaign.campaignId)).map(({ line, reason }) => [line, reason])).toEqual([
    [1, 'extra is neither text nor a number'],
    [3, 'the contact is not an object'],
    [4, 'the row has no phone number'],
  ]);
  await expect(importContacts(store, campaign, { contacts: recordSource(7 as never), now: NOW })).rejects.toMatchObject({
    code: 'PATTER_CONTACTS_FILE_INVALID',
  });
});

test('who is asleep waits for their window, and the reason is kept', async () => {
  const { store } = test_;
  const campaign = await newCampaign();
  await importContacts(store, campaign, { file: await csv('phone,first_name\n+81312345678,Yui\n+12125550101,Ada\n'), now: NOW });
  expect(await allContacts(campaign.campaignId)).toMatchObject([
    { dueAt: new Date('2026-07-15T23:00:00Z'), waitReason: expect.stringContaining('Asia/Tokyo') },
    { dueAt: new Date(NOW), waitReason: null },
  ]);
});

test('--only takes the numbers in any spelling, --limit the first ones', async () => {
  const { store } = test_;
  const file = await csv(MESS);
  const only = await newCampaign();
  expect(await importContacts(store, only, { file, only: ['(212) 555-0102'], now: NOW })).toMatchObject({
    total: 1,
    imported: 1,
    rejected: 0,
  });
  const limited = await newCampaign();
  expect(await importContacts(store, limited, { file, limit: 1, now: NOW })).toMatchObject({ total: 1, imported: 1 });
  expect(await importContacts(store, limited, { file, limit: 1, now: NOW })).toMatchObject({ total: 1, imported: 1 });
});

test('a placeholder that no column fills is told before anything is written', async () => {
  const { store } = test_;
  const campaign = await newCampaign({ agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'Call {first_name} on {date}.' } });
  const importing = importContacts(store, campaign, { file: await csv(MESS), now: NOW });
  await expect(importing).rejects.toMatchObject({ code: 'PATTER_CONTACTS_FILE_INVALID', message: expect.stringContaining('{date}') });
  expect(await allContacts(campaign.campaignId)).toEqual([]);
});

test.each<[string, { agent?: object; [part: string]: object | undefined }]>([
  ['agent.systemPrompt', { agent: { systemPrompt: '{nick}' } }],
  ['agent.firstMessage', { agent: { firstMessage: '{nick}' } }],
  ['agent.disclosure', { agent: { disclosure: '{nick}' } }],
  ['agent.turns.idle.prompts.1', { agent: { turns: { idle: { prompts: ['Hello?', 'Are you there, {nick}?'] } } } }],
  ['agent.turns.idle.goodbye', { agent: { turns: { idle: { goodbye: 'Bye, {nick}.' } } } }],
  ['agent.turns.fillers.phrases.0', { agent: { turns: { fillers: { phrases: ['One moment, {nick}.'] } } } }],
  ['agent.guardrails.0.replacement', { agent: { guardrails: [{ name: 'g', blockedTerms: ['sue'], replacement: 'No, {nick}.' }] } }],
  ['dialing.voicemailMessage', { dialing: { voicemailMessage: 'Call back, {nick}.' } }],
  ['dialing.answering.screening', { dialing: { answering: { screening: 'For {nick}.' } } }],
  ['recording.consent', { recording: { consent: 'Recorded, {nick}.' } }],
  ['transfer.whisper', { transfer: { to: ['+15005550009'], whisper: 'It is {nick}.' } }],
])('a placeholder of %s that no column fills refuses the file, by the name of the field', (field, { agent = {}, ...more }) => {
  const spec = campaignFile({ agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'x', ...agent }, ...more });
  expect(() => requireColumns(spec, ['phone', 'first_name'], 'a.csv')).toThrow(`{nick} (${field})`);
  expect(() => requireColumns(spec, ['phone', 'nick'], 'a.csv')).not.toThrow();
});

test('the whisper of a line that campaigns use, too, needs no column for what comes with inbound calls', () => {
  const agent = { engine: { type: 'openai-realtime' }, systemPrompt: 'x' };
  const spec = campaignFile({ agent, transfer: { to: ['+15005550009'], whisper: '{caller_name} is on the line' } });
  expect(() => requireColumns(spec, ['phone'], 'a.csv')).not.toThrow();
  const row = { kind: 'row' as const, line: 2, phone: '+12125550100', timezone: '', variables: {} };
  expect(new ContactJudge({ spec, windowOffsetMs: 0 }, Date.now()).judge(row)).toMatchObject({ kind: 'contact' });
});

test(`${ROWS.toLocaleString('en')} rows are imported in memory that does not grow with them`, async () => {
  const { store } = test_;
  const campaign = await newCampaign();
  const lines = ['phone,first_name,note'];
  const note = 'x'.repeat(200);
  for (let i = 0; i < ROWS; i++) lines.push(`+1${212 + (i % 3)}${2_000_000 + i},N${i},${note}`);
  const file = await csv(`${lines.join('\n')}\n`);
  lines.length = 0;
  const heaps: number[] = [];
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const summary = await importContacts(store, campaign, {
    file,
    now: NOW,
    onProgress: (rows) => {
      if (rows % (ROWS / 5) === 0) {
        collectGarbage();
        heaps.push(process.memoryUsage().heapUsed);
      }
    },
  });
  expect(summary.total).toBe(ROWS);
  expect(summary.imported + summary.rejected + summary.duplicates).toBe(ROWS);
  // A row takes above 700 bytes on the heap: who kept the rows would grow by more than this from the first mark to the last.
  expect((heaps.at(-1) as number) - (heaps[0] as number)).toBeLessThan(ROWS * 200);
}, 180_000);

describe('check', () => {
  test('says who would be called, who later, who not and why, and writes nothing', async () => {
    const { store } = test_;
    const spec = campaignFile({ until: '3h', budget: { total: 0.01 } });
    await addToDnc({ store, now: NOW }, '+12125550102', 'asked');
    const text = `${MESS}+14155550150,Hugo,Pacific/Honolulu\n`;
    const check = await checkCampaign(store.suppressions, { spec, contactsFile: await csv(text), tenantId: 'default', now: NOW });
    expect(check).toMatchObject({ total: 11, callable: 3, duplicates: 2, suppressionsChecked: true });
    expect(check.rejected.map((row) => row.line)).toEqual([5, 6, 7, 8, 9]);
    expect(check.held).toEqual([expect.objectContaining({ phone: '+12125550102', reason: 'on the do-not-call list' })]);
    expect(check.later).toEqual([expect.objectContaining({ line: 12, phone: '+14155550150' })]);
    expect(check.warnings).toEqual([expect.stringContaining('budget')]);
    expect(check.forecast.lowMicros).toBeLessThan(check.forecast.highMicros);
    expect((await store.campaigns.list('default')).some((row) => row.name === spec.name)).toBe(false);
  });

  test('who sleeps until the end would not be called; without an end they are called later', async () => {
    const contactsFile = await csv('phone,first_name\n+81312345678,Yui\n');
    const options = { contactsFile, tenantId: 'default', now: NOW };
    const ending = await checkCampaign(undefined, { spec: campaignFile({ until: '1h' }), ...options });
    expect(ending).toMatchObject({
      callable: 0,
      held: [{ reason: expect.stringContaining('does not open before') }],
      suppressionsChecked: false,
    });
    const open = await checkCampaign(undefined, { spec: campaignFile(), ...options });
    expect(open).toMatchObject({ callable: 1, later: [{ reason: expect.stringContaining('2026-07-15T23:00:00.000Z') }] });
  });

  const HUMAN = '+12125550199';
  const wishes: [number, Wish][] = [
    [0, {}],
    [1, { failure: 'transfer' }],
    [0, { failure: 'transfer', transfer: { to: [HUMAN] } }],
    [0, { failure: 'transfer', prompt: `If all else fails, connect them with ${HUMAN}.` }],
  ];
  test.each(wishes)('gives %i warnings of a transfer after a failure that has nobody to go to: %j', async (count, wish) => {
    const plain = campaignFile();
    const agent = { ...plain.agent, onProviderFailure: wish.failure ?? 'end', systemPrompt: wish.prompt ?? plain.agent.systemPrompt };
    const spec = { ...plain, agent, transfer: wish.transfer as CampaignSpec['transfer'] };
    const contactsFile = await csv('phone,first_name\n+12125550100,Ada\n');
    const check = await checkCampaign(undefined, { spec, contactsFile, tenantId: 'default', now: NOW });
    expect(check.warnings).toEqual(Array.from({ length: count }, () => expect.stringContaining('nobody to transfer to')));
  });

  test('warns of an option that another makes ineffective', async () => {
    const plain = campaignFile();
    const spec = { ...plain, agent: { ...plain.agent, turns: { ...plain.agent.turns, preemptive: true } } };
    const contactsFile = await csv('phone,first_name\n+12125550100,Ada\n');
    const check = await checkCampaign(undefined, { spec, contactsFile, tenantId: 'default', now: NOW });
    expect(check.warnings).toEqual([expect.stringContaining('agent.turns.preemptive has no effect with the engine openai-realtime')]);
  });

  test('a value of more than 500 characters is no variable: its row is named with line and field, and not called', async () => {
    const contactsFile = await csv(
      `phone,first_name,note\n+12125550100,${'A'.repeat(500)},${'n'.repeat(900)}\n+12125550101,${'B'.repeat(501)},short\n`,
    );
    const check = await checkCampaign(undefined, { spec: campaignFile(), contactsFile, tenantId: 'default', now: NOW });
    expect(check).toMatchObject({ callable: 1, rejected: [{ line: 3, reason: '{first_name} has more than 500 characters' }] });
  });

  test('warns of an end that the pace does not reach', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => `+12125551${String(index).padStart(3, '0')},N`).join('\n');
    const spec = campaignFile({ until: '10s', dialing: { cps: 1, maxConcurrent: 100 } });
    const check = await checkCampaign(undefined, {
      spec,
      contactsFile: await csv(`phone,first_name\n${rows}\n`),
      tenantId: 'default',
      now: NOW,
    });
    expect(check.warnings).toEqual([expect.stringContaining('10 %')]);
  });
});

describe('do-not-call list', () => {
  const ctx = () => ({ store: test_.store, now: NOW });

  test('a number is found in any spelling, added once, and gone when removed', async () => {
    expect(await addToDnc(ctx(), '(415) 555-0170', 'asked')).toEqual({ phone: '+14155550170', added: true });
    expect(await addToDnc(ctx(), '+1 415 555 0170', 'asked')).toEqual({ phone: '+14155550170', added: false });
    expect(await checkDnc(ctx(), '4155550170')).toMatchObject({ entry: { source: 'cli', reason: 'asked' } });
    expect(await removeFromDnc(ctx(), '415.555.0170')).toEqual({ phone: '+14155550170', removed: true });
    expect((await checkDnc(ctx(), '+14155550170')).entry).toBeUndefined();
  });

  test.each([
    ['one number a line', '# opted out\n+14155550181\n\n(415) 555-0182\nnonsense\n415-555-0181\n'],
    ['a CSV with a phone column', 'name,phone\nAda,+14155550181\nBen,(415) 555-0182\nCem,nonsense\nAda,415-555-0181\n'],
  ])('is imported from %s', async (_what, text) => {
    for (const phone of ['+14155550181', '+14155550182']) await removeFromDnc(ctx(), phone);
    const result = await importDnc(ctx(), await csv(text), 'from a file');
    expect(result).toMatchObject({ read: 4, added: 2, invalid: [{ text: 'nonsense' }] });
    expect(await checkDnc(ctx(), '+14155550182')).toMatchObject({ entry: { source: 'import', reason: 'from a file' } });
  });

  test('what is no number is refused with a code', async () => {
    await expect(addToDnc(ctx(), '123', 'x')).rejects.toMatchObject({ code: 'PATTER_CONTACT_PHONE_INVALID' });
  });
});
