/** Twilio's request signature, checked by the package's own validator. */
import { validateRequest, validateRequestWithBody } from 'twilio';

export interface SignedRequest {
  authToken: string;
  /** `X-Twilio-Signature`. */
  signature: string | undefined;
  /** Exactly as Twilio was told it, query included: the configured public URL and the path. Never built from `Host`, which the sender chooses. */
  url: string;
  /** Form fields; empty for a JSON body and for a WebSocket handshake. */
  params: Readonly<Record<string, string | string[]>>;
  /** The raw body, where the URL carries its hash (`bodySHA256`). */
  rawBody?: string;
}

export function verifyTwilioSignature(request: SignedRequest): boolean {
  if (!request.signature) return false;
  if (request.url.includes('bodySHA256=')) {
    return validateRequestWithBody(request.authToken, request.signature, request.url, request.rawBody ?? '');
  }
  return validateRequest(request.authToken, request.signature, request.url, request.params);
}
