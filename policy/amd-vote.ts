import type { AnsweredBy } from '../contracts/outcomes';

/** What is known so far about who picked up. Every field is optional evidence; it only ever grows during a call. */
export interface AmdEvidence {
  /** The carrier's latest result. `messageEnd`: the greeting is over (`machine_end_*`), as opposed to a first guess (`machine_start`). */
  carrier?: { answeredBy: AnsweredBy; messageEnd: boolean };
  /** What the first words sound like. The later verdict replaces an earlier one. */
  transcript?: 'human' | 'machine';
  /** A beep was heard. */
  beep?: boolean;
  /** Somebody spoke on and on without a pause, as greetings do. Never enough by itself: people do it too. */
  longSpeech?: boolean;
  /** Whether a voicemail message is configured. */
  hasMessage: boolean;
}

export interface AmdVerdict {
  answeredBy: AnsweredBy;
  /**
   * - `talk`: go on with the conversation.
   * - `leave_message`: the machine listens now.
   * - `wait_for_end`: a machine still speaks; leave the message when it is silent, and go back to `talk` if a person turns up.
   * - `hang_up`: nothing to say to what picked up.
   */
  action: 'talk' | 'leave_message' | 'wait_for_end' | 'hang_up';
}

/**
 * The vote over carrier, transcript and sound (decision 10). Strongest first: a beep or the carrier's end of greeting; a person's words;
 * a machine's words; the carrier's guess. `unknown` talks on: a wrong "machine" costs a person the call, a wrong "human" costs a few cents.
 */
export function voteAmd(evidence: AmdEvidence): AmdVerdict {
  const { carrier, transcript } = evidence;
  const greetingOver = evidence.beep === true || (carrier?.answeredBy === 'machine' && carrier.messageEnd);
  if (greetingOver) return { answeredBy: 'machine', action: evidence.hasMessage ? 'leave_message' : 'hang_up' };
  if (transcript === 'human') return { answeredBy: 'human', action: 'talk' };
  if (transcript === 'machine') return { answeredBy: 'machine', action: evidence.hasMessage ? 'wait_for_end' : 'hang_up' };
  const guess = carrier?.answeredBy ?? 'unknown';
  switch (guess) {
    case 'fax':
      return { answeredBy: 'fax', action: 'hang_up' };
    case 'machine':
      // One guess is not enough to hang up on somebody; a second sign of another kind is.
      if (!evidence.hasMessage && evidence.longSpeech) return { answeredBy: 'machine', action: 'hang_up' };
      return { answeredBy: 'machine', action: 'wait_for_end' };
    case 'human':
      return { answeredBy: 'human', action: 'talk' };
    case 'unknown':
      return { answeredBy: 'unknown', action: 'talk' };
    default:
      return guess satisfies never;
  }
}
