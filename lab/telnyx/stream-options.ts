/** The `stream_…` fields of dial, answer and streaming_start. */
import type Telnyx from 'telnyx';
import { TelnyxApiError } from './errors';

/** What a leg negotiates. */
export type LegCodec = 'PCMU' | 'PCMA';

export interface StreamOptions {
  url: string;
  track: 'inbound_track' | 'outbound_track' | 'both_tracks';
  /** `rtp`: what the application sends is played. Anything else: it is not, as only MP3 would be. */
  bidirectional: 'rtp' | 'mp3';
  /** Of what the application sends. */
  codec: LegCodec | 'L16';
  sampleRate: 8000 | 16_000 | 24_000;
  /** Of what the application gets; `default`: the leg's own. */
  streamCodec: LegCodec | 'default';
  /** Who hears the application while the leg is bridged. */
  targetLegs: 'both' | 'self' | 'opposite';
  authToken: string | undefined;
  customParameters: Record<string, string>;
}

type StreamFields = Pick<
  Telnyx.CallDialParams & Telnyx.Calls.ActionStartStreamingParams,
  | 'stream_url'
  | 'stream_track'
  | 'stream_bidirectional_mode'
  | 'stream_bidirectional_codec'
  | 'stream_bidirectional_sampling_rate'
  | 'stream_bidirectional_target_legs'
  | 'stream_codec'
  | 'stream_auth_token'
  | 'custom_parameters'
>;

/** Undefined without a `stream_url`. @throws TelnyxApiError */
export function streamOptions(fields: StreamFields): StreamOptions | undefined {
  const url = fields.stream_url;
  if (url === undefined) return undefined;
  if (!/^wss?:\/\//.test(url)) throw new TelnyxApiError('10015', 'stream_url must be a WebSocket URL.', '/stream_url');
  const codec = fields.stream_bidirectional_codec ?? 'PCMU';
  if (codec !== 'PCMU' && codec !== 'PCMA' && codec !== 'L16') {
    throw new TelnyxApiError('10015', `The lab has no codec ${codec}.`, '/stream_bidirectional_codec');
  }
  const streamCodec = fields.stream_codec ?? 'default';
  if (streamCodec !== 'PCMU' && streamCodec !== 'PCMA' && streamCodec !== 'default') {
    throw new TelnyxApiError('10015', `The lab has no codec ${streamCodec}.`, '/stream_codec');
  }
  const sampleRate = fields.stream_bidirectional_sampling_rate ?? 8000;
  if ((sampleRate !== 8000 && sampleRate !== 16_000 && sampleRate !== 24_000) || (codec !== 'L16' && sampleRate !== 8000)) {
    throw new TelnyxApiError('10015', `The lab has no ${codec} at ${sampleRate} Hz.`, '/stream_bidirectional_sampling_rate');
  }
  return {
    url,
    track: fields.stream_track ?? 'inbound_track',
    bidirectional: fields.stream_bidirectional_mode ?? 'mp3',
    codec,
    sampleRate,
    streamCodec,
    targetLegs: fields.stream_bidirectional_target_legs ?? 'opposite',
    authToken: fields.stream_auth_token,
    customParameters: Object.fromEntries((fields.custom_parameters ?? []).map(({ name = '', value = '' }) => [name, value])),
  };
}
