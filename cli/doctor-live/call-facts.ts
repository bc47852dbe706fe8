/** What is believed of Twilio's calls: callbacks, their order and fields, the machine detection, and errors. */
import { allOf, asExpected, callbacksOf, different, type Fact, isDigits, isSid, notObserved, ofKind } from './fact';
import { AMD_TIMEOUT_REFUSED, AMD_TIMEOUTS_S } from './probe-call';

const PROGRESS = ['initiated', 'ringing', 'in-progress', 'completed'];
const ANSWERED_BY = ['human', 'machine_end_beep', 'machine_end_silence', 'machine_end_other', 'fax', 'unknown'];
const STATUS_FIELDS = [
  ...['CallSid', 'AccountSid', 'From', 'To', 'Direction', 'ApiVersion', 'CallStatus'],
  ...['Timestamp', 'CallbackSource', 'SequenceNumber'],
];
const RFC_2822 = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}$/;
const [BELOW_S, ABOVE_S, HIGHEST_S] = AMD_TIMEOUTS_S;

export function callFacts(): Fact[] {
  return [
    {
      fact: 'callback.signature',
      expected: 'every callback is signed for the public URL',
      judge(recorded) {
        const callbacks = ofKind(recorded, 'callback');
        if (callbacks.length === 0) return notObserved('no callback came');
        const wrong = callbacks.filter(({ signed }) => !signed).map(({ callback }) => callback);
        return wrong.length === 0
          ? asExpected(`${callbacks.length} of ${callbacks.length}`)
          : different(`${wrong.length} of ${callbacks.length} are not: ${[...new Set(wrong)].join(', ')}`);
      },
    },
    {
      fact: 'status.sequence',
      expected: `SequenceNumber counts ${PROGRESS.join(', ')} from 0`,
      judge(recorded) {
        const numbered = callbacksOf(recorded, 'status').map(({ params }) => `${params.SequenceNumber}:${params.CallStatus}`);
        if (numbered.length === 0) return notObserved('no status callback came');
        const once = [...new Set(numbered)].sort();
        const right = PROGRESS.map((status, i) => `${i}:${status}`);
        if (!once.some((one) => one.endsWith(':in-progress'))) return notObserved(`the call was not answered: ${once.join(', ')}`);
        return once.join() === right.join() ? asExpected(once.join(', ')) : different(once.join(', '));
      },
    },
    {
      fact: 'status.arrival',
      expected: 'status callbacks arrive once each and in order (the product relies on neither)',
      judge(recorded) {
        const arrived = callbacksOf(recorded, 'status').map(({ params }) => Number(params.SequenceNumber));
        if (arrived.length < 2) return notObserved('fewer than two status callbacks came');
        const inOrder = arrived.every((number, i) => i === 0 || number > arrived[i - 1]!);
        return inOrder ? asExpected(arrived.join(', ')) : different(`arrived as ${arrived.join(', ')}`);
      },
    },
    {
      fact: 'status.fields',
      expected: 'status callbacks carry the known fields, Timestamp in RFC 2822; the last one CallDuration',
      judge(recorded) {
        const statuses = callbacksOf(recorded, 'status').map(({ params }) => params);
        const last = statuses.find(({ CallStatus }) => CallStatus === 'completed') ?? statuses.at(-1);
        if (!last) return notObserved('no status callback came');
        const missing = STATUS_FIELDS.filter((name) => statuses.some((params) => params[name] === undefined));
        return allOf(
          {
            [`each has ${missing.join(', ') || 'all fields'}`]: missing.length === 0,
            'Timestamp in RFC 2822': statuses.every(({ Timestamp = '' }) => RFC_2822.test(Timestamp)),
            'CallbackSource is call-progress-events': statuses.every(({ CallbackSource }) => CallbackSource === 'call-progress-events'),
            'CallDuration in digits': last.CallStatus !== 'completed' || isDigits(last.CallDuration),
          },
          Object.fromEntries(Object.entries(last).filter(([name]) => !/^(From|To|Caller|Called)/.test(name))),
        );
      },
    },
    {
      fact: 'amd.callback',
      expected: 'the machine detection tells CallSid, AccountSid, AnsweredBy and MachineDetectionDuration, once',
      judge(recorded) {
        const verdicts = callbacksOf(recorded, 'amd').map(({ params }) => params);
        const [first] = verdicts;
        if (!first) return notObserved('no verdict came while the call lasted');
        return allOf(
          {
            'CallSid and AccountSid': isSid(first.CallSid, 'CA') && isSid(first.AccountSid, 'AC'),
            [`AnsweredBy is one of ${ANSWERED_BY.join(', ')}`]: ANSWERED_BY.includes(first.AnsweredBy ?? ''),
            'MachineDetectionDuration in digits': isDigits(first.MachineDetectionDuration),
            'told once': verdicts.length === 1,
          },
          first,
        );
      },
    },
    {
      fact: 'amd.timeout-range',
      expected: `MachineDetectionTimeout: ${BELOW_S} and ${ABOVE_S} are refused with ${AMD_TIMEOUT_REFUSED}, ${HIGHEST_S} is accepted`,
      judge(recorded) {
        const creations = ofKind(recorded, 'request').filter(({ request }) => request === 'create');
        if (creations.length === 0) return notObserved('no call was created');
        const seen = creations
          .map(({ machineDetectionTimeoutS, result }) => {
            return `${machineDetectionTimeoutS} ${result.kind === 'accepted' ? 'accepted' : `refused with ${result.code}`}`;
          })
          .join(', ');
        const right = `${BELOW_S} refused with ${AMD_TIMEOUT_REFUSED}, ${ABOVE_S} refused with ${AMD_TIMEOUT_REFUSED}, ${HIGHEST_S} accepted`;
        return seen === right ? asExpected(seen) : different(seen);
      },
    },
    {
      fact: 'call.end-again',
      expected: 'ending a call that has ended is refused with 20404 or 21220',
      judge(recorded) {
        const again = ofKind(recorded, 'request').find(({ request }) => request === 'end_again');
        if (!again) return notObserved('it was not tried');
        const { result } = again;
        if (result.kind === 'accepted') return different('it was accepted');
        const seen = `refused with ${result.code} (HTTP ${result.httpStatus})`;
        return result.code === 20_404 || result.code === 21_220 ? asExpected(seen) : different(seen);
      },
    },
  ];
}
