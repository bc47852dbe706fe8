import type { CarrierCallStatus } from '../contracts/carrier';
import fc from '../test/support/property';
import { callEndDecision, refusalDecision } from './carrier-errors';

const refused = (vendorCode: number | undefined, httpStatus = 400) => refusalDecision('twilio', { vendorCode, httpStatus, message: 'no' });
const ended = (status: CarrierCallStatus, sipCode?: number, sipReason?: string) =>
  callEndDecision('twilio', { status, sipCode, sipReason });

test.each([21211, 21217])('%i ends the contact as an invalid number', (code) => {
  const decision = refused(code);
  expect(decision).toMatchObject({ outcome: 'invalid_number', consumed: true });
  expect(decision.retryAfterMs).toBeUndefined();
});

test('13224 is tried once more after an hour, because an outage of the region looks the same', () => {
  expect(refused(13224)).toMatchObject({ outcome: 'invalid_number', retryAfterMs: 3_600_000 });
});

test.each([21210, 21212, 21215, 21219, 20003, 10001, 10002])('%i pauses the campaign and costs the contact nothing', (code) => {
  expect(refused(code)).toMatchObject({ consumed: false, pauseCampaign: expect.stringContaining(String(code)) });
});

test.each([20429, 10004])('%i is waited out without an attempt lost', (code) => {
  const decision = refused(code, 429);
  expect(decision).toMatchObject({ consumed: false, retryAfterMs: expect.any(Number) });
  expect(decision.pauseCampaign).toBeUndefined();
});

test('an unknown code of a wrong account pauses, an unknown code of a wrong request does not', () => {
  expect(refused(undefined, 401).pauseCampaign).toBeDefined();
  expect(refused(99_999, 400)).toMatchObject({ outcome: 'failed', consumed: true });
});

test.each([
  [404, 'invalid_number'],
  [484, 'invalid_number'],
  [604, 'invalid_number'],
  [408, 'no_answer'],
  [480, 'no_answer'],
  [487, 'no_answer'],
  [486, 'busy'],
  [600, 'busy'],
  [603, 'rejected'],
  [608, 'rejected'],
  [503, 'failed'],
] as const)('SIP %i is %s, whatever the carrier folded it into', (sip, outcome) => {
  for (const status of ['failed', 'busy', 'no_answer'] as const) expect(ended(status, sip).outcome).toBe(outcome);
});

test('SIP 607 puts the number on the do-not-call list', () => {
  expect(ended('failed', 607)).toMatchObject({ outcome: 'opted_out', optOut: true });
});

test('603 with the reason "Network Blocked" is told apart from a person who declines', () => {
  expect(ended('busy', 603, 'Network Blocked').reason).not.toBe(ended('busy', 603, 'Decline').reason);
});

test('a call that we took back costs no attempt', () => {
  expect(ended('canceled', 487)).toMatchObject({ outcome: 'canceled', consumed: false });
});

test('a decision that pauses the campaign, or waits for the carrier, never takes an attempt', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10_000, max: 40_000 }), fc.constantFrom(400, 401, 403, 404, 429), (code, status) => {
      const decision = refused(code, status);
      if (decision.pauseCampaign !== undefined) expect(decision.consumed).toBe(false);
      expect(decision.reason).not.toBe('');
    }),
  );
});

describe('Telnyx', () => {
  const telnyx = (vendorCode: number | undefined, httpStatus = 422) => refusalDecision('telnyx', { vendorCode, httpStatus, message: 'no' });

  test.each([10_002, 10_016])('%i ends the contact as an invalid number', (code) => {
    expect(telnyx(code)).toMatchObject({ outcome: 'invalid_number', consumed: true });
  });

  test.each([10_001, 10_009, 10_010, 10_017])('%i pauses the campaign and costs the contact nothing', (code) => {
    expect(telnyx(code)).toMatchObject({ consumed: false, pauseCampaign: expect.stringContaining(String(code)) });
  });

  test.each([10_011, 90_103])('%i is waited out without an attempt lost', (code) => {
    expect(telnyx(code, 429)).toMatchObject({ consumed: false, retryAfterMs: expect.any(Number) });
  });

  test('the codes of one carrier say nothing of the other', () => {
    expect(telnyx(21_211)).toMatchObject({ outcome: 'failed', consumed: true });
  });

  test('a declined call is rejected, also where the carrier calls it failed', () => {
    expect(callEndDecision('telnyx', { status: 'failed', sipCode: 603 })).toMatchObject({ outcome: 'rejected', consumed: true });
  });
});
