/** What the host needs of this room: make a session, and warm one up while the phone rings. */
import { CallSession } from './call-session';
import type { CallSessionOptions, Session } from './ports';

export { LineCache } from './line-cache';
export type { CallSessionOptions, CarrierStream, Prewarmed, Session, SessionEvent } from './ports';
export { prewarmSession } from './prewarm';

/** One conversation on one media stream. Nothing happens before `start()`. */
export function createSession(options: CallSessionOptions): Session {
  return new CallSession(options);
}
