/** Twilio's media-stream messages. Twilio publishes no types for them; numbers arrive as strings, and new events may come at any time. */
import { z } from 'zod';
import type { CarrierMedia, MediaEncoder, MediaStreamMessage } from '../media';

/** 34 characters at Twilio. Bounded, because they are logged before anybody has shown a token. */
const sid = z.string().min(1).max(64);
const startSchema = z.object({
  streamSid: sid,
  start: z.object({
    accountSid: sid,
    callSid: sid,
    customParameters: z.record(z.string(), z.string().max(4_096)).default({}),
    mediaFormat: z.object({ encoding: z.literal('audio/x-mulaw'), sampleRate: z.coerce.number().pipe(z.literal(8_000)) }),
  }),
});
const dtmfSchema = z.object({ streamSid: z.string(), dtmf: z.object({ digit: z.string().regex(/^[0-9*#A-D]$/) }) });
const markSchema = z.object({ streamSid: z.string(), mark: z.object({ name: z.string() }) });
const stopSchema = z.object({ streamSid: z.string() });

interface MediaFrame {
  streamSid?: unknown;
  media?: { payload?: unknown; track?: unknown };
}

export function parseMediaStreamMessage(text: string): MediaStreamMessage {
  let message: { event?: unknown };
  try {
    message = JSON.parse(text);
  } catch {
    return { event: 'invalid', reason: 'not JSON' };
  }
  if (typeof message !== 'object' || message === null || typeof message.event !== 'string') return { event: 'invalid', reason: 'no event' };
  switch (message.event) {
    case 'media': {
      // Fifty a second for every call: checked by hand.
      const { streamSid, media } = message as MediaFrame;
      if (typeof streamSid !== 'string' || typeof media?.payload !== 'string') return { event: 'invalid', reason: 'media without payload' };
      // Our own audio comes back where somebody asked for both tracks.
      if (media.track === 'outbound') return { event: 'ignored', name: 'media outbound' };
      return { event: 'media', streamId: streamSid, audio: Buffer.from(media.payload, 'base64') };
    }
    case 'connected':
      return { event: 'connected' };
    case 'start': {
      const parsed = startSchema.safeParse(message);
      if (!parsed.success) return invalid('start', parsed.error);
      const { streamSid, start } = parsed.data;
      return {
        event: 'start',
        streamId: streamSid,
        carrierCallId: start.callSid,
        parameters: start.customParameters,
      };
    }
    case 'dtmf': {
      const parsed = dtmfSchema.safeParse(message);
      return parsed.success
        ? { event: 'dtmf', streamId: parsed.data.streamSid, digit: parsed.data.dtmf.digit }
        : invalid('dtmf', parsed.error);
    }
    case 'mark': {
      const parsed = markSchema.safeParse(message);
      return parsed.success
        ? { event: 'mark', streamId: parsed.data.streamSid, name: parsed.data.mark.name }
        : invalid('mark', parsed.error);
    }
    case 'stop': {
      const parsed = stopSchema.safeParse(message);
      return parsed.success ? { event: 'stop', streamId: parsed.data.streamSid } : invalid('stop', parsed.error);
    }
    default:
      return { event: 'ignored', name: message.event };
  }
}

function invalid(event: string, error: z.ZodError): MediaStreamMessage {
  const where = error.issues.map((issue) => issue.path.join('.')).join(', ');
  return { event: 'invalid', reason: `${event}: ${where}` };
}

/** Builds the messages to one stream: what does not change is serialised once. */
export class MediaStreamEncoder implements MediaEncoder {
  private readonly mediaHead: string;
  private readonly markHead: string;
  private readonly clearMessage: string;

  constructor(streamId: string) {
    const sid = JSON.stringify(streamId);
    this.mediaHead = `{"event":"media","streamSid":${sid},"media":{"payload":"`;
    this.markHead = `{"event":"mark","streamSid":${sid},"mark":{"name":`;
    this.clearMessage = `{"event":"clear","streamSid":${sid}}`;
  }

  /** Raw µ-law of any length, no header. */
  media(mulaw: Uint8Array): string {
    return `${this.mediaHead}${Buffer.from(mulaw.buffer, mulaw.byteOffset, mulaw.byteLength).toString('base64')}"}}`;
  }

  mark(name: string): string {
    return `${this.markHead}${JSON.stringify(name)}}}`;
  }

  clear(): string {
    return this.clearMessage;
  }
}

/** Frames come in order and in µ-law, so nothing is kept between them. */
export const TWILIO_MEDIA: CarrierMedia = {
  carrier: 'twilio',
  open: () => ({
    read: (text, deliver) => deliver(parseMediaStreamMessage(text)),
    encoder: (streamId) => new MediaStreamEncoder(streamId),
  }),
};
