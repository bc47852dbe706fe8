import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import type { PersonaInput } from '../../lab/persona';
import { decodeAlaw, encodeAlaw, encodeL16 } from '../../lab/phone/codec';
import { modulate } from '../../lab/voice';
import { BAUD, FROM, speech, TelnyxHarness, TO } from './telnyx-harness';

let harness: TelnyxHarness;
afterEach(() => harness.stop());

/** Silent until hung up on. */
const LISTENER: PersonaInput = { kind: 'human', answerAfterMs: 0, steps: [] };
const TALKER: PersonaInput = { kind: 'human', answerAfterMs: 0, endOfTurnMs: 200, steps: [{ hear: 'appointment', say: 'Größe? Yes.' }] };

test('a stream begins as documented: connected, start, then numbered frames even in silence', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial({ client_state: 'YQ==', stream_auth_token: 'secret' });
  const peer = await harness.peer();
  await harness.until('frames', () => peer.of('media').length >= 3);
  expect(peer.request.url).toBe('/media?token=a');
  expect(peer.request.headers.authorization).toBe('Bearer secret');
  const [connected, start, first, second] = peer.messages;
  expect(connected).toEqual({ event: 'connected', version: '1.0.0' });
  expect(start).toEqual({
    event: 'start',
    sequence_number: '1',
    stream_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    start: {
      user_id: expect.any(String),
      call_control_id: id,
      call_session_id: expect.any(String),
      from: FROM,
      to: TO,
      client_state: 'YQ==',
      media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 },
    },
  });
  expect(first).toMatchObject({
    event: 'media',
    sequence_number: '2',
    stream_id: start?.stream_id,
    media: { track: 'inbound', chunk: '1', timestamp: '20' },
  });
  expect(second).toMatchObject({ sequence_number: '3', media: { chunk: '2', timestamp: '40' } });
  expect(Buffer.from(first?.media?.payload ?? '', 'base64')).toEqual(Buffer.alloc(160, 0xff));
  expect((await harness.webhook('streaming.started', id)).payload).toMatchObject({ stream_url: harness.mediaUrl });
});

test('what the agent says is what the ledger says was heard, and what the person says arrives in the frames', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: TALKER } });
  const id = await harness.dial();
  const peer = await harness.peer();
  peer.audio(speech('Hi Zoë, your appointment is at 10.'));
  await harness.until('the answer', () => peer.heard() === 'Größe? Yes.');
  expect(harness.entry(id).heard).toMatchObject([{ via: 'stream', text: 'Hi Zoë, your appointment is at 10.' }]);
  expect(harness.entry(id).said.map(({ text }) => text)).toEqual(['Größe? Yes.']);
});

test('without bidirectional mode rtp the person hears nothing', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: TALKER } });
  const id = await harness.dial({ stream_bidirectional_mode: undefined });
  const peer = await harness.peer();
  peer.audio(speech('Hi Zoë, your appointment is at 10.'));
  const before = peer.of('media').length;
  await harness.until('two seconds of frames', () => peer.of('media').length > before + 100);
  expect(harness.entry(id).heard.map(({ text }) => text)).toEqual(['']);
  expect(harness.entry(id).errors).toMatchObject([{ code: 100004 }]);
});

test('an A-law leg: its frames are A-law whatever is sent to it', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: TALKER }, telnyx: { codecs: { [TO]: 'PCMA' } } });
  const id = await harness.dial();
  const peer = await harness.peer();
  expect(peer.of('start')[0]?.start?.media_format).toEqual({ encoding: 'PCMA', sample_rate: 8000, channels: 1 });
  peer.audio(speech('Your appointment.'));
  await harness.until('the answer', () => peer.heard('inbound', decodeAlaw) === 'Größe? Yes.');
  expect(harness.entry(id).heard).toMatchObject([{ text: 'Your appointment.' }]);
  // A modem's words survive the wrong law; silence does not: taken for µ-law it is a loud hum.
  const first = Buffer.from(peer.of('media')[0]?.media?.payload ?? '', 'base64');
  expect(decodeAlaw(first).every((sample) => Math.abs(sample) <= 8)).toBe(true);
  expect(decodeMulaw(first).some((sample) => Math.abs(sample) > 500)).toBe(true);
});

test('a stream codec of its own is transcoded to', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: TALKER }, telnyx: { codec: 'PCMA' } });
  await harness.dial({ stream_codec: 'PCMU' });
  const peer = await harness.peer();
  expect(peer.of('start')[0]?.start?.media_format.encoding).toBe('PCMU');
  peer.audio(speech('Your appointment.'));
  await harness.until('the answer', () => peer.heard() === 'Größe? Yes.');
});

