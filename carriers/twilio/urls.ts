/** The gateway's addresses as Twilio is told them. */
import { GATEWAY_PATHS } from '../../contracts/gateway';

/** `base` is a public URL without a trailing slash; `params` fill the path's `:names`. */
export function webhookUrl(
  base: string,
  path: keyof typeof GATEWAY_PATHS,
  params: { callId: string; transferNumber?: number } | undefined = undefined,
): string {
  const filled = GATEWAY_PATHS[path]
    .replace(':callId', () => encodeURIComponent(params?.callId ?? ''))
    .replace(':transferNumber', () => String(params?.transferNumber ?? ''));
  return base + filled;
}

/** The media socket's address. Twilio strips the query of a `<Stream url>`, so it carries none. */
export function mediaUrl(base: string): string {
  return webhookUrl(base, 'media').replace(/^http/, 'ws');
}
