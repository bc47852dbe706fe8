/** Menus, screeners, fax machines and silence, from the phone network to the report. */
import type { AnsweredBy, Outcome } from '../../contracts/outcomes';
import { compareReportWithLedger } from '../../lab/compare-report';
import { phoneOf, startWorld, type World } from './world';

interface Case {
  persona: string;
  outcome: Outcome;
  answeredBy: AnsweredBy;
  reason?: RegExp;
}

const CASES: (Case & { phone: string })[] = (
  [
    { persona: 'screener-then-person', outcome: 'completed', answeredBy: 'human' },
    { persona: 'screener-declines', outcome: 'no_answer', answeredBy: 'call_screening', reason: /^call_screening: / },
    { persona: 'phone-menu', outcome: 'completed', answeredBy: 'human' },
    { persona: 'phone-menu-loop', outcome: 'no_answer', answeredBy: 'ivr', reason: /^ivr_loop: / },
    { persona: 'fax', outcome: 'failed', answeredBy: 'fax', reason: /fax/ },
    { persona: 'silent', outcome: 'no_answer', answeredBy: 'silence', reason: /^silence: / },
  ] satisfies Case[]
).map((one, index) => ({ ...one, phone: phoneOf(index) }));

// The parts are tested by themselves (session-callee, call-callee): this is all of it together.
(process.env.PATTER_TEST_MATRIX === 'full' ? describe : describe.skip)('from the phone network to the report', () => {
  let world: World;
  let told: Awaited<ReturnType<World['end']>>;

  beforeAll(async () => {
    world = await startWorld({
      people: Object.fromEntries(CASES.map(({ phone, persona }) => [phone, persona])),
      brain: [{ when: 'press 1', call: { tool: 'send_dtmf', args: { digits: '1' } } }],
    });
    const campaign = await world.start(
      {
        name: 'callees',
        dialing: { cps: 20, maxConcurrent: 30, ringTimeout: '4s', answering: { silence: '2s', pressPause: '500ms' } },
      },
      CASES.map(({ phone }) => phone),
    );
    told = await world.end(campaign);
  }, 300_000);
  afterAll(() => world?.stop(), 60_000);

  test.each(CASES)('$persona: $outcome, answered by $answeredBy', ({ phone, outcome, answeredBy, reason }) => {
    const call = told.report.results.find((one) => one.phone === phone)?.calls[0];
    expect({ outcome: call?.outcome, answeredBy: call?.answeredBy }).toEqual({ outcome, answeredBy });
    if (reason) expect(call?.reason).toMatch(reason);
  });

  test('the report agrees with the ledger contact by contact', () => {
    expect(compareReportWithLedger(told.report, told.ledger)).toEqual([]);
  });

  test('the person behind a screener hears the disclosure, and the screener alone who calls', () => {
    const [screened] = CASES;
    const heard =
      told.ledger.calls
        .find(({ to }) => to === screened?.phone)
        ?.heard.map(({ text }) => text)
        .join('') ?? '';
    expect(heard).toMatch(/This is an AI assistant calling\. Your appointment is on Tuesday\..*This is an AI assistant\.Hi Person0/s);
  });
});
