import type { RetryPolicy } from '../contracts/campaign';
import { OUTCOMES } from '../contracts/outcomes';
import fc from '../test/support/property';
import { type AttemptEnd, nextAttempt } from './retry';

const policy: RetryPolicy = { maxAttempts: 3, busy: 900_000, noAnswer: 7_200_000, failed: 600_000, voicemail: 86_400_000 };
const end = (over: Partial<AttemptEnd>): AttemptEnd => ({ outcome: 'busy', consumed: true, attempts: 1, policy, now: 1_000, ...over });

const anyEnd = fc.record<AttemptEnd>({
  outcome: fc.constantFrom(...OUTCOMES),
  consumed: fc.boolean(),
  attempts: fc.integer({ min: 0, max: 8 }),
  policy: fc.record<RetryPolicy>({
    maxAttempts: fc.integer({ min: 1, max: 5 }),
    busy: fc.nat(1e7),
    noAnswer: fc.nat(1e7),
    failed: fc.nat(1e7),
    voicemail: fc.oneof(fc.constant(false as const), fc.nat(1e8)),
  }),
  callbackAt: fc.option(fc.nat(1e9), { nil: undefined }),
  retryAfterMs: fc.option(fc.nat(1e7), { nil: undefined }),
  now: fc.nat(1e9),
});

test.each([
  ['busy', 900_000],
  ['no_answer', 7_200_000],
  ['failed', 600_000],
  ['voicemail', 86_400_000],
] as const)('%s is tried again after the wait that the file names', (outcome, wait) => {
  expect(nextAttempt(end({ outcome }))).toMatchObject({ kind: 'retry', at: 1_000 + wait });
});

test.each(['completed', 'transferred', 'opted_out', 'rejected', 'skipped', 'expired', 'invalid_number', 'canceled'] as const)(
  '%s is the end of the contact',
  (outcome) => {
    expect(nextAttempt(end({ outcome }))).toEqual({ kind: 'done', outcome });
  },
);

test('voicemail: false ends the contact with the voicemail', () => {
  expect(nextAttempt(end({ outcome: 'voicemail', policy: { ...policy, voicemail: false } }))).toEqual({
    kind: 'done',
    outcome: 'voicemail',
  });
});

test('a fax machine is not called again; another failure is', () => {
  expect(nextAttempt(end({ outcome: 'failed', answeredBy: 'fax' }))).toEqual({
    kind: 'done',
    outcome: 'failed',
    reason: 'answered by a fax machine',
  });
  expect(nextAttempt(end({ outcome: 'failed', answeredBy: 'human' }))).toMatchObject({ kind: 'retry' });
});

test('after a call screener the wait is that of a voicemail, if there is one and it is the longer', () => {
  const at = (over: Partial<RetryPolicy>) =>
    nextAttempt(end({ outcome: 'no_answer', answeredBy: 'call_screening', policy: { ...policy, ...over } }));
  expect(at({})).toMatchObject({ kind: 'retry', at: 1_000 + 86_400_000 });
  expect(at({ voicemail: false })).toMatchObject({ kind: 'retry', at: 1_000 + 7_200_000 });
});

test('a call back is made at the time that was asked for, and at once when that has passed', () => {
  expect(nextAttempt(end({ outcome: 'callback_requested', callbackAt: 50_000 }))).toMatchObject({ kind: 'retry', at: 50_000 });
  expect(nextAttempt(end({ outcome: 'callback_requested', callbackAt: 10 }))).toMatchObject({ kind: 'retry', at: 1_000 });
});

test('a call back without a time, or without an attempt left, is the outcome', () => {
  expect(nextAttempt(end({ outcome: 'callback_requested' }))).toMatchObject({ kind: 'done', outcome: 'callback_requested' });
  expect(nextAttempt(end({ outcome: 'callback_requested', callbackAt: 50_000, attempts: 3 }))).toMatchObject({
    kind: 'done',
    outcome: 'callback_requested',
  });
});

test('a call that a pause took back is made again, with all attempts left or none', () => {
  expect(nextAttempt(end({ outcome: 'canceled', consumed: false, attempts: 3 }))).toMatchObject({ kind: 'retry', at: 1_000 });
});

test('what the carrier had no room for waits as long as the carrier says, not as long as a busy person', () => {
  expect(nextAttempt(end({ outcome: 'failed', consumed: false, attempts: 3, retryAfterMs: 2_000 }))).toMatchObject({
    kind: 'retry',
    at: 3_000,
  });
});

test('a number that the carrier could not route is tried once more, an hour later, and never a third time', () => {
  expect(nextAttempt(end({ outcome: 'invalid_number', retryAfterMs: 3_600_000 }))).toMatchObject({ kind: 'retry', at: 3_601_000 });
  expect(nextAttempt(end({ outcome: 'invalid_number', retryAfterMs: 3_600_000, attempts: 2 }))).toMatchObject({ kind: 'done' });
});

test('no call that counted is followed by one more than the file allows', () => {
  fc.assert(
    fc.property(anyEnd, (input) => {
      fc.pre(input.consumed && input.attempts >= input.policy.maxAttempts);
      expect(nextAttempt(input).kind).toBe('done');
    }),
  );
});

test('a retry is never in the past, a result never loses the outcome', () => {
  fc.assert(
    fc.property(anyEnd, (input) => {
      const next = nextAttempt(input);
      if (next.kind === 'retry') expect(next.at).toBeGreaterThanOrEqual(input.now);
      else expect(next.outcome).toBe(input.outcome);
    }),
  );
});
