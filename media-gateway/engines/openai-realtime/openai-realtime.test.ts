import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import { AudioBacklog } from '../audio-backlog';
import { ResponseTurn } from './response-turn';
import { realtimeUrl } from './socket';
import { responseUsage, transcriptionUsage } from './usage';

function turn() {
  const sent: RealtimeClientEvent[] = [];
  const responses = new ResponseTurn((event) => sent.push(event));
  responses.open();
  const eventId = () => sent.at(-1)?.event_id;
  return { sent, responses, eventId, types: () => sent.map((event) => event.type) };
}

describe('one response at a time', () => {
  it('waits with a second request until the first is done', () => {
    const { responses, types } = turn();
    responses.request({});
    responses.created('r1');
    responses.request({});
    expect(types()).toEqual(['response.create']);
    responses.done();
    expect(types()).toEqual(['response.create', 'response.create']);
  });

  it('peer defect 22: sends no cancel when nothing is being generated, and one only when something is', () => {
    const { responses, types } = turn();
    responses.cancel();
    responses.request({});
    responses.created('r1');
    responses.done();
    responses.cancel();
    expect(types()).toEqual(['response.create']);
    responses.request({});
    responses.created('r2');
    responses.cancel();
    responses.cancel();
    expect(types()).toEqual(['response.create', 'response.create', 'response.cancel']);
    expect(responses.cancelled('r2')).toBe(true);
    expect(responses.busy).toBe(false);
  });

  it('cancels a response that was asked for and does not exist yet as soon as it does', () => {
    const { responses, types } = turn();
    responses.request({});
    responses.cancel();
    expect(types()).toEqual(['response.create']);
    responses.created('r1');
    expect(types()).toEqual(['response.create', 'response.cancel']);
  });

  it('asks again when another response was still active', () => {
    const { responses, eventId, types } = turn();
    responses.request({});
    expect(responses.refused(eventId(), 'conversation_already_has_active_response')).toBe(false);
    responses.done();
    expect(types()).toEqual(['response.create', 'response.create']);
  });

  it('tells that nothing will come of a request that was refused', () => {
    const { responses, eventId } = turn();
    responses.request({});
    expect(responses.refused('another', 'x')).toBe(false);
    expect(responses.refused(eventId(), 'server_error')).toBe(true);
    expect(responses.busy).toBe(false);
  });
});

describe('the URL', () => {
  it('follows the base URL, plain or not', () => {
    expect(realtimeUrl('https://api.openai.com/v1', 'gpt-realtime')).toBe('wss://api.openai.com/v1/realtime?model=gpt-realtime');
    expect(realtimeUrl('http://127.0.0.1:8099/v1/', 'a b')).toBe('ws://127.0.0.1:8099/v1/realtime?model=a+b');
  });
});

describe('usage', () => {
  it('bills a cached token once, at its own price', () => {
    const lines = responseUsage('gpt-realtime', {
      input_tokens: 100,
      output_tokens: 30,
      input_token_details: {
        text_tokens: 60,
        audio_tokens: 40,
        cached_tokens: 50,
        cached_tokens_details: { text_tokens: 45, audio_tokens: 5 },
      },
      output_token_details: { text_tokens: 10, audio_tokens: 20 },
    });
    expect(Object.fromEntries(lines.map((line) => [line.unit, line.quantity]))).toEqual({
      input_text_token: 15,
      cached_text_token: 45,
      input_audio_token: 35,
      cached_audio_token: 5,
      output_text_token: 10,
      output_audio_token: 20,
    });
  });

  it('counts transcription by token or by second', () => {
    expect(transcriptionUsage('m', { type: 'duration', seconds: 3 })).toEqual([
      { provider: 'openai', service: 'transcription', item: 'm', unit: 'second', quantity: 3 },
    ]);
    const tokens = transcriptionUsage('m', {
      type: 'tokens',
      input_tokens: 12,
      output_tokens: 4,
      total_tokens: 16,
      input_token_details: { audio_tokens: 10 },
    });
    expect(tokens.map((line) => [line.unit, line.quantity])).toEqual([
      ['input_audio_token', 10],
      ['input_text_token', 2],
      ['output_text_token', 4],
    ]);
  });
});

describe('what the caller says while the socket opens', () => {
  it('is kept for five seconds and sent when it is open, and what comes then goes out frame by frame', () => {
    const sent: number[] = [];
    const backlog = new AudioBacklog((audio) => sent.push(Buffer.from(audio, 'base64').length));
    for (let i = 0; i < 400; i++) backlog.push(new Uint8Array(160));
    expect(sent).toEqual([]);
    backlog.open();
    expect(sent).toEqual([40_000]);
    backlog.push(new Uint8Array(160));
    backlog.push(new Uint8Array(160));
    expect(sent).toEqual([40_000, 160, 160]);
  });
});
