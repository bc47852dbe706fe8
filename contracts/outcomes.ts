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
/** How a call ended: `completed`, `voicemail`, `no_answer`, `busy`, … (docs/calls.md). */
export type Outcome = z.infer<typeof outcomeSchema>;

/**
 * Who picked up, as the vote over carrier AMD, transcript and sounds has it. `machine` is a mailbox, `ivr` a menu, `call_screening` a machine that asks
 * who calls and why before it rings a person, `silence` a line on which nobody has said a word; `unknown` is treated as a person. docs/amd.md
 */
export const ANSWERED_BY = ['human', 'machine', 'ivr', 'call_screening', 'fax', 'silence', 'unknown'] as const;
export const answeredBySchema = z.enum(ANSWERED_BY);
/** Who picked up. */
export type AnsweredBy = z.infer<typeof answeredBySchema>;
