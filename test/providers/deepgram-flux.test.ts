import { sttSchema } from '../../contracts/providers';
import { openSpeechToText } from '../../providers/stt/open-stt';
import type { SpeechToText, SttEvent } from '../../providers/stt/stt';
import { Events, say, VendorLab } from './vendor-lab';

let lab: VendorLab;
const open: SpeechToText[] = [];

beforeAll(async () => {
  lab = await VendorLab.start({ deepgram: { idleMs: 3_000 } });
});
afterAll(() => lab.stop());
afterEach(() => {
  for (const stt of open.splice(0)) stt.close();
  lab.server.reset();
});

function listenTo(spec: object = {}, language = 'en-US'): [SpeechToText, Events<SttEvent>] {
  const stt = openSpeechToText(sttSchema.parse({ provider: 'deepgram', model: 'flux-general-en', ...spec }), { language }, lab.deps());
  open.push(stt);
  return [stt, new Events(stt)];
}

it('tells a turn from its start to its end, with the words on the way', async () => {
  const [stt, events] = listenTo();
  say(stt, 200, 'I would like to move my appointment to Friday.', 800, 'Is that possible?', 800);
  await events.next('end_of_turn', 2);
  const turns = ['I would like to move my appointment to Friday.', 'Is that possible?'];
  expect(events.of('end_of_turn').map(({ text }) => text)).toEqual(turns);
  expect(events.of('final').map(({ text }) => text)).toEqual(turns);
  expect(events.of('speech_started')).toHaveLength(2);
  expect(events.of('interim').length).toBeGreaterThan(0);
  expect(events.of('eager_end_of_turn')).toEqual([]);
});

it('tells an eager end, and takes it back when the caller goes on', async () => {
  const [stt, events] = listenTo({ eagerEotThreshold: 0.4 });
  say(stt, 'Friday at nine.', 300, ' Or rather at ten.', 800);
  await events.next('end_of_turn');
  const story = events.kinds.filter((kind) => ['eager_end_of_turn', 'turn_resumed', 'end_of_turn'].includes(kind));
  expect(story).toEqual(['eager_end_of_turn', 'turn_resumed', 'eager_end_of_turn', 'end_of_turn']);
  expect(events.of('eager_end_of_turn')[0]?.text).toBe('Friday at nine.');
  expect(events.of('end_of_turn')[0]?.text).toBe('Friday at nine. Or rather at ten.');
});

it('waits for the time-out when the words are unfinished', async () => {
  const [stt, events] = listenTo({ eotTimeoutMs: 1_500 });
  say(stt, 'My number is', 1_000);
  await events.next('interim');
  expect(events.of('end_of_turn')).toEqual([]);
  say(stt, 1_000);
  expect((await events.next('end_of_turn')).text).toBe('My number is');
});

it('gives the words so far on finalize, and each word as final once', async () => {
  const [stt, events] = listenTo();
  say(stt, 'My number is one two three, ', 400);
  await events.until(() => events.of('interim').at(-1)?.text.endsWith('three,') ?? false);
  stt.finalize();
  expect(events.of('final').map(({ text }) => text)).toEqual(['My number is one two three,']);
  expect(events.kinds.at(-1)).toBe('finalized');
  say(stt, 'four five six.', 900);
  expect((await events.next('end_of_turn')).text).toBe('My number is one two three, four five six.');
  expect(events.of('final').map(({ text }) => text)).toEqual(['My number is one two three,', 'four five six.']);
});

it('sends silence while no audio flows, because v2 has no KeepAlive', async () => {
  const [stt, events] = listenTo();
  await stt.ready;
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect(events.of('closed')).toEqual([]);
  const entry = lab.deepgram[0];
  expect(entry).toMatchObject({ api: 'v2', keepAlives: 0, errors: [] });
  expect(entry?.audioMs).toBeGreaterThanOrEqual(2_000);
  stt.close();
  // What was sent is what is billed.
  const billed = events.of('usage').flatMap(({ lines }) => lines.map(({ quantity }) => quantity));
  expect(billed[0]).toBeCloseTo((entry?.audioMs ?? 0) / 1_000, 2);
});

it('sets the model up as the agent has it', async () => {
  const [stt] = listenTo(
    { model: 'flux-general-multi', keyterms: ['Acme'], eotThreshold: 0.8, eagerEotThreshold: 0.5, eotTimeoutMs: 3_000 },
    'de-AT',
  );
  await stt.ready;
  expect(lab.deepgram[0]?.query).toEqual({
    model: 'flux-general-multi',
    encoding: 'mulaw',
    sample_rate: '8000',
    eot_threshold: '0.8',
    eager_eot_threshold: '0.5',
    eot_timeout_ms: '3000',
    keyterm: 'Acme',
    language_hint: 'de',
  });
});

it.each([
  ['provider_close', 'Deepgram closed with 1011 NET-0000'],
  ['provider_drop', 'Deepgram closed with 1006'],
] as const)('tells %s once', async (kind, error) => {
  lab.fault({ kind, event: 'deepgram', afterMs: 200 });
  const [stt, events] = listenTo();
  say(stt, 'This is cut in the middle of the sentence.');
  expect((await events.next('closed')).error).toBe(error);
  expect(events.kinds.slice(-2)).toEqual(['usage', 'closed']);
});

it('tells a refusal, and takes unknown messages for none', async () => {
  lab.fault({ kind: 'provider_refuse', event: 'deepgram', status: 429 });
  const [refused] = listenTo();
  await expect(refused.ready).rejects.toMatchObject({ code: 'PATTER_PROVIDER_FAILED', message: expect.stringContaining('429') });
  lab.fault({ kind: 'provider_unknown_event', event: 'deepgram' });
  const [stt, events] = listenTo();
  say(stt, 'Yes', 800);
  expect((await events.next('end_of_turn')).text).toBe('Yes');
});
