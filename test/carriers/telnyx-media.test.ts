/** What Telnyx says on a media socket, and how: out of order, in A-law, with errors, without an end. */
import { mediaAt } from '../../carriers';
import type { MediaStreamMessage } from '../../carriers/media';
import { alawToMulaw, decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw, mulawToAlaw } from '../../contracts/g711';

function open(url = '/telnyx/media?token=a.b') {
  const media = mediaAt('/telnyx/media');
  const codec = media?.open(url);
  const heard: MediaStreamMessage[] = [];
  const send = (message: unknown) =>
    codec?.read(typeof message === 'string' ? message : JSON.stringify(message), (said) => heard.push(said));
  return { codec, heard, send, bytes: () => heard.flatMap((said) => (said.event === 'media' ? [said.audio[0]] : [])) };
}

const start = (encoding = 'PCMU') => ({
  event: 'start',
  sequence_number: '1',
  stream_id: 'S1',
  start: {
    user_id: 'U1',
    call_control_id: 'v3:C1',
    call_session_id: 'CS1',
    from: '+1',
    to: '+2',
    client_state: 'e30=',
    media_format: { encoding, sample_rate: 8000, channels: 1 },
  },
});
const frame = (chunk: number, byte = chunk, track = 'inbound') => ({
  event: 'media',
  sequence_number: String(chunk + 1),
  stream_id: 'S1',
  media: { track, chunk: String(chunk), timestamp: String(chunk * 20), payload: Buffer.from([byte]).toString('base64') },
});

test('each documented message', () => {
  const { heard, send } = open();
  send({ event: 'connected', version: '1.0.0' });
  send(start());
  send(frame(1));
  send({ event: 'dtmf', stream_id: 'S1', sequence_number: '5', occurred_at: 'x', dtmf: { digit: '#' } });
  // The socket is the stream, whether or not a frame names it.
  send({ event: 'dtmf', dtmf: { digit: '7' } });
  send({ event: 'mark', stream_id: 'S1', sequence_number: '6', mark: { name: 'g1:7' } });
  send({ event: 'stop', stream_id: 'S1', sequence_number: '7', stop: { user_id: 'U1', call_control_id: 'v3:C1' } });
  expect(heard).toEqual([
    { event: 'connected' },
    { event: 'start', streamId: 'S1', carrierCallId: 'v3:C1', parameters: { token: 'a.b' } },
    { event: 'media', streamId: 'S1', audio: Buffer.from([1]) },
    { event: 'dtmf', streamId: 'S1', digit: '#' },
    { event: 'dtmf', streamId: 'S1', digit: '7' },
    { event: 'mark', streamId: 'S1', name: 'g1:7' },
    { event: 'stop', streamId: 'S1' },
  ]);
});

test('the token comes in the query of the address; without it there is none', () => {
  const { heard, send } = open('/telnyx/media');
  send(start());
  expect(heard).toMatchObject([{ event: 'start', parameters: {} }]);
});

describe('frames that come out of order', () => {
  test.each<[string, number[], number[]]>([
    ['two that changed places', [1, 3, 2, 4], [1, 2, 3, 4]],
    ['from the first one on', [2, 1, 3], [1, 2, 3]],
    ['all of a handful backwards', [4, 3, 2, 1, 5], [1, 2, 3, 4, 5]],
    ['repeats are heard once', [1, 2, 2, 1, 3], [1, 2, 3]],
    ['one that is lost holds up four others, no more', [1, 3, 4, 5, 6, 7, 8], [1, 3, 4, 5, 6, 7, 8]],
    ['one that comes after it was given up is dropped', [1, 3, 4, 5, 6, 7, 2, 8], [1, 3, 4, 5, 6, 7, 8]],
    ['several that are lost', [1, 4, 6, 8, 10, 12, 13], [1, 4, 6]],
    ['a stream that counts from elsewhere', [100, 102, 101], [100, 101, 102]],
  ])('%s', (_, sent, expected) => {
    const { send, bytes } = open();
    send(start());
    for (const chunk of sent) send(frame(chunk));
    expect(bytes()).toEqual(expected);
  });

  test('what is held back is heard before the end', () => {
    const { send, bytes, heard } = open();
    send(start());
    for (const chunk of [1, 3, 5]) send(frame(chunk));
    expect(bytes()).toEqual([1]);
    send({ event: 'stop', stream_id: 'S1', stop: {} });
    expect(bytes()).toEqual([1, 3, 5]);
    expect(heard.at(-1)).toEqual({ event: 'stop', streamId: 'S1' });
  });

  test('what came too late is not heard at the end either', () => {
    const { send, bytes } = open();
    send(start());
    for (const chunk of [1, 3, 4, 5, 6, 7, 2, 7]) send(frame(chunk));
    send({ event: 'stop', stream_id: 'S1', stop: {} });
    expect(bytes()).toEqual([1, 3, 4, 5, 6, 7]);
  });

  test('counting that begins anew, or comes round, is followed: the caller must not be deaf to us for as long as it takes to catch up', () => {
    const { send, bytes } = open();
    send(start());
    for (let chunk = 1; chunk <= 200; chunk++) send(frame(chunk, 7));
    for (const chunk of [2, 1, 3, 4, 5, 6, 7]) send(frame(chunk, 8));
    expect(bytes().slice(200)).toEqual(Array(7).fill(8));
    const round = open();
    round.send(start());
    for (const chunk of [65_534, 65_535, 0, 1, 2]) round.send(frame(chunk, chunk % 251));
    expect(round.bytes()).toEqual([65_534, 65_535, 0, 1, 2].map((chunk) => chunk % 251));
  });

  test('a repeat of an old frame costs no later one', () => {
    const { send, bytes } = open();
    send(start());
    for (let chunk = 1; chunk <= 100; chunk++) send(frame(chunk, chunk));
    send(frame(98));
    for (let chunk = 101; chunk <= 110; chunk++) send(frame(chunk, chunk));
    expect(bytes()).toEqual(Array.from({ length: 110 }, (_, at) => at + 1));
  });

  test('a frame without a number is heard at once', () => {
    const { send, bytes } = open();
    send(start());
    send({ event: 'media', stream_id: 'S1', media: { payload: Buffer.from([9]).toString('base64') } });
    expect(bytes()).toEqual([9]);
  });
});

