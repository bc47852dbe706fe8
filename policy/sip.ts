import type { CarrierDecision } from './carrier-errors';

/**
 * What a final SIP response says about the callee. Undefined for those that say nothing certain (the carrier's own status decides then).
 * RFC 3261; 607: RFC 8197; 608: RFC 8688; 603 with a reason of "Network Blocked" is ATIS-1000099's "603+".
 */
export function sipDecision(sipCode: number, sipReason = ''): CarrierDecision | undefined {
  switch (sipCode) {
    case 404:
    case 410:
    case 484:
    case 604:
      return { outcome: 'invalid_number', consumed: true, reason: `the network does not know the number (SIP ${sipCode})` };
    case 408:
    case 480:
    case 487:
      return { outcome: 'no_answer', consumed: true, reason: `nobody answered (SIP ${sipCode})` };
    case 486:
    case 600:
      return { outcome: 'busy', consumed: true, reason: `busy (SIP ${sipCode})` };
    case 603:
      return /network blocked/i.test(sipReason)
        ? {
            outcome: 'rejected',
            consumed: true,
            reason: 'blocked by the network as unwanted (SIP 603+): look at the reputation of the caller id',
          }
        : { outcome: 'rejected', consumed: true, reason: 'declined (SIP 603)' };
    case 607:
      return { outcome: 'opted_out', consumed: true, optOut: true, reason: 'the called party does not want these calls (SIP 607)' };
    case 608:
      return { outcome: 'rejected', consumed: true, reason: 'rejected by an intermediary (SIP 608): it names a contact for redress' };
    default:
      if (sipCode >= 500 && sipCode < 600)
        return { outcome: 'failed', consumed: true, reason: `the network could not connect the call (SIP ${sipCode})` };
      return undefined;
  }
}
