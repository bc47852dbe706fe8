/** The call history on disk, of people who were erased: while its program runs, while it does not, and in the moment of writing. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { forgetCallFiles } from '../../cli/call-files';
import { systemClock } from '../../contracts/clock';
import { CallbackDispatcher } from '../../sdk/callbacks';
import { forgetFiles, keepForgetting } from '../../sdk/callbacks/forget-files';
import { persistRoots } from '../../sdk/options/local-config';
import { callOf } from '../../store/call-of';
import type { Store } from '../../store/store';
import { until } from '../activities/context';
import {
  allowUnlessInUse,
  campaignWith,
  claimOne,
  done,
  intentFor,
  NOW,
  openTestStore,
  settlementFor,
  type TestStore,
} from '../store/fixtures';
import { ManualClock } from '../support/manual-clock';

const log = pino({ level: 'silent' });
let t: TestStore;
let root: string;
let phones = 9_000_000;
const dispatchers: CallbackDispatcher[] = [];

beforeAll(async () => {
  t = await openTestStore();
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'patter-forget-'));
});
afterEach(async () => {
  await Promise.all(dispatchers.splice(0).map((dispatcher) => dispatcher.stop()));
  rmSync(root, { recursive: true, force: true });
});
afterAll(async () => {
  await t?.close();
});

/** A call that has ended. */
async function call() {
  const phone = `+1500${phones++}`;
  const campaign = await campaignWith(t.store, [phone], {
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'Hi.', code: 'app/a' },
  });
  const contact = await claimOne(t.store, campaign);
  await t.store.attempts.openIntent(intentFor(contact), allowUnlessInUse);
  const turns = [{ role: 'user' as const, text: 'I am Ada.', at: NOW.getTime() }];
  await t.store.attempts.settle(settlementFor(contact, { turns, answeredAt: NOW.getTime() }), done(), NOW);
  return { phone, input: { tenantId: 'default', callId: callOf(contact), app: 'app' } };
}

async function persist(input: { tenantId: string; callId: string; app: string }, over: Partial<Store['attempts']> = {}): Promise<void> {
  const dispatcher = new CallbackDispatcher({
    ...{ app: 'app', callbacksOf: () => ({}), allowPrivate: true, persistRoot: root, log },
    store: { ...t.store, attempts: { ...t.store.attempts, ...over } },
  });
  dispatchers.push(dispatcher);
  await dispatcher.finish(input);
}

const erase = (phone: string) => t.store.privacy.erasePerson({ tenantId: 'default', phone, now: new Date() });
const files = () =>
  existsSync(join(root, 'calls'))
    ? readdirSync(join(root, 'calls'), { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.json'))
    : [];
const named = (callId: string) => files().some((name) => name.endsWith(`${callId}.json`));

test('files of erased people are deleted, all others stay; an erasure that came while nobody looked is made up for', async () => {
  const deps = { store: t.store, clock: systemClock };
  const [ada, ben] = [await call(), await call()];
  await persist(ada.input);
  await persist(ben.input);
  expect(await forgetFiles(root, deps)).toBe(0);
  expect(files()).toHaveLength(2);
  await erase(ada.phone);
  expect(await forgetFiles(root, deps)).toBe(1);
  expect([named(ada.input.callId), named(ben.input.callId)]).toEqual([false, true]);
  // Also what retention erases, and again is nothing new.
  await t.store.privacy.eraseEnded({ tenantId: 'default', endedBefore: new Date(NOW.getTime() + 60_000), limit: 100, now: new Date() });
  expect([await forgetFiles(root, deps), await forgetFiles(root, deps)]).toEqual([1, 0]);
  expect(files()).toEqual([]);
});

test('patter privacy looks through the folders that programs of this folder and environment write into', async () => {
  const { input, phone } = await call();
  await persist(input);
  await erase(phone);
  const before = process.env.PATTER_LOG_DIR;
  process.env.PATTER_LOG_DIR = root;
  try {
    expect(await forgetCallFiles({ store: t.store, clock: systemClock })).toMatchObject({
      folders: expect.arrayContaining([root]),
      deleted: 1,
    });
  } finally {
    if (before === undefined) delete process.env.PATTER_LOG_DIR;
    else process.env.PATTER_LOG_DIR = before;
  }
  expect(files()).toEqual([]);
  expect(persistRoots('/app', {})).toEqual(['/app/.patter/calls']);
  expect(persistRoots('/app', { PATTER_LOG_DIR: 'logs' })).toEqual(['/app/logs', '/app/.patter/calls']);
});

test('a program that runs looks once a minute, over a database that is away', async () => {
  const { input, phone } = await call();
  await persist(input);
  const clock = new ManualClock();
  let away = false;
  let looks = 0;
  const privacy: Store['privacy'] = {
    ...t.store.privacy,
    erasedCalls: async (page) => {
      looks += 1;
      if (away) throw new Error('the database is away');
      return t.store.privacy.erasedCalls(page);
    },
  };
  const keeper = keepForgetting(root, { store: { privacy }, clock, log });
  await until(async () => looks === 1 && existsSync(join(root, 'calls', '.erased-until')));
  await erase(phone);
  away = true;
  await pass(clock, () => looks === 2);
  away = false;
  await pass(clock, () => !named(input.callId));
  await keeper.stop();
});

test('who is erased while the file is written is not left on the disk, and who was erased before is not written', async () => {
  const [late, early] = [await call(), await call()];
  let reads = 0;
  await persist(late.input, {
    // The record for the events, the look before writing, and the look after it.
    get: async (callId) => {
      reads += 1;
      if (reads === 3) await erase(late.phone);
      return t.store.attempts.get(callId);
    },
  });
  expect(reads).toBe(3);
  await erase(early.phone);
  await persist(early.input);
  expect(files()).toEqual([]);
});

async function pass(clock: ManualClock, isTrue: () => boolean): Promise<void> {
  await until(async () => {
    clock.pass(60_000);
    return isTrue();
  });
}