test('our own audio, which comes back on the outbound track, is not the caller', () => {
  const { send, bytes } = open();
  send(start());
  send(frame(1));
  send(frame(1, 77, 'outbound'));
  send(frame(2));
  expect(bytes()).toEqual([1, 2]);
});

test('an A-law leg is heard in µ-law, and what we say stays µ-law, as it was asked for', () => {
  const { codec, send, heard } = open();
  send(start('PCMA'));
  const spoken = Int16Array.from({ length: 160 }, (_, i) => Math.round(12_000 * Math.sin(i / 4)));
  send({ ...frame(1), media: { ...frame(1).media, payload: Buffer.from(encodeAlaw(spoken)).toString('base64') } });
  const audio = heard.flatMap((said) => (said.event === 'media' ? [said.audio] : []))[0] as Uint8Array;
  const back = decodeMulaw(audio);
  expect(Math.max(...spoken.map((sample, i) => Math.abs(sample - (back[i] as number))))).toBeLessThan(700);
  const said = encodeMulaw(spoken);
  expect(JSON.parse(codec?.encoder('S1').media(said) ?? '')).toEqual({
    event: 'media',
    media: { payload: Buffer.from(said).toString('base64') },
  });
});

test('what is sent names no stream', () => {
  const encoder = open().codec?.encoder('S1');
  expect(JSON.parse(encoder?.mark('g2:"x"') ?? '')).toEqual({ event: 'mark', mark: { name: 'g2:"x"' } });
  expect(JSON.parse(encoder?.clear() ?? '')).toEqual({ event: 'clear' });
});

describe('what breaks the protocol is told, and is nothing else', () => {
  test.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /not JSON/],
    ['no object', '7', /no event/],
    ['no event', { media: {} }, /no event/],
    ['media without payload', { event: 'media', stream_id: 'S1', media: {} }, /media without payload/],
    ['a start in an encoding that was not asked for', start('G722'), /start: start.media_format.encoding/],
    ['a start without a call', { ...start(), start: { media_format: start().start.media_format } }, /start.call_control_id/],
    ['a key that no phone has', { event: 'dtmf', stream_id: 'S1', dtmf: { digit: '55' } }, /dtmf/],
    [
      'an error frame',
      { event: 'error', stream_id: 'S1', payload: { code: 100_004, title: 'invalid_media', detail: 'a chunk of 7 ms' } },
      /^Telnyx says 100004 invalid_media a chunk of 7 ms$/,
    ],
  ])('%s', (_, message, reason) => {
    const { send, heard } = open();
    send(message);
    expect(heard).toEqual([{ event: 'invalid', reason: expect.stringMatching(reason) }]);
  });

  test('an event of a later version is passed over', () => {
    const { send, heard } = open();
    send({ event: 'weather', stream_id: 'S1' });
    expect(heard).toEqual([{ event: 'ignored', name: 'weather' }]);
  });
});

describe('A-law tables', () => {
  // ITU-T G.711, table 1a: decoder outputs, on a 16-bit scale.
  test.each([
    [0xd5, 8],
    [0x55, -8],
    [0xd4, 24],
    [0xaa, 32_256],
    [0x2a, -32_256],
    [0x80, 5_504],
  ])('the byte %i is %i', (code, sample) => {
    expect(decodeAlaw(Uint8Array.of(code))[0]).toBe(sample);
  });

  test('every byte is the nearest for its own value', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(encodeAlaw(decodeAlaw(all))).toEqual(all);
  });

  test('from one law to the other and back no step is lost but the finest', () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const there = decodeAlaw(all);
    const back = decodeAlaw(mulawToAlaw(alawToMulaw(all)));
    for (let i = 0; i < 256; i++)
      expect(Math.abs((there[i] as number) - (back[i] as number))).toBeLessThanOrEqual(Math.max(16, Math.abs(there[i] as number) / 16));
  });
});
