import { decodeMulaw, encodeMulaw } from '../../contracts/g711';
import type { PersonaInput } from '../../lab/persona';
import { Demodulator, modulate } from '../../lab/voice';
import { BAUD, Harness, type MediaPeer, TO } from './harness';

let harness: Harness;
afterEach(() => harness.stop());

const speech = (text: string) => encodeMulaw(modulate(text, { sampleRate: 8000, baud: BAUD }));

/** Silent until hung up on. */
const LISTENER: PersonaInput = { kind: 'human', answerAfterMs: 0, steps: [] };

async function startStream(): Promise<MediaPeer> {
  return harness.until('start', () => harness.peers.find((peer) => peer.of('start').length > 0));
}

function heardBy(peer: MediaPeer): string {
  let text = '';
  const demodulator = new Demodulator({ sampleRate: 8000, baud: BAUD }, { text: (fragment) => (text += fragment) });
  for (const { media } of peer.of('media')) demodulator.push(decodeMulaw(Buffer.from(media?.payload ?? '', 'base64')));
  return text;
}

test('a stream begins as documented: connected, start, then numbered frames even in silence', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  const call = await harness.create();
  const peer = await startStream();
  await harness.until('frames', () => peer.of('media').length >= 3);
  expect(peer.validSignature).toBe(true);
  expect(peer.request.url).toBe('/media');
  const [connected, start, first, second] = peer.messages;
  expect(connected).toEqual({ event: 'connected', protocol: 'Call', version: '1.0.0' });
  expect(start).toEqual({
    event: 'start',
    sequenceNumber: '1',
    streamSid: expect.stringMatching(/^MZ[0-9a-f]{32}$/),
    start: {
      accountSid: expect.stringMatching(/^AC/),
      streamSid: start?.streamSid,
      callSid: call.sid,
      tracks: ['inbound'],
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
      customParameters: { token: 'a&b' },
    },
  });
  expect(first).toMatchObject({ event: 'media', sequenceNumber: '2', media: { track: 'inbound', chunk: '1', timestamp: '20' } });
  expect(second).toMatchObject({ sequenceNumber: '3', media: { chunk: '2', timestamp: '40' } });
  expect(Buffer.from(first?.media?.payload ?? '', 'base64')).toEqual(Buffer.alloc(160, 0xff));
  const [started] = await harness.until('stream-started', () => harness.at('/stream').length > 0 && harness.at('/stream'));
  expect(started).toMatchObject({
    validSignature: true,
    params: { StreamEvent: 'stream-started', StreamSid: start?.streamSid, StreamName: 'main', CallSid: call.sid },
  });
});

test('what the agent says is what the ledger says was heard, and what the person says arrives in the frames', async () => {
  harness = await Harness.start({
    people: { [TO]: { kind: 'human', answerAfterMs: 0, endOfTurnMs: 200, steps: [{ hear: 'appointment', say: 'Größe? Yes.' }] } },
  });
  const call = await harness.create();
  const peer = await startStream();
  peer.sendAudio(speech('Hi Zoë, your appointment is at 10.'));
  await harness.until('the answer', () => heardBy(peer) === 'Größe? Yes.');
  expect(harness.entry(call.sid).heard).toMatchObject([
    { via: 'stream', streamSid: peer.streamSid, text: 'Hi Zoë, your appointment is at 10.' },
  ]);
  expect(harness.entry(call.sid).said.map(({ text }) => text)).toEqual(['Größe? Yes.']);
});

test('a mark echoes after its audio was played in real time, and not before', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  await harness.create();
  const peer = await startStream();
  const framesBefore = peer.of('media').length;
  peer.sendAudio(new Uint8Array(8 * 400).fill(0x10));
  peer.send('mark', { mark: { name: 'end' } });
  const mark = await harness.until('mark', () => peer.of('mark')[0]);
  expect(mark).toMatchObject({ streamSid: peer.streamSid, mark: { name: 'end' }, sequenceNumber: expect.any(String) });
  // Twenty frames of audio: the clock of the inbound track has moved as far.
  expect(
    peer.messages.slice(0, peer.messages.indexOf(mark)).filter(({ event }) => event === 'media').length - framesBefore,
  ).toBeGreaterThanOrEqual(20);
});

test('clear echoes all pending marks at once, and the person hears no more of it', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  const call = await harness.create();
  const peer = await startStream();
  const text = 'A sentence that is far too long to be heard to its end by anybody. '.repeat(6);
  peer.sendAudio(speech(text));
  peer.send('mark', { mark: { name: 'one' } });
  peer.sendAudio(speech(text));
  peer.send('mark', { mark: { name: 'two' } });
  await harness.until('the first words', () => harness.entry(call.sid).heard[0]!.text.length > 10);
  peer.send('clear');
  await harness.until('both marks', () => peer.of('mark').length === 2);
  expect(peer.of('mark').map(({ mark }) => mark?.name)).toEqual(['one', 'two']);
  await harness.client.calls(call.sid).update({ status: 'completed' });
  const [segment] = harness.entry(call.sid).heard;
  expect(text.startsWith(segment!.text.replace('\uFFFD', ''))).toBe(true);
  expect(segment!.text.length).toBeLessThan(text.length);
  expect(harness.entry(call.sid).streams[0]).toMatchObject({ clears: 1, closedBy: 'carrier' });
});

