/** The gateway's addresses as Twilio is told them. */
import { socketUrl } from '../urls';

export { webhookUrl } from '../urls';

/** The media socket's address. Twilio strips the query of a `<Stream url>`, so it carries none. */
export function mediaUrl(base: string): string {
  return socketUrl(base, 'media');
}
