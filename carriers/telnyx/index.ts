import type { Carrier } from '../../contracts/carrier';
import { type TelnyxAccess, telnyxClient } from './client';
import { TelnyxCarrier } from './telnyx-carrier';

export { type ClientState, decodeClientState, encodeClientState } from './client-state';
export { parseTelnyxInbound, type TelnyxInboundNews } from './inbound';
export { TELNYX_MEDIA, tokenOf } from './media-stream';
export { type SignedWebhook, TelnyxSignature } from './signature';
export { parseTelnyxEnvelope, parseTelnyxNews, type TelnyxEnvelope, type TelnyxNews } from './webhooks';

export function createTelnyxCarrier(access: TelnyxAccess): Carrier {
  return new TelnyxCarrier(telnyxClient(access), access);
}
