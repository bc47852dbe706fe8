/** The gateway's addresses as Twilio is told them. */
import { nonceIn } from '../../contracts/call-token';
import { socketUrl, webhookUrl } from '../urls';

export { webhookUrl } from '../urls';

/** The media socket's address. Twilio strips the query of a `<Stream url>`, so it carries none. */
export function mediaUrl(base: string): string {
  return socketUrl(base, 'media');
}

export interface ContinueUrl {
  callId: string;
  /** Of the stream that comes before the question. */
  token?: string;
  /** The same, of an address that is asked again. */
  nonce?: string;
  /** How often the workflow was asked in vain. */
  unanswered?: number;
}

/** Where Twilio asks what comes next. The address names the stream before it: whoever sends an old question again asks about an old stream. */
export function continueUrl(base: string, { callId, token, nonce, unanswered = 0 }: ContinueUrl): string {
  const stream = nonce ?? (token === undefined ? undefined : nonceIn(token));
  const query = new URLSearchParams({ ...(stream && { stream }), ...(unanswered > 0 && { unanswered: String(unanswered) }) }).toString();
  return webhookUrl(base, 'continue', { callId }) + (query && `?${query}`);
}
