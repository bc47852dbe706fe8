/** How Telnyx is told to stream a call to a gateway. */
import type { CallDialParams } from 'telnyx/resources/calls/calls';
import { socketUrl, webhookUrl } from '../urls';

/** Signed and good for one stream only, so that it may stand in an address; Telnyx keeps the query of a stream's URL. */
export function streamUrl(gatewayUrl: string, token: string): string {
  return `${socketUrl(gatewayUrl, 'telnyxMedia')}?token=${encodeURIComponent(token)}`;
}

type StreamParams = Pick<
  CallDialParams,
  | 'stream_url'
  | 'stream_track'
  | 'stream_codec'
  | 'stream_bidirectional_mode'
  | 'stream_bidirectional_codec'
  | 'stream_bidirectional_target_legs'
>;

/**
 * Where Telnyx tells of the call. That a stream failed is told to the other gateway: this one may be why. It is the only way to a new stream
 * before the workflow misses the heartbeats, and the only one at all for a call that is answered after its gateway died.
 */
export function webhookParams(request: {
  callId: string;
  gatewayUrl: string;
  fallbackGatewayUrl: string;
}): Pick<CallDialParams, 'webhook_url' | 'webhook_url_method' | 'webhook_urls' | 'webhook_urls_method'> {
  return {
    webhook_url: webhookUrl(request.gatewayUrl, 'telnyxEvents', request),
    webhook_url_method: 'POST',
    webhook_urls: { 'streaming.failed': [webhookUrl(request.fallbackGatewayUrl, 'telnyxEvents', request)] },
    webhook_urls_method: 'POST',
  };
}

export function streamParams({ gatewayUrl, token }: { gatewayUrl: string; token: string }): StreamParams {
  return {
    stream_url: streamUrl(gatewayUrl, token),
    stream_track: 'inbound_track',
    // Telnyx transcodes PCMA legs where it can; where it cannot, the start message says PCMA and the codec decodes it.
    stream_codec: 'PCMU',
    // Without these two the caller hears nothing: the default mode takes MP3 files.
    stream_bidirectional_mode: 'rtp',
    stream_bidirectional_codec: 'PCMU',
    // Who is streamed hears what we send. The default is the leg opposite to it, and there is none while the agent talks.
    stream_bidirectional_target_legs: 'self',
  };
}
