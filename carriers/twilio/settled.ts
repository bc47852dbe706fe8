import type { CallInstance } from 'twilio/lib/rest/api/v2010/account/call';
import { type PlaceCallResult, UnknownOutcomeError } from '../../contracts/carrier';
import { refusalOrUnknown } from './outcome';
import { statusFromTwilio } from './status';

/** @throws UnknownOutcomeError */
export async function settled(sent: Promise<CallInstance>): Promise<PlaceCallResult> {
  let call: CallInstance;
  try {
    call = await sent;
  } catch (error) {
    return refusalOrUnknown(error);
  }
  // A 2xx without a call in it is no answer to build on.
  if (!call.sid) throw new UnknownOutcomeError('Twilio answered without a call SID');
  return { kind: 'accepted', carrierCallId: call.sid, status: statusFromTwilio(call.status) ?? 'queued' };
}
