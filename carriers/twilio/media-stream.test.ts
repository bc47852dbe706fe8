import { MediaStreamEncoder, parseMediaStreamMessage } from './media-stream';

const start = {
  event: 'start',
  sequenceNumber: '1',
  streamSid: 'MZ1',
  start: {
    accountSid: 'AC1',
    streamSid: 'MZ1',
    callSid: 'CA1',
    tracks: ['inbound'],
    customParameters: { token: 't' },
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
  },
};
const parse = (message: unknown) => parseMediaStreamMessage(JSON.stringify(message));

describe('inbound', () => {
  test('each documented message', () => {
    expect(parse({ event: 'connected', protocol: 'Call', version: '1.0.0' })).toEqual({ event: 'connected' });
    expect(parse(start)).toEqual({ event: 'start', streamId: 'MZ1', carrierCallId: 'CA1', parameters: { token: 't' } });
    const media = { track: 'inbound', chunk: '2', timestamp: '40', payload: Buffer.from([1, 2, 255]).toString('base64') };
    expect(parse({ event: 'media', sequenceNumber: '4', streamSid: 'MZ1', media })).toEqual({
      event: 'media',
      streamId: 'MZ1',
      audio: Buffer.from([1, 2, 255]),
    });
    expect(parse({ event: 'dtmf', streamSid: 'MZ1', sequenceNumber: '5', dtmf: { track: 'inbound_track', digit: '#' } })).toEqual({
      event: 'dtmf',
      streamId: 'MZ1',
      digit: '#',
    });
    expect(parse({ event: 'mark', streamSid: 'MZ1', sequenceNumber: '4', mark: { name: 'g1:7' } })).toEqual({
      event: 'mark',
      streamId: 'MZ1',
      name: 'g1:7',
    });
    expect(parse({ event: 'stop', sequenceNumber: '9', streamSid: 'MZ1', stop: { accountSid: 'AC1', callSid: 'CA1' } })).toEqual({
      event: 'stop',
      streamId: 'MZ1',
    });
  });

  test('an event of a later version is ignored, and our own audio too', () => {
    expect(parse({ event: 'sentiment', streamSid: 'MZ1' })).toEqual({ event: 'ignored', name: 'sentiment' });
    expect(parse({ event: 'media', streamSid: 'MZ1', media: { track: 'outbound', payload: '' } })).toMatchObject({ event: 'ignored' });
  });

  test.each([
    ['not JSON', '{"event":'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no event', '{"media":{}}'],
    ['media without payload', '{"event":"media","streamSid":"MZ1","media":{}}'],
    ['start without a call', JSON.stringify({ ...start, start: { ...start.start, callSid: undefined } })],
    [
      'start in another encoding',
      JSON.stringify({ ...start, start: { ...start.start, mediaFormat: { encoding: 'audio/l16', sampleRate: 8000 } } }),
    ],
    ['two digits in one', '{"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"12"}}'],
    ['a mark without a name', '{"event":"mark","streamSid":"MZ1","mark":{}}'],
  ])('%s is invalid', (_, text) => {
    expect(parseMediaStreamMessage(text).event).toBe('invalid');
  });
});

describe('outbound', () => {
  const encoder = new MediaStreamEncoder('MZ"1');

  test('messages are what JSON.stringify would make of them', () => {
    const frame = new Uint8Array(200).map((_, i) => i).subarray(20, 180);
    expect(JSON.parse(encoder.media(frame))).toEqual({
      event: 'media',
      streamSid: 'MZ"1',
      media: { payload: Buffer.from(frame).toString('base64') },
    });
    expect(JSON.parse(encoder.mark('a "b"'))).toEqual({ event: 'mark', streamSid: 'MZ"1', mark: { name: 'a "b"' } });
    expect(JSON.parse(encoder.clear())).toEqual({ event: 'clear', streamSid: 'MZ"1' });
  });
});
