import type { AnsweredBy } from '../contracts/outcomes';

/** What is known so far about who picked up. Every field is optional evidence. */
export interface AmdEvidence {
  /**
   * The carrier's latest result. `messageEnd`: the greeting is over (`machine_end_*`), as opposed to a first guess (`machine_start`). `late`: it was asked for,
   * because it had not been heard of; who has come on the line since is not known.
   */
  carrier?: { answeredBy: AnsweredBy; messageEnd: boolean; late?: true };
  /** What the words sound like. The later verdict replaces an earlier one. */
  transcript?: 'human' | 'machine' | 'ivr' | 'call_screening';
  /** A beep was heard. */
  beep?: boolean;
  /** The answer tone of a fax machine was heard. */
  faxTone?: boolean;
  /** Somebody spoke on and on without a pause, as greetings do. Never enough by itself: people do it too. */
  longSpeech?: boolean;
  /** Nobody has said a word since the answer, for longer than people wait. */
  silence?: boolean;
  /** A menu or a screener has spoken: what the carrier tells is about it, and nobody who comes after. */
  behindMachine?: boolean;
  /** Whether a voicemail message is configured. */
  hasMessage: boolean;
}

export interface AmdVerdict {
  answeredBy: AnsweredBy;
  /**
   * - `talk`: go on with the conversation.
   * - `leave_message`: the machine listens now.
   * - `wait_for_end`: a machine still speaks; leave the message when it is silent, and go back to `talk` if a person turns up.
   * - `navigate`: a menu: the agent finds its way through, by keys or words.
   * - `introduce`: a call screener: say who calls and why, and wait for the person.
   * - `hang_up`: nothing to say to what picked up.
   */
  action: 'talk' | 'leave_message' | 'wait_for_end' | 'navigate' | 'introduce' | 'hang_up';
}

/**
 * The vote over carrier, transcript and sound (decision 10). Strongest first: a fax machine's tone, which nothing else makes; the words of a menu or of a
 * call screener, which carriers take for the end of a mailbox's greeting and which may beep; a beep or the carrier's end of greeting; a person's words; a
 * mailbox's words; the carrier's guess. A late result is a guess, and never hangs up. `unknown` and `silence` talk on: a wrong "machine" costs a person the call, a wrong "human" costs a few cents.
 */
export function voteAmd(evidence: AmdEvidence): AmdVerdict {
  const { transcript } = evidence;
  const carrier = evidence.behindMachine ? undefined : evidence.carrier;
  if (evidence.faxTone) return { answeredBy: 'fax', action: 'hang_up' };
  if (transcript === 'ivr') return { answeredBy: 'ivr', action: 'navigate' };
  if (transcript === 'call_screening') return { answeredBy: 'call_screening', action: 'introduce' };
  const greetingOver = evidence.beep === true || (carrier?.answeredBy === 'machine' && carrier.messageEnd && !carrier.late);
  if (greetingOver) return { answeredBy: 'machine', action: evidence.hasMessage ? 'leave_message' : 'hang_up' };
  if (transcript === 'human') return { answeredBy: 'human', action: 'talk' };
  if (transcript === 'machine') return { answeredBy: 'machine', action: evidence.hasMessage ? 'wait_for_end' : 'hang_up' };
  const guess = carrier?.answeredBy ?? 'unknown';
  switch (guess) {
    case 'fax':
      return { answeredBy: 'fax', action: carrier?.late ? 'talk' : 'hang_up' };
    case 'machine':
      // One guess is not enough to hang up on somebody; a second sign of another kind is.
      if (!evidence.hasMessage && evidence.longSpeech && !carrier?.late) return { answeredBy: 'machine', action: 'hang_up' };
      return { answeredBy: 'machine', action: 'wait_for_end' };
    case 'ivr':
      return { answeredBy: 'ivr', action: 'navigate' };
    case 'call_screening':
      return { answeredBy: 'call_screening', action: 'introduce' };
    case 'human':
    case 'silence':
    case 'unknown':
      // A carrier takes a cough for a person: who says nothing to a greeting is none yet.
      return { answeredBy: evidence.silence ? 'silence' : guess, action: 'talk' };
    default:
      return guess satisfies never;
  }
}
