import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../contracts/clock';
import { systemClock } from '../../contracts/clock';
import type { SttSpec } from '../../contracts/providers';
import { sttSchema } from '../../contracts/providers';
import { openSpeechToText } from '../../providers/stt/open-stt';
import type { SpeechToText, SttEvent } from '../../providers/stt/stt';
import { Events, say, VendorLab } from './vendor-lab';

let lab: VendorLab;
const open: SpeechToText[] = [];

beforeAll(async () => {
  lab = await VendorLab.start({ deepgram: { idleMs: 2_500 } });
});
afterAll(() => lab.stop());
afterEach(() => {
  for (const stt of open.splice(0)) stt.close();
  lab.server.reset();
});

function listenTo(spec: Partial<Extract<SttSpec, { provider: 'deepgram' }>> = {}, deps = lab.deps()): [SpeechToText, Events<SttEvent>] {
  const stt = openSpeechToText(sttSchema.parse({ provider: 'deepgram', ...spec }), { language: 'en-US' }, deps);
  open.push(stt);
  return [stt, new Events(stt)];
}

/** A clock whose waits are so many times shorter. */
const fast = (times: number): Clock => ({
  ...systemClock,
  after: (ms, fn) => systemClock.after(ms / times, fn),
  monotonic: () => systemClock.monotonic() * times,
});

describe('a turn', () => {
  it('is heard word by word, and ends once although two messages end it', async () => {
    const [stt, events] = listenTo();
    say(stt, 200, 'I would like to move my appointment to Friday.', 1_500, 'Is that possible?', 1_500);
    await events.next('end_of_turn', 2);
    // Both of the first turn's ends have passed.
    expect(events.of('end_of_turn').map(({ text }) => text)).toEqual([
      'I would like to move my appointment to Friday.',
      'Is that possible?',
    ]);
    expect(events.of('final').map(({ text }) => text)).toEqual(['I would like to move my appointment to Friday.', 'Is that possible?']);
    expect(events.of('interim').length).toBeGreaterThan(0);
    expect(events.kinds.indexOf('speech_started')).toBeLessThan(events.kinds.indexOf('interim'));
  });

  it('of several final segments is all of them', async () => {
    const [stt, events] = listenTo({ endpointingMs: 300 });
    await stt.ready;
    const long = Array.from({ length: 130 }, (_, i) => `word${i}`).join(' ');
    say(stt, long, 1_000);
    const { text } = await events.next('end_of_turn');
    expect(text).toBe(long);
    expect(events.of('final').length).toBeGreaterThan(1);
  });

  it('ends with its last words when these become final after the end of the utterance', async () => {
    lab.fault({ kind: 'stt_late', event: 'deepgram', delayMs: 300 });
    const [stt, events] = listenTo();
    // Slowly enough that an interim result comes first.
    say(stt, 'Please call me back tomorrow at nine in the morning.', 1_500);
    expect((await events.next('end_of_turn')).text).toBe('Please call me back tomorrow at nine in the morning.');
    expect(events.of('end_of_turn')).toHaveLength(1);
  });

  it('ends with its last words when nothing but the gap between words ends it', async () => {
    // Noise on the line: silence never gets as long as endpointing wants, so the words are not final when the utterance is over.
    const [stt, events] = listenTo({ endpointingMs: 5_000 });
    say(stt, 'Please call me back tomorrow at nine in the morning.', 1_500);
    expect((await events.next('end_of_turn')).text).toBe('Please call me back tomorrow at nine in the morning.');
    expect(lab.deepgram[0]).toMatchObject({ finalizes: 1 });
  });

  it.each(['Yes', 'No.', 'okay', 'uh'])('peer defect 12: "%s" is a turn like any other', async (word) => {
    const [stt, events] = listenTo();
    say(stt, 100, word, 1_500);
    expect((await events.next('end_of_turn')).text).toBe(word);
    expect(events.of('final')).toEqual([{ kind: 'final', text: word }]);
  });

  it('is not made of silence', async () => {
    const [stt, events] = listenTo();
    say(stt, 7_000, 'Hello.', 1_500);
    await events.next('end_of_turn');
    expect(events.of('final')).toEqual([{ kind: 'final', text: 'Hello.' }]);
  });
});