test('pressed keys arrive as dtmf messages', async () => {
  harness = await Harness.start({ people: { [TO]: { kind: 'human', answerAfterMs: 0, steps: [{ waitMs: 200, press: '1#' }] } } });
  const call = await harness.create();
  const peer = await startStream();
  await harness.until('two digits', () => peer.of('dtmf').length === 2);
  expect(peer.of('dtmf').map(({ dtmf }) => dtmf)).toEqual([
    { track: 'inbound_track', digit: '1' },
    { track: 'inbound_track', digit: '#' },
  ]);
  expect(harness.entry(call.sid).dtmfPressed).toBe('1#');
});

test('when the person hangs up the stream gets stop, then a close, and the call is completed', async () => {
  harness = await Harness.start({ people: { [TO]: { kind: 'human', answerAfterMs: 0, steps: [{ waitMs: 200, hangUp: true }] } } });
  const call = await harness.create();
  const peer = await startStream();
  await harness.until('close', () => peer.closeCode !== undefined);
  expect(peer.messages.at(-1)).toMatchObject({ event: 'stop', streamSid: peer.streamSid, stop: { callSid: call.sid } });
  expect(peer.closeCode).toBe(1000);
  await harness.until('completed', () => harness.statuses().includes('completed'));
  await harness.until('stream-stopped', () => harness.at('/stream').some(({ params }) => params.StreamEvent === 'stream-stopped'));
  expect(harness.entry(call.sid)).toMatchObject({ endedBy: 'callee' });
});

test('when the media server closes the socket the call goes on with the next verb', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  harness.pages.set('/continue', () => harness.streamTwiml());
  const call = await harness.create({ twiml: harness.streamTwiml(`<Redirect>${harness.customerUrl}/continue</Redirect>`) });
  const peer = await startStream();
  peer.socket.close(1000);
  const second = await harness.until('a second stream', () =>
    harness.peers.find((other) => other !== peer && other.of('start').length > 0),
  );
  expect(harness.at('/continue')).toMatchObject([{ validSignature: true, params: { CallSid: call.sid, CallStatus: 'in-progress' } }]);
  expect(second.streamSid).not.toBe(peer.streamSid);
  expect(second.of('start')[0]?.start?.callSid).toBe(call.sid);
  expect(harness.entry(call.sid).streams).toMatchObject([{ closedBy: 'gateway', closeCode: 1000 }, { startedAt: expect.any(Number) }]);
  // Between the two nobody spoke; the silence is counted across them.
  await harness.until('frames', () => second.of('media').length >= 3);
  await harness.client.calls(call.sid).update({ status: 'completed' });
  expect(harness.entry(call.sid).longestSilenceMs).toBeGreaterThan(0);
});

test.each([
  ['continue', 1],
  ['hold', 0],
] as const)('a broken socket: the carrier can be told to %s', async (onAbnormalClose, redirects) => {
  harness = await Harness.start({ people: { [TO]: LISTENER }, network: { ringAfterMs: 20, onAbnormalClose } });
  harness.pages.set('/continue', '<Response><Hangup/></Response>');
  const call = await harness.create({ twiml: harness.streamTwiml(`<Redirect>${harness.customerUrl}/continue</Redirect>`) });
  const peer = await startStream();
  peer.socket.terminate();
  await harness.until('stream-error', () => harness.at('/stream').some(({ params }) => params.StreamEvent === 'stream-error'));
  // An update comes through in both cases; where the carrier went on by itself the call has ended.
  if (onAbnormalClose === 'hold') await harness.client.calls(call.sid).update({ twiml: '<Response><Hangup/></Response>' });
  await harness.until('completed', () => harness.statuses().includes('completed'));
  expect(harness.at('/continue')).toHaveLength(redirects);
  expect(harness.entry(call.sid).errors).toMatchObject([{ code: 31921 }]);
});

test('an update puts other TwiML in the place of the stream', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  const call = await harness.create();
  const peer = await startStream();
  await harness.client.calls(call.sid).update({ twiml: '<Response><Say>Please hold.</Say><Hangup/></Response>' });
  await harness.until('completed', () => harness.statuses().includes('completed'));
  expect(peer.messages.at(-1)?.event).toBe('stop');
  expect(harness.entry(call.sid).heard).toMatchObject([
    { via: 'stream', text: '' },
    { via: 'say', text: 'Please hold.' },
  ]);
});

test('a stream that nobody accepts is an error, and the next verb follows', async () => {
  harness = await Harness.start({ people: { [TO]: LISTENER } });
  const call = await harness.create({
    twiml: `<Response><Connect><Stream url="ws://127.0.0.1:1/none" statusCallback="${harness.customerUrl}/stream"/></Connect><Say>Goodbye</Say></Response>`,
  });
  await harness.until('completed', () => harness.statuses().includes('completed'));
  expect(harness.at('/stream').map(({ params }) => params.StreamEvent)).toEqual(['stream-error']);
  expect(harness.entry(call.sid)).toMatchObject({ errors: [{ code: 31920 }], streams: [{ closedBy: 'refused' }] });
  expect(harness.entry(call.sid).heard.at(-1)).toMatchObject({ text: 'Goodbye' });
});
