/** What the chaos tests call lost: the ledger of a call held against its record, sentence by sentence. */
import type { ReportCall } from '../../contracts/report';
import type { CallEntry } from '../../lab/ledger';
import { type Allowance, lostWithoutNeed } from './loss';

const UTTERANCES = ['Hi Ada. Does Tuesday suit you?', 'We are open all day. You find us behind the station.'];
const [GREETING, ANSWER] = UTTERANCES as [string, string];

const turn = (role: 'assistant' | 'user', text: string) => ({ role, text });
const record = (...transcript: ReturnType<typeof turn>[]) => ({ transcript }) as unknown as ReportCall;
const stream = (streamSid: string, startedAt: number, endedAt: number) => ({
  ...{ streamSid, url: 'wss://gw/', startedAt, endedAt, customParameters: {}, playedMs: 0, clears: 0 },
});
const heard = (streamSid: string, text: string) => ({ via: 'stream' as const, streamSid, text, startedAt: 0 });
const call = (parts: Pick<CallEntry, 'streams' | 'heard' | 'said'>) => parts as CallEntry;

const lost = (entry: CallEntry, told: ReportCall, allowance: Allowance = 'nothing') => [
  ...lostWithoutNeed(entry, told, { allowed: ({ streamSid }) => (streamSid === 'MZ1' ? allowance : 'nothing'), utterances: UTTERANCES }),
];

describe('of one stream', () => {
  const talk = call({
    streams: [stream('MZ1', 0, 20_000)],
    heard: [heard('MZ1', `${GREETING}${ANSWER}`)],
    said: [
      { text: 'Hello?', at: 100 },
      { text: 'When are you open?', at: 4_000 },
      { text: 'By', at: 19_900 },
    ],
  });
  const whole = [
    turn('assistant', GREETING),
    turn('user', 'Hello?'),
    turn('user', 'When are you open?'),
    turn('assistant', ANSWER),
  ] as const;

  test('all that was heard and said is in the record, but for a word at the very end', () => {
    expect(lost(talk, record(...whole))).toEqual([]);
  });

  test('a letter that was heard as another is the same sentence', () => {
    expect(
      lost({ ...talk, heard: [heard('MZ1', `${GREETING}We are o\uFFFDen all day. You find us behind the station.`)] }, record(...whole)),
    ).toEqual([]);
  });

  test('the last word of one that was cut off is in no record', () => {
    const entry = { ...talk, heard: [heard('MZ1', `Hi Ada. Does Tuesd${ANSWER}`)] };
    expect(lost(entry, record(...whole.slice(1), turn('assistant', 'Hi Ada. Does')))).toEqual([]);
  });

  test('a sentence that stands nowhere is lost', () => {
    expect(lost(talk, record(...whole.slice(0, 3)))).toEqual([expect.stringContaining('Youfindusbehindthestation.')]);
    expect(lost(talk, record(...whole.filter(({ text }) => text !== 'Hello?')))).toEqual([expect.stringContaining('Hello?')]);
  });

  test('where it broke, the last utterance of either side may be lost, and no other', () => {
    expect(lost(talk, record(whole[0], whole[1]), 'the last utterance')).toEqual([]);
    expect(lost(talk, record(whole[1], whole[2]), 'the last utterance')).toEqual([expect.stringContaining('HiAda.')]);
    expect(lost(talk, record(whole[1], whole[2], whole[3]), 'the last utterance')).toEqual([expect.stringContaining('HiAda.')]);
    expect(lost(talk, record(whole[0], whole[3]), 'the last utterance')).toEqual([expect.stringContaining('When are you open?')]);
  });

  test('where nobody was there at first, what was said to nobody may be', () => {
    expect(lost(talk, record(...whole.filter(({ text }) => text !== 'Hello?')), 'what nobody heard')).toEqual([]);
    expect(lost(talk, record(whole[0], whole[1], whole[3]), 'what nobody heard')).toEqual([expect.stringContaining('When are you open?')]);
  });
});

test('what is said between two streams belongs to the one that broke', () => {
  const entry = call({
    streams: [stream('MZ1', 0, 5_000), stream('MZ2', 8_000, 20_000)],
    heard: [heard('MZ1', GREETING), heard('MZ2', ANSWER)],
    said: [{ text: 'Are you there?', at: 6_000 }],
  });
  const told = record(turn('assistant', GREETING), turn('assistant', ANSWER));
  expect(lost(entry, told, 'the last utterance')).toEqual([]);
  expect(lost({ ...entry, said: [{ text: 'Are you there?', at: 9_000 }] }, told, 'the last utterance')).toHaveLength(1);
});
