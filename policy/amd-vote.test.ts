import { ANSWERED_BY } from '../contracts/outcomes';
import fc from '../test/support/property';
import { type AmdEvidence, voteAmd } from './amd-vote';

const anyEvidence = fc.record<AmdEvidence>({
  carrier: fc.option(
    fc.record({ answeredBy: fc.constantFrom(...ANSWERED_BY), messageEnd: fc.boolean(), late: fc.constantFrom(undefined, true) }),
    { nil: undefined },
  ),
  transcript: fc.option(fc.constantFrom('human' as const, 'machine' as const, 'ivr' as const, 'call_screening' as const), {
    nil: undefined,
  }),
  beep: fc.option(fc.boolean(), { nil: undefined }),
  faxTone: fc.option(fc.boolean(), { nil: undefined }),
  silence: fc.option(fc.boolean(), { nil: undefined }),
  longSpeech: fc.option(fc.boolean(), { nil: undefined }),
  behindMachine: fc.option(fc.boolean(), { nil: undefined }),
  hasMessage: fc.boolean(),
});
/** Words of a menu or a screener, and a fax machine's tone, leave nothing to a vote. */
const plain = ({ faxTone, transcript }: AmdEvidence) => !faxTone && transcript !== 'ivr' && transcript !== 'call_screening';
const greetingOver = (evidence: AmdEvidence) =>
  evidence.beep === true ||
  (!evidence.behindMachine && evidence.carrier?.answeredBy === 'machine' && evidence.carrier.messageEnd && !evidence.carrier.late);

test('unknown never hangs up on a person', () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      const vote = voteAmd(evidence);
      if (['unknown', 'human', 'silence'].includes(vote.answeredBy)) expect(vote.action).toBe('talk');
      if (vote.action === 'hang_up') expect(['machine', 'fax']).toContain(vote.answeredBy);
    }),
  );
});

test("a person's words beat every guess of the carrier", () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      fc.pre(!greetingOver(evidence) && !evidence.faxTone);
      expect(voteAmd({ ...evidence, transcript: 'human' })).toEqual({ answeredBy: 'human', action: 'talk' });
    }),
  );
});

test('a beep or the end of a greeting beats what sounded like a person', () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      fc.pre(plain(evidence));
      const action = evidence.hasMessage ? 'leave_message' : 'hang_up';
      expect(voteAmd({ ...evidence, beep: true })).toEqual({ answeredBy: 'machine', action });
      expect(voteAmd({ ...evidence, behindMachine: false, carrier: { answeredBy: 'machine', messageEnd: true } })).toEqual({
        answeredBy: 'machine',
        action,
      });
    }),
  );
});

test('no message is left before the greeting is over', () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      if (voteAmd(evidence).action === 'leave_message') expect(greetingOver(evidence)).toBe(true);
    }),
  );
});

test('the first guess of the carrier alone hangs up on nobody', () => {
  const guess = { answeredBy: 'machine', messageEnd: false } as const;
  expect(voteAmd({ carrier: guess, hasMessage: false }).action).toBe('wait_for_end');
  expect(voteAmd({ carrier: guess, hasMessage: false, longSpeech: true }).action).toBe('hang_up');
});

test('somebody who talks on and on is not a machine for that', () => {
  expect(voteAmd({ longSpeech: true, hasMessage: true })).toEqual({ answeredBy: 'unknown', action: 'talk' });
});

test('a greeting in words is waited out when there is a message to leave', () => {
  expect(voteAmd({ carrier: { answeredBy: 'human', messageEnd: false }, transcript: 'machine', hasMessage: true }).action).toBe(
    'wait_for_end',
  );
});

test("a menu's or a screener's words beat the carrier, which takes them for a mailbox, and a screener's own tone", () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      fc.pre(!evidence.faxTone);
      expect(voteAmd({ ...evidence, transcript: 'ivr' })).toEqual({ answeredBy: 'ivr', action: 'navigate' });
      expect(voteAmd({ ...evidence, transcript: 'call_screening' })).toEqual({ answeredBy: 'call_screening', action: 'introduce' });
    }),
  );
});

test('only a fax machine makes its tone: whatever else is believed, it is hung up on', () => {
  fc.assert(
    fc.property(
      anyEvidence,
      (evidence) => void expect(voteAmd({ ...evidence, faxTone: true })).toEqual({ answeredBy: 'fax', action: 'hang_up' }),
    ),
  );
});

test("silence is recorded where nothing but a carrier's guess speaks against it, and is talked to", () => {
  const guess = (answeredBy: 'human' | 'unknown' | 'machine') => ({ answeredBy, messageEnd: false });
  expect(voteAmd({ silence: true, hasMessage: true })).toEqual({ answeredBy: 'silence', action: 'talk' });
  expect(voteAmd({ carrier: guess('human'), silence: true, hasMessage: true })).toEqual({ answeredBy: 'silence', action: 'talk' });
  expect(voteAmd({ carrier: guess('machine'), silence: true, hasMessage: true })).toEqual({
    answeredBy: 'machine',
    action: 'wait_for_end',
  });
  expect(voteAmd({ transcript: 'human', silence: true, hasMessage: true })).toEqual({ answeredBy: 'human', action: 'talk' });
});

test('what the carrier heard of a menu or a screener says nothing of the person who comes after it', () => {
  const carrier = { answeredBy: 'machine', messageEnd: true } as const;
  expect(voteAmd({ carrier, behindMachine: true, transcript: 'human', hasMessage: true })).toEqual({ answeredBy: 'human', action: 'talk' });
});

test('a verdict that was asked for late says who answered, and hangs up on nobody by itself', () => {
  fc.assert(
    fc.property(anyEvidence, fc.boolean(), (evidence, messageEnd) => {
      fc.pre(!evidence.behindMachine && !evidence.beep && !evidence.faxTone && evidence.transcript === undefined);
      for (const answeredBy of ['machine', 'fax'] as const) {
        const vote = voteAmd({ ...evidence, carrier: { answeredBy, messageEnd, late: true } });
        expect(vote.answeredBy).toBe(answeredBy);
        expect(['talk', 'wait_for_end']).toContain(vote.action);
      }
    }),
  );
});
