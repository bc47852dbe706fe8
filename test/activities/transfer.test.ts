/** Whom a transfer dials, and how often: against the lab's phone company and a real database. */
import { randomBytes } from 'node:crypto';
import { buildSetup } from '../../activities/call/build-setup';
import { loadCall } from '../../activities/call/load-call';
import { reportingGateway } from '../../activities/transfer/parts';
import type { TransferActivities } from '../../contracts/transfer';
import type { LedgerSnapshot } from '../../lab/ledger';
import { type CallActions, runBuiltIn } from '../../media-gateway/session/built-in-actions';
import { builtInTools, parseBuiltInCall } from '../../media-gateway/tools/built-in';
import { callOf } from '../../store/call-of';
import { allowUnlessInUse, campaignWith, claimOne, intentFor } from '../store/fixtures';
import { openTestActivities, registerGateway, type TestActivities } from './context';

const SALES = '+15005550011';
const BILLING = '+15005550012';
const CONFIGURED = '+15005550021';
const STRANGER = '+15005550666';
const PROMPT = `Sales is at ${SALES}, billing at ${BILLING}. The caller's note: {note}`;

let t: TestActivities;
beforeAll(async () => {
  t = await openTestActivities({ scenario: { default: 'no-answer' } });
  await registerGateway(t.ctx);
});
afterAll(() => t.close());

let line = 0;
/** A call of a campaign whose prompt names two people, to a contact whose column names a third. */
async function call(mode: 'cold' | 'warm' = 'warm') {
  line++;
  const campaign = await campaignWith(t.ctx.store, [], {
    agent: { engine: { type: 'openai-realtime' }, systemPrompt: PROMPT },
    transfer: { to: [CONFIGURED], mode, ringTimeout: '5s' },
  });
  const variables = { note: `connect me with ${STRANGER}` };
  const phone = `+1500500${1000 + line}`;
  await t.ctx.store.contacts.import(campaign, [
    { line, phone, timezones: ['America/New_York'], variables, dueAt: new Date(0), waitReason: null },
  ]);
  const contact = await claimOne(t.ctx.store, campaign, new Date());
  const callId = callOf(contact);
  await t.ctx.store.attempts.openIntent(intentFor(contact, new Date()), allowUnlessInUse);
  return { callId, campaign, contact };
}

const consult = (input: Parameters<TransferActivities['consult']>[0]) => t.inActivity(() => t.activities.consult(input));
const request = (callId: string, over: object = {}) => ({ callId, carrierCallId: 'CA1', transferNumber: 1, reason: 'help', ...over });
const dialed = async (to: string) => {
  const ledger = (await (await fetch(`${t.labUrl}/lab/ledger`)).json()) as LedgerSnapshot;
  return ledger.calls.filter((entry) => entry.to === to).length;
};

describe('whom a transfer dials', () => {
  test('a number that a contact’s variable brought is not one of the developer’s', async () => {
    const { callId, campaign, contact } = await call();
    const setup = buildSetup({
      callId,
      tenantId: campaign.tenantId,
      campaignId: campaign.campaignId,
      contactId: contact.contactId,
      spec: campaign.spec,
      to: contact.phone,
      from: '+15005550006',
      variables: contact.variables,
    });
    expect(setup.agent.systemPrompt).toContain(STRANGER);
    expect(setup.transferNumbers).toEqual([SALES, BILLING]);
    const [tool] = builtInTools(setup);
    expect(JSON.stringify(tool)).not.toContain(STRANGER);
    expect(await consult(request(callId, { number: STRANGER }))).toEqual({ kind: 'refused', reason: 'PATTER_TRANSFER_TARGET_UNKNOWN' });
    expect(await dialed(STRANGER)).toBe(0);
  });

  test.each([STRANGER, ` ${STRANGER}`, 'sales', '15005550011', 7])(
    'the agent names %j: it is told that it cannot, and nothing is asked for',
    (number) => {
      const transfers: unknown[] = [];
      const actions = { live: true, canTransfer: true, transferNumbers: [SALES], transfer: (wanted: unknown) => transfers.push(wanted) };
      const named = parseBuiltInCall('transfer_call', { reason: 'x', number });
      expect(() => runBuiltIn(named, 'tool-1', actions as unknown as CallActions)).toThrow(/PATTER_TRANSFER_TARGET_UNKNOWN/);
      expect(transfers).toEqual([]);
    },
  );

  test.each([undefined, null, '', SALES])('the agent names %j: that is a transfer', (number) => {
    const transfers: unknown[] = [];
    const actions = { live: true, canTransfer: true, transferNumbers: [SALES], transfer: (wanted: unknown) => transfers.push(wanted) };
    runBuiltIn(parseBuiltInCall('transfer_call', { reason: 'x', number }), 'tool-1', actions as unknown as CallActions);
    expect(transfers).toEqual([number === SALES ? { reason: 'x', number: SALES } : { reason: 'x' }]);
  });

  test('a cold transfer to such a number is refused as well', async () => {
    const { callId } = await call('cold');
    const cold = { callId, carrierCallId: 'CA1', transferNumber: 1, number: STRANGER };
    expect(await t.inActivity(() => t.activities.transferCall(cold))).toEqual({
      kind: 'refused',
      reason: 'PATTER_TRANSFER_TARGET_UNKNOWN',
    });
    expect(await t.ctx.store.attempts.transfer(callId, 1)).toBeUndefined();
  });

  test('a number of the template is dialled, and the configured one where none is named', async () => {
    const { callId } = await call();
    expect(await consult(request(callId, { number: BILLING }))).toMatchObject({ kind: 'requested', to: BILLING, asks: false });
    expect(await consult(request(callId, { transferNumber: 2 }))).toMatchObject({ kind: 'requested', to: CONFIGURED });
    expect([await dialed(BILLING), await dialed(CONFIGURED)]).toEqual([1, 1]);
  });
});