test.each([
  ['PCMA', 8000, encodeAlaw],
  ['L16', 8000, encodeL16],
  ['L16', 16000, (samples: Int16Array) => encodeL16(Int16Array.from({ length: 2 * samples.length }, (_, i) => samples[i >> 1] as number))],
] as const)('the agent may speak %s at %i Hz', async (codec, rate, encode) => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial({ stream_bidirectional_codec: codec, stream_bidirectional_sampling_rate: rate });
  const peer = await harness.peer();
  peer.audio(encode(modulate('In your format.', { sampleRate: 8000, baud: BAUD })));
  await harness.until('all of it', () => harness.entry(id).heard[0]?.text === 'In your format.');
});

test('a mark echoes after its audio was played in real time; clear echoes what is pending, and the rest is not heard', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial();
  const peer = await harness.peer();
  const before = peer.of('media').length;
  peer.audio(new Uint8Array(8 * 400).fill(0x10));
  peer.send({ event: 'mark', mark: { name: 'played' } });
  const mark = await harness.until('mark', () => peer.of('mark')[0]);
  expect(mark).toMatchObject({ stream_id: expect.any(String), mark: { name: 'played' }, sequence_number: expect.any(String) });
  const frames = peer.messages.slice(0, peer.messages.indexOf(mark)).filter(({ event }) => event === 'media');
  expect(frames.length - before).toBeGreaterThanOrEqual(20);

  const text = 'A sentence that is far too long to be heard to its end by anybody. '.repeat(6);
  peer.audio(speech(text));
  peer.send({ event: 'mark', mark: { name: 'one' } });
  peer.audio(speech(text));
  peer.send({ event: 'mark', mark: { name: 'two' } });
  await harness.until('the first words', () => (harness.entry(id).heard[0]?.text.length ?? 0) > 10);
  peer.send({ event: 'clear' });
  await harness.until('both marks', () => peer.of('mark').length === 3);
  await harness.client.calls.actions.hangup(id, {});
  expect(harness.entry(id).heard[0]?.text.length).toBeLessThan(text.length);
  expect(harness.entry(id).streams[0]).toMatchObject({ clears: 1, closedBy: 'carrier' });
});

test.each([
  ['no base64', { payload: 'äöü' }],
  ['less than 20 ms', { payload: Buffer.alloc(80).toString('base64') }],
  ['more than 30 s', { payload: Buffer.alloc(8 * 30_001).toString('base64') }],
])('media with %s are answered by an error frame', async (_name, media) => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  await harness.dial();
  const peer = await harness.peer();
  peer.send({ event: 'media', media });
  const error = await harness.until('error', () => peer.of('error')[0]);
  expect(error.payload).toEqual({ code: 100004, title: 'invalid_media', detail: expect.any(String) });
});

test('pressed keys arrive on the stream and as webhooks', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: { ...LISTENER, steps: [{ waitMs: 100, press: '1#' }] } } });
  const id = await harness.dial();
  const peer = await harness.peer();
  await harness.until('two digits', () => peer.of('dtmf').length === 2 && harness.of('call.dtmf.received', id).length === 2);
  expect(peer.of('dtmf').map(({ dtmf }) => dtmf)).toEqual([{ digit: '1' }, { digit: '#' }]);
  expect(harness.of('call.dtmf.received', id).map(({ payload }) => payload.digit)).toEqual(['1', '#']);
});

test('when the person hangs up the stream gets stop, then a close', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: { ...LISTENER, steps: [{ waitMs: 100, hangUp: true }] } } });
  const id = await harness.dial();
  const peer = await harness.peer();
  await harness.until('close', () => peer.closeCode !== undefined);
  expect(peer.messages.at(-1)).toMatchObject({ event: 'stop', stop: { call_control_id: id, user_id: expect.any(String) } });
  expect(peer.closeCode).toBe(1000);
  await harness.webhook('streaming.stopped', id);
});

test('a stream that breaks is reported, the caller stays, and the same call takes another one', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial();
  const first = await harness.peer();
  first.socket.terminate();
  const failed = await harness.webhook('streaming.failed', id);
  expect(failed.payload).toMatchObject({
    stream_id: first.of('start')[0]?.stream_id,
    stream_params: { stream_url: harness.mediaUrl, track: 'inbound_track' },
    failure_reason: 'connection_lost',
  });
  await harness.client.calls.actions.startStreaming(id, {
    ...harness.streaming(),
    custom_parameters: [{ name: 'attempt', value: '2' }],
  });
  const second = await harness.until('a second stream', () => harness.peers.find((peer) => peer !== first && peer.of('start').length > 0));
  expect(second.of('start')[0]?.start).toMatchObject({ call_control_id: id, custom_parameters: { attempt: '2' } });
  second.audio(speech('Here again.'));
  await harness.until('heard', () => harness.entry(id).heard.at(-1)?.text === 'Here again.');
  await expect(harness.client.calls.actions.startStreaming(id, harness.streaming())).rejects.toMatchObject({ status: 422 });
  await harness.client.calls.actions.stopStreaming(id, {});
  await harness.until('stop', () => second.of('stop').length === 1);
  expect(harness.entry(id)).toMatchObject({ streams: [{ closedBy: 'gateway', closeCode: 1006 }, { closedBy: 'carrier' }] });
  expect(harness.entry(id).endedAt).toBeUndefined();
});