describe('the end of an utterance, message by message', () => {
  let vendor: WebSocketServer;
  beforeEach(async () => {
    vendor = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(vendor, 'listening');
  });
  afterEach(async () => {
    for (const stt of open.splice(0)) stt.close();
    for (const client of vendor.clients) client.terminate();
    await new Promise((resolve) => vendor.close(resolve));
  });

  it('whose last words come to nothing leaves the next turn alone', async () => {
    const connected = once(vendor, 'connection') as Promise<[WebSocket]>;
    const { port } = vendor.address() as AddressInfo;
    const [stt, events] = listenTo({}, lab.deps({ config: { ...lab.config, DEEPGRAM_BASE_URL: `http://127.0.0.1:${port}` } }));
    await stt.ready;
    const [socket] = await connected;
    const result = (transcript: string, more: object) =>
      socket.send(
        JSON.stringify({ type: 'Results', channel: { alternatives: [{ transcript }] }, is_final: true, speech_final: false, ...more }),
      );
    // Noise that was taken for a word for a moment.
    result('uh', { is_final: false });
    const asked = once(socket, 'message');
    socket.send(JSON.stringify({ type: 'UtteranceEnd', channel: [0], last_word_end: 1 }));
    expect(String((await asked)[0])).toContain('Finalize');
    result('', { from_finalize: true });
    // The next turn has two final segments, and nothing is told of its beginning.
    result('I would like to', {});
    result('come on Friday.', { speech_final: true });
    expect((await events.next('end_of_turn')).text).toBe('I would like to come on Friday.');
    expect(events.of('end_of_turn')).toHaveLength(1);
  });
});

describe('finalize', () => {
  it('brings the words at once, and says that they are all', async () => {
    const [stt, events] = listenTo();
    await stt.ready;
    say(stt, 'My number is', 40);
    stt.finalize();
    await events.next('finalized');
    expect(events.of('final')).toEqual([{ kind: 'final', text: 'My number is' }]);
    expect(lab.deepgram[0]).toMatchObject({ finalizes: 1 });
  });
});