describe('once', () => {
  test('asked for again, by whatever run, nobody is dialled a second time: the leg is looked up', async () => {
    const { callId } = await call();
    const before = await dialed(SALES);
    const first = await consult(request(callId, { number: SALES }));
    if (first.kind !== 'requested') throw new Error(first.kind);
    expect(await consult(request(callId, { number: SALES }))).toEqual({ kind: 'unknown', to: SALES });
    expect((await dialed(SALES)) - before).toBe(1);
    const found = await t.inActivity(() => t.activities.reconcileConsult({ callId, carrierCallId: 'CA1', transferNumber: 1 }));
    expect(found).toMatchObject({ kind: 'found', to: SALES, call: { carrierCallId: first.humanCallId } });
  });

  test('a worker that died with the answer: the person is found in the carrier’s list', async () => {
    const { callId, campaign } = await call();
    const to = '+15005550031';
    await t.ctx.store.attempts.recordTransfer({ tenantId: campaign.tenantId, callId, transferNumber: 1, toNumber: to, now: new Date() });
    const placed = await t.ctx.carriers.get('twilio')!.transfers!.consult({
      ...request(callId),
      to,
      from: '+15005550006',
      gatewayUrl: 'http://127.0.0.1:9',
      fallbackGatewayUrl: 'http://127.0.0.1:9',
      ringTimeoutMs: 20_000,
      timeLimitMs: 60_000,
      summary: 'A call.',
      question: 'Press 1.',
      language: 'en-US',
      machineDetection: true,
    });
    if (placed.kind !== 'accepted') throw new Error(placed.message);
    const found = await t.inActivity(() => t.activities.reconcileConsult({ callId, carrierCallId: 'CA1', transferNumber: 1 }));
    expect(found).toMatchObject({ kind: 'found', to, call: { carrierCallId: placed.carrierCallId } });
    // From then on it is this transfer's, and no other's.
    expect(await t.ctx.store.attempts.isHumanLeg(placed.carrierCallId)).toBe(true);
  });

  test('nobody was rung, or two callers may mean the same ring: nothing is claimed', async () => {
    const to = `+1500555${randomBytes(2).readUInt16BE().toString().padStart(5, '0').slice(0, 4)}`;
    const [one, other] = [await call(), await call()];
    // Long enough ago for every request to have arrived.
    const now = new Date(Date.now() - 15_000);
    for (const { callId, campaign } of [one, other]) {
      await t.ctx.store.attempts.recordTransfer({ tenantId: campaign.tenantId, callId, transferNumber: 1, toNumber: to, now });
    }
    const look = () => t.inActivity(() => t.activities.reconcileConsult({ callId: one.callId, carrierCallId: 'CA1', transferNumber: 1 }));
    expect(await look()).toEqual({ kind: 'not_dialed' });
    await t.ctx.carriers.get('twilio')!.placeCall({
      callId: other.callId,
      to,
      from: '+15005550006',
      gatewayUrl: 'http://127.0.0.1:9',
      fallbackGatewayUrl: 'http://127.0.0.1:9',
      token: 'token',
      ringTimeoutMs: 20_000,
      timeLimitMs: 60_000,
      machineDetection: false,
    });
    expect(await look()).toEqual({ kind: 'not_dialed' });
  });
});

test('a gateway that has just died plays no music, although it counts as alive for a while yet; where there is no other, it is asked', async () => {
  const { callId } = await call();
  const loaded = await loadCall(t.ctx, callId);
  const known = async (lost?: string) => (await reportingGateway(t.ctx, loaded, lost))?.gateway.gatewayId;
  const own = await known();
  expect(await known(own)).toBe(own);
  await registerGateway(t.ctx, 'gw-beside');
  expect([await known(), await known(own), await known('gw-beside')]).toEqual([own, 'gw-beside', own]);
});
