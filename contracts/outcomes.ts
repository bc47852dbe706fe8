import { z } from 'zod';

/**
 * Every way in which a call, and in the end a contact, can turn out. One list for both:
 * a contact's outcome is that of its last call, or the reason why it had none.
 */
export const OUTCOMES = [
  'completed', // a person answered and the conversation came to an end
  'transferred', // a person answered and was connected with a human
  'opted_out', // asked never to be called again (voice, key or SIP 607)
  'callback_requested', // asked to be called at another time
  'voicemail', // a machine answered; the message was left where one is configured
  'busy',
  'no_answer',
  'failed', // the carrier or the network could not connect the call, or we lost it
  'rejected', // the called party or their carrier declined (SIP 603, 608)
  'invalid_number', // the number does not exist
  'skipped', // the compliance gate said no; the rule is the reason
  'expired', // not reached before the campaign's end
  'canceled', // the campaign was canceled first
] as const;

export const outcomeSchema = z.enum(OUTCOMES);
export type Outcome = z.infer<typeof outcomeSchema>;

/** Who picked up, as the vote over carrier AMD, transcript and beep has it. */
export const ANSWERED_BY = ['human', 'machine', 'fax', 'unknown'] as const;
export const answeredBySchema = z.enum(ANSWERED_BY);
export type AnsweredBy = z.infer<typeof answeredBySchema>;
