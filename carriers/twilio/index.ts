import type { Carrier } from '../../contracts/carrier';
import { type TwilioAccess, twilioClient } from './client';
import { TwilioCarrier } from './twilio-carrier';

export { parseConsultAmd, parseConsultAnswer, parseConsultBridged, parseConsultStatus } from './consult-webhooks';
export { type InboundWebhook, parseInboundCall } from './inbound';
export { MediaStreamEncoder, parseMediaStreamMessage, TWILIO_MEDIA } from './media-stream';
export { verifyTwilioSignature } from './signature';
export { statusFromTwilio, statusToTwilio } from './status';
export { askAgainTwiml, holdTwiml, personJoinsTwiml } from './transfer-twiml';
export { hangupTwiml, rejectTwiml, streamTwiml, waitTwiml } from './twiml';
export { continueUrl, webhookUrl } from './urls';
export {
  callSidOf,
  type FormFields,
  parseAmdCallback,
  parseRecordingCallback,
  parseStatusCallback,
  parseStreamCallback,
  parseTransferEnded,
  parseTransferStatus,
} from './webhooks';

/** @throws PatterError PATTER_CONFIG_INVALID when the SID is not one of an account */
export function createTwilioCarrier(access: TwilioAccess): Carrier {
  return new TwilioCarrier(twilioClient(access), access);
}
