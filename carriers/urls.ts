/** The gateway's addresses as carriers are told them. */
import { GATEWAY_PATHS } from '../contracts/gateway';

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

/** A media socket's address: ws where `base` is http, wss where it is https. */
export function socketUrl(base: string, path: 'media' | 'telnyxMedia'): string {
  return webhookUrl(base, path).replace(/^http/, 'ws');
}
