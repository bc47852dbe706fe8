import { campaignFileSchema } from '../contracts/campaign';
import { GATE_RULES } from '../contracts/gate';
import { DEFAULT_PRICES, estimateCallMicros } from './cost';
import { budgetSpent, type GateInput, judgeCall } from './gate';

const NOON = Date.parse('2026-07-15T16:00:00Z'); // 12:00 in New York
const HOUR = 3_600_000;
const spec = campaignFileSchema.parse({
  name: 'gate',
  from: ['+15005550006'],
  agent: { engine: { type: 'openai-realtime' }, systemPrompt: 'Say hello.' },
});

type Campaign = GateInput['campaign'];
const facts = (over: Partial<Omit<GateInput, 'campaign'>> & { campaign?: Partial<Campaign> } = {}): GateInput => ({
  contact: { attempts: 0, timezones: ['America/New_York'] },
  suppression: undefined,
  callsLastDay: [],
  numberLease: undefined,
  spentMicros: 0,
  openCalls: 0,
  gateways: [{ gatewayId: 'gw-1' }, { gatewayId: 'gw-2' }],
  ...over,
  campaign: { state: 'running', stateReason: null, spec, budgetMicros: null, windowOffsetMs: 0, endsAt: null, ...over.campaign },
});
const verdict = (input: GateInput, now = NOON) => judgeCall(input, now).verdict;

test('a call that nothing speaks against is allowed on the best gateway', () => {
  expect(judgeCall(facts(), NOON)).toEqual({ verdict: { decision: 'allow' }, gatewayId: 'gw-1' });
});

/** In the order of the rules, each with facts that break it. */
const breaking: Record<(typeof GATE_RULES)[number], Parameters<typeof facts>[0]> = {
  campaign_state: { campaign: { state: 'paused' } },
  caller_id: { callerIdOf: 'acme' },
  suppressed: { suppression: { source: 'voice', reason: 'stop calling me' } },
  attempt_cap: { contact: { attempts: 3, timezones: ['America/New_York'] } },
  frequency_cap: { callsLastDay: [1, 2, 3].map((hours) => new Date(NOON - hours * HOUR)).reverse() },
  window: { contact: { attempts: 0, timezones: ['Asia/Tokyo'] } },
  number_in_use: { numberLease: { callId: 'call_other' } },
  budget: { campaign: { budgetMicros: 1_000 }, spentMicros: 1_000 },
  capacity: { gateways: [] },
};

test.each(GATE_RULES)('%s holds a call back by itself', (rule) => {
  expect(verdict(facts(breaking[rule]))).toMatchObject({ decision: expect.stringMatching(/skip|defer/), rule });
});

test('the first broken rule is the one that is named', () => {
  let all: Parameters<typeof facts>[0] = {};
  for (const rule of GATE_RULES.toReversed()) {
    const next = breaking[rule];
    all = { ...all, ...next, campaign: { ...all?.campaign, ...next?.campaign } };
    if (rule === 'attempt_cap') all.contact = { attempts: 3, timezones: ['Asia/Tokyo'] };
    expect(verdict(facts(all))).toMatchObject({ rule });
  }
});

test('a paused, a canceled and an ended campaign keep the contact for the closing of the campaign', () => {
  for (const state of ['paused', 'canceled'] as const) expect(verdict(facts({ campaign: { state } }))).toMatchObject({ decision: 'defer' });
  expect(verdict(facts({ campaign: { endsAt: new Date(NOON) } }))).toMatchObject({ decision: 'defer', rule: 'campaign_state' });
  expect(verdict(facts({ campaign: { state: 'completed' } }))).toMatchObject({ decision: 'skip' });
});

test('the cap of a day frees one call when the oldest falls out of it', () => {
  const calls = [20, 10, 5].map((hours) => new Date(NOON - hours * HOUR));
  expect(verdict(facts({ callsLastDay: calls }))).toMatchObject({ decision: 'defer', until: NOON + 4 * HOUR });
  const four = [new Date(NOON - 22 * HOUR), ...calls];
  expect(verdict(facts({ callsLastDay: four }))).toMatchObject({ until: NOON + 4 * HOUR });
});

test('outside the window the contact waits until it opens, in real time also in a rehearsal', () => {
  const sixInTheMorning = NOON - 6 * HOUR;
  expect(verdict(facts(), sixInTheMorning)).toMatchObject({ rule: 'window', until: NOON - 4 * HOUR });
  const rehearsal = facts({ campaign: { windowOffsetMs: -6 * HOUR } });
  expect(verdict(rehearsal, NOON)).toMatchObject({ rule: 'window', until: NOON + 2 * HOUR });
});

test('the end of a campaign is real time, a rehearsal does not move it', () => {
  const input = facts({ campaign: { windowOffsetMs: HOUR, endsAt: new Date(NOON + 1) } });
  expect(verdict(input)).toEqual({ decision: 'allow' });
});

test('a contact whose zone is not known is skipped, not called', () => {
  expect(verdict(facts({ contact: { attempts: 0, timezones: [] } }))).toMatchObject({ decision: 'skip', rule: 'window' });
});

test('calls under way count against the budget with an estimate', () => {
  const estimate = estimateCallMicros(spec);
  const budget = (openCalls: number, spentMicros = 0) => facts({ campaign: { budgetMicros: 2 * estimate }, openCalls, spentMicros });
  expect(verdict(budget(1))).toEqual({ decision: 'allow' });
  expect(verdict(budget(2))).toMatchObject({ decision: 'defer', rule: 'budget' });
  expect(budgetSpent(budget(2))).toBe(false);
  expect(budgetSpent(budget(0, 2 * estimate))).toBe(true);
});

test('the user’s own prices are those of the estimate', () => {
  const input = facts({ campaign: { budgetMicros: 5 * estimateCallMicros(spec) }, openCalls: 1 });
  const dear = Object.fromEntries(
    Object.entries(DEFAULT_PRICES).map(([item, price]) => [item, { ...price, microsPerMillion: 10 * price.microsPerMillion }]),
  );
  expect(judgeCall(input, NOON).verdict).toEqual({ decision: 'allow' });
  expect(judgeCall(input, NOON, dear).verdict).toMatchObject({ decision: 'defer', rule: 'budget' });
});

test('an attempt that was judged before hears the same verdict again', () => {
  const existing = { verdict: { decision: 'allow' } as const, gatewayId: 'gw-9' };
  expect(judgeCall(facts({ existing, gateways: [], suppression: { source: 'cli', reason: 'x' } }), NOON)).toEqual({
    verdict: existing.verdict,
    gatewayId: 'gw-9',
  });
});

describe('a single call', () => {
  const single = (over: Parameters<typeof facts>[0], gate = { window: false, frequency: false }) =>
    verdict(facts({ ...over, campaign: { single: { gate }, ...over?.campaign } }));

  test('has neither window nor frequency unless its caller asks, and is never put off', () => {
    const night = breaking.window;
    const often = breaking.frequency_cap;
    expect([single(night), single(often)]).toEqual([{ decision: 'allow' }, { decision: 'allow' }]);
    expect(single(night, { window: true, frequency: false })).toMatchObject({ decision: 'skip', rule: 'window' });
    expect(single(often, { window: false, frequency: true })).toMatchObject({ decision: 'skip', rule: 'frequency_cap' });
  });

  test.each(['suppressed', 'number_in_use', 'capacity', 'campaign_state'] as const)('is not made where %s speaks against it', (rule) => {
    expect(single(breaking[rule])).toEqual({ decision: 'skip', rule, reason: expect.any(String) });
  });
});
