/**
 * Telnyx' media-stream messages. Frames may come in any order, and in the encoding of the leg (PCMA in Europe, Britain and India) where Telnyx
 * does not transcode; what we send is PCMU, because we ask for it (`stream_bidirectional_codec`).
 */
import { z } from 'zod';
import { alawToMulaw } from '../../contracts/g711';
import type { CarrierMedia, MediaCodec, MediaEncoder, MediaStreamMessage } from '../media';
import { Reorder } from './reorder';

/** Bounded, because they are logged before anybody has shown a token. */
const id = z.string().min(1).max(256);
const startSchema = z.object({
  stream_id: id,
  start: z.object({
    call_control_id: id,
    media_format: z.object({
      encoding: z.enum(['PCMU', 'PCMA', 'audio/x-mulaw', 'audio/x-alaw']),
      sample_rate: z.coerce.number().pipe(z.literal(8_000)),
    }),
  }),
});
const dtmfSchema = z.object({ stream_id: z.string().optional(), dtmf: z.object({ digit: z.string().regex(/^[0-9*#A-D]$/) }) });
const markSchema = z.object({ stream_id: z.string().optional(), mark: z.object({ name: z.string() }) });
const stopSchema = z.object({ stream_id: z.string().optional() });
const errorSchema = z.object({
  payload: z.object({ code: z.union([z.string(), z.number()]), title: z.string().default(''), detail: z.string().default('') }),
});

interface MediaFrame {
  stream_id?: unknown;
  media?: { payload?: unknown; track?: unknown; chunk?: unknown };
}

type Media = Extract<MediaStreamMessage, { event: 'media' }>;
type Deliver = (message: MediaStreamMessage) => void;

const MAX_TOKEN = 4_096;

/** One socket. */
class TelnyxCodec implements MediaCodec {
  private streamId = '';
  private alaw = false;
  private deliver: Deliver = () => {};
  private readonly frames = new Reorder<Media>((frame) => this.deliver(frame));

  /** @param token from the query of the stream's URL, which Telnyx keeps */
  constructor(private readonly token: string | undefined) {}

  read(text: string, deliver: Deliver): void {
    this.deliver = deliver;
    const message = parseObject(text);
    if (typeof message === 'string') {
      deliver({ event: 'invalid', reason: message });
      return;
    }
    if (message.event === 'media') {
      this.onMedia(message);
      return;
    }
    const other = this.parse(message.event, message);
    // What was said before the end is heard before the end.
    if (other.event === 'stop') this.frames.flush();
    deliver(other);
  }

  encoder(): MediaEncoder {
    return ENCODER;
  }

  /** Fifty a second for every call: checked by hand. */
  private onMedia({ stream_id: streamId, media }: MediaFrame): void {
    if (typeof media?.payload !== 'string') {
      this.deliver({ event: 'invalid', reason: 'media without payload' });
      return;
    }
    if (media.track === 'outbound' || media.track === 'outbound_track') {
      // Our own audio comes back where somebody asked for both tracks.
      this.deliver({ event: 'ignored', name: 'media outbound' });
      return;
    }
    const bytes = Buffer.from(media.payload, 'base64');
    const audio = this.alaw ? alawToMulaw(bytes) : bytes;
    const frame: Media = { event: 'media', streamId: typeof streamId === 'string' ? streamId : this.streamId, audio };
    const chunk = media.chunk === '' ? Number.NaN : Number(media.chunk);
    if (Number.isSafeInteger(chunk)) this.frames.push(chunk, frame);
    else this.deliver(frame);
  }

  private parse(event: string, message: unknown): MediaStreamMessage {
    switch (event) {
      case 'connected':
        return { event };
      case 'start': {
        const parsed = startSchema.safeParse(message);
        if (!parsed.success) return invalid(event, parsed.error);
        const { stream_id: streamId, start } = parsed.data;
        this.streamId = streamId;
        this.alaw = start.media_format.encoding === 'PCMA' || start.media_format.encoding === 'audio/x-alaw';
        return { event, streamId, carrierCallId: start.call_control_id, parameters: this.token === undefined ? {} : { token: this.token } };
      }
      case 'dtmf': {
        const parsed = dtmfSchema.safeParse(message);
        if (!parsed.success) return invalid(event, parsed.error);
        return { event, streamId: parsed.data.stream_id ?? this.streamId, digit: parsed.data.dtmf.digit };
      }
      case 'mark': {
        const parsed = markSchema.safeParse(message);
        if (!parsed.success) return invalid(event, parsed.error);
        return { event, streamId: parsed.data.stream_id ?? this.streamId, name: parsed.data.mark.name };
      }
      case 'stop': {
        const parsed = stopSchema.safeParse(message);
        return parsed.success ? { event, streamId: parsed.data.stream_id ?? this.streamId } : invalid(event, parsed.error);
      }
      case 'error': {
        // Telnyx did not take something that we sent.
        const parsed = errorSchema.safeParse(message);
        if (!parsed.success) return invalid(event, parsed.error);
        const { code, title, detail } = parsed.data.payload;
        return { event: 'invalid', reason: `Telnyx says ${code} ${title} ${detail}`.trim().slice(0, 300) };
      }
      default:
        return { event: 'ignored', name: event };
    }
  }
}

/** A text says what is wrong. */
function parseObject(text: string): ({ event: string } & MediaFrame) | string {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const isEvent = typeof message === 'object' && message !== null && typeof (message as { event?: unknown }).event === 'string';
  return isEvent ? (message as { event: string } & MediaFrame) : 'no event';
}

/** Messages to Telnyx name no stream: the socket is the stream. */
const CLEAR = '{"event":"clear"}';
const ENCODER: MediaEncoder = {
  media: (mulaw) =>
    `{"event":"media","media":{"payload":"${Buffer.from(mulaw.buffer, mulaw.byteOffset, mulaw.byteLength).toString('base64')}"}}`,
  mark: (name) => `{"event":"mark","mark":{"name":${JSON.stringify(name)}}}`,
  clear: () => CLEAR,
};

function invalid(event: string, error: z.ZodError): MediaStreamMessage {
  const where = error.issues.map((issue) => issue.path.join('.')).join(', ');
  return { event: 'invalid', reason: `${event}: ${where}` };
}

export const TELNYX_MEDIA: CarrierMedia = {
  carrier: 'telnyx',
  open: (url) => new TelnyxCodec(tokenOf(url)),
};

/** The call token of a stream's address; also where a webhook tells which stream has ended. */
export function tokenOf(url: string): string | undefined {
  const token = new URLSearchParams(url.split('?')[1] ?? '').get('token');
  return token !== null && token.length <= MAX_TOKEN ? token : undefined;
}