test('a stream that the application closes properly is stopped, not failed', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial();
  const peer = await harness.peer();
  peer.socket.close(1000);
  await harness.webhook('streaming.stopped', id);
  expect(harness.of('streaming.failed')).toEqual([]);
  expect(harness.entry(id).endedAt).toBeUndefined();
});

test('a stream that nobody accepts has failed', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial({ stream_url: 'ws://127.0.0.1:1/none' });
  expect((await harness.webhook('streaming.failed', id)).payload.failure_reason).toMatch(/connection_failed/);
  expect(harness.entry(id)).toMatchObject({ streams: [{ closedBy: 'refused' }] });
});

test.each(['at_once', 'on_answer'] as const)('a stream can be there before the phone rings; its start comes %s', async (earlyStart) => {
  harness = await TelnyxHarness.start({
    people: { [TO]: { ...TALKER, answerAfterMs: 300 } },
    telnyx: { earlyStart },
  });
  const id = await harness.dial({ stream_establish_before_call_originate: true });
  const peer = await harness.until('a socket', () => harness.peers[0]);
  await harness.until('connected', () => peer.of('connected').length > 0);
  expect(harness.entry(id).answeredAt).toBeUndefined();
  expect(peer.of('start')).toHaveLength(earlyStart === 'at_once' ? 1 : 0);
  await harness.until('media', () => peer.of('media').length > 0);
  expect(harness.entry(id).answeredAt).toBeDefined();
  expect(peer.of('start')).toHaveLength(1);
  peer.audio(speech('Your appointment.'));
  await harness.until('the answer', () => peer.heard() === 'Größe? Yes.');
});

test('both tracks: what the person says, and what the person hears', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: TALKER } });
  await harness.dial({ stream_track: 'both_tracks' });
  const peer = await harness.peer();
  peer.audio(speech('Your appointment.'));
  await harness.until('both', () => peer.heard('inbound') === 'Größe? Yes.' && peer.heard('outbound') === 'Your appointment.');
});

test('frames out of order: their numbers tell how they belong', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: TALKER }, faults: [{ kind: 'frames_reordered' }] });
  await harness.dial();
  const peer = await harness.peer();
  peer.audio(speech('Your appointment.'));
  const inOrder = () => [...peer.of('media')].sort((a, b) => Number(a.media?.chunk) - Number(b.media?.chunk));
  await harness.until('a reply', () => {
    const sorted = Object.assign(Object.create(peer), { of: () => inOrder() });
    return sorted.heard() === 'Größe? Yes.';
  });
  const chunks = peer.of('media').map(({ media }) => Number(media?.chunk));
  expect(chunks.slice(0, 6)).toEqual([1, 2, 3, 5, 4, 6]);
  expect(peer.heard()).not.toBe('Größe? Yes.');
});

test('a stream can be cut without a stop', async () => {
  harness = await TelnyxHarness.start({
    people: { [TO]: { ...LISTENER, steps: [{ waitMs: 100, hangUp: true }] } },
    faults: [{ kind: 'stream_closed_without_stop' }],
  });
  await harness.dial();
  const peer = await harness.peer();
  await harness.until('close', () => peer.closeCode !== undefined);
  expect(peer.of('stop')).toEqual([]);
  expect(peer.closeCode).toBe(1006);
});

test('longest silence counts a gap between two streams', async () => {
  harness = await TelnyxHarness.start({ people: { [TO]: LISTENER } });
  const id = await harness.dial();
  const first = await harness.peer();
  first.socket.terminate();
  await harness.webhook('streaming.failed', id);
  await harness.client.calls.actions.startStreaming(id, harness.streaming());
  const second = await harness.until('a second stream', () => harness.peers.find((peer) => peer !== first && peer.of('start').length > 0));
  second.audio(new Uint8Array(320).fill(encodeMulaw(Int16Array.of(9000))[0] as number));
  await harness.until('silence is known', () => harness.entry(id).longestSilenceMs > 0);
});