describe('the socket', () => {
  it('asks for µ-law as it comes, with keyterms, and reports what it used', async () => {
    const [stt, events] = listenTo({ keyterms: ['Acme Dental', 'Zahnreinigung'], endpointingMs: 250 });
    say(stt, 'Hello.', 1_500);
    await events.next('end_of_turn');
    stt.close();
    expect(lab.deepgram[0]?.query).toEqual({
      model: 'nova-3',
      language: 'en-US',
      encoding: 'mulaw',
      sample_rate: '8000',
      channels: '1',
      interim_results: 'true',
      endpointing: '250',
      utterance_end_ms: '1000',
      vad_events: 'true',
      smart_format: 'true',
      keyterm: ['Acme Dental', 'Zahnreinigung'],
    });
    const seconds = events.of('usage').flatMap(({ lines }) => lines);
    expect(seconds).toEqual([
      { provider: 'deepgram', service: 'transcription', item: 'nova-3', unit: 'second', quantity: expect.any(Number) },
    ]);
    expect(seconds[0]?.quantity).toBeCloseTo((lab.deepgram[0]?.audioMs ?? 0) / 1_000, 2);
  });

  it('is kept alive while no audio flows', async () => {
    // Every 4 s of a clock that is 40 times as fast; the lab hangs up after a second.
    const [stt, events] = listenTo({}, lab.deps({ clock: fast(40) }));
    await stt.ready;
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(lab.deepgram[0]?.keepAlives).toBeGreaterThan(3);
    say(stt, 'Still there?', 1_500);
    expect((await events.next('end_of_turn')).text).toBe('Still there?');
    expect(events.of('closed')).toEqual([]);
  });

  it('tells NET-0001 as the reason, once', async () => {
    const [stt, events] = listenTo();
    await stt.ready;
    expect((await events.next('closed')).error).toBe('Deepgram closed with 1011 NET-0001');
    stt.close();
    expect(events.of('closed')).toHaveLength(1);
  });

  it.each([
    ['provider_close', 'Deepgram closed with 1011 NET-0000'],
    ['provider_drop', 'Deepgram closed with 1006'],
  ] as const)('tells %s, and what was used until then', async (kind, error) => {
    lab.fault({ kind, event: 'deepgram', afterMs: 200 });
    const [stt, events] = listenTo();
    say(stt, 'This is cut in the middle of the sentence.');
    expect((await events.next('closed')).error).toBe(error);
    expect(events.kinds.slice(-2)).toEqual(['usage', 'closed']);
    expect(lab.deepgram).toHaveLength(1);
  });

  it.each([429, 503])('tells a handshake that was refused with %d, and does not try again', async (status) => {
    lab.fault({ kind: 'provider_refuse', event: 'deepgram', status });
    const [stt, events] = listenTo();
    await expect(stt.ready).rejects.toMatchObject({ code: 'PATTER_PROVIDER_FAILED', message: expect.stringContaining(String(status)) });
    expect((await events.next('closed')).error).toContain(`refused the socket with ${status}`);
    expect(lab.deepgram).toHaveLength(1);
  });

  it('names the variable when there is no key', async () => {
    const [stt] = listenTo({}, lab.deps({ config: { ...lab.config, DEEPGRAM_API_KEY: undefined } }));
    await expect(stt.ready).rejects.toMatchObject({
      code: 'PATTER_CREDENTIAL_MISSING',
      message: expect.stringContaining('DEEPGRAM_API_KEY'),
    });
  });

  it('takes a message of a kind that it does not know for none', async () => {
    lab.fault({ kind: 'provider_unknown_event', event: 'deepgram' });
    const [stt, events] = listenTo();
    say(stt, 'Hello.', 1_500);
    expect((await events.next('end_of_turn')).text).toBe('Hello.');
  });

  it('says nothing after close, whenever that is', async () => {
    const [early, earlyEvents] = listenTo();
    early.close();
    await expect(early.ready).rejects.toMatchObject({ code: 'PATTER_PROVIDER_FAILED' });
    const [late, lateEvents] = listenTo();
    await late.ready;
    say(late, 'Words on their way', 400);
    late.close();
    const told = lateEvents.all.length;
    const [after, afterEvents] = listenTo();
    say(after, 'Next.', 1_500);
    await afterEvents.next('end_of_turn');
    expect(earlyEvents.all).toEqual([]);
    expect(lateEvents.all).toHaveLength(told);
  });
});

it('peer defect 7: concurrent calls hear their own words only, and the end of one is not the end of another', async () => {
  const calls = Array.from({ length: 6 }, () => listenTo());
  for (const [i, [stt]] of calls.entries()) say(stt, `Caller ${i} wants room ${100 + i}.`, 1_500);
  await Promise.all(calls.map(([, events]) => events.next('end_of_turn')));
  calls[0]?.[0].close();
  for (const [i, [stt]] of calls.entries()) if (i > 0) say(stt, `And ${i} more nights.`, 1_500);
  await Promise.all(calls.slice(1).map(([, events]) => events.next('end_of_turn', 2)));
  for (const [i, [, events]] of calls.entries()) {
    const expected = [`Caller ${i} wants room ${100 + i}.`, ...(i > 0 ? [`And ${i} more nights.`] : [])];
    expect(events.of('end_of_turn').map(({ text }) => text)).toEqual(expected);
    expect(events.of('closed')).toEqual([]);
  }
});
