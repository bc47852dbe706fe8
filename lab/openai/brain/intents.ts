/** What a caller may want, as far as the simulated model understands people. First match wins. */

export type Intent =
  | 'machine'
  | 'opt_out'
  | 'person'
  | 'callback'
  | 'wrong_person'
  | 'who'
  | 'robot'
  | 'repeat'
  | 'thanks'
  | 'goodbye'
  | 'no'
  | 'yes'
  | 'hello'
  | 'unheard'
  | 'unknown';

const PATTERNS: readonly (readonly [Intent, RegExp])[] = [
  [
    'machine',
    /\b(leave (me )?(a|your) message|after the (beep|tone)|voice ?mail|you have reached|cannot take your call|can't take your call)\b/i,
  ],
  [
    'opt_out',
    /\b((never|don'?t|do not|stop|quit) (ever )?(call|calling|phone|phoning|ring|ringing|contact)|(take|remove) (me|my number)|no more calls|unsubscribe|do[- ]not[- ]call)\b/i,
  ],
  [
    'callback',
    /\b(call|ring|phone|try)( me)? (back|again|later|tomorrow|tonight|next|on (mon|tues|wednes|thurs|fri|satur|sun)day|at \d|in (an?|the|\d+))|\bcall (me )?back\b|\bnot a good time\b|\bbad time\b|\bbusy right now\b/i,
  ],
  [
    'person',
    /\b(speak|talk|connect|transfer|put|pass)\b.*\b(person|human|someone|somebody|agent|operator|representative|colleague|staff|reception\w*|manager|doctor)\b|\b(real|actual|live) (person|human)\b|\b(an?|the) (human|operator|representative)\b|\bput me through\b/i,
  ],
  ['wrong_person', /\b(wrong (number|person)|nobody (here )?(by|of) that name|no one (here )?(by|of) that name)\b/i],
  ['robot', /\bare you (a |an )?(real|robot|bot|machine|human|ai|computer|person)\b/i],
  ['who', /\b(who (is|are|am)|who's|what is this( call)? about|why are you calling|where are you calling from)\b/i],
  [
    'repeat',
    /\b(repeat|say (that|it) again|pardon|come again|what did you say|didn'?t (catch|hear|understand)|when (is|was) (it|that)|what (day|time|date))\b|^\s*(what|sorry)\s*\?*\s*$/i,
  ],
  ['thanks', /\b(that'?s (all|it)|nothing else|no,? thank|i'?m (good|all set|done)|that is all)\b/i],
  [
    'yes',
    /\b(yes|yeah|yep|yup|sure|ok(ay)?|correct|right|exactly|confirm(ed)?|works|suits|perfect|fine|sounds good|great|please do|of course|absolutely|i('ll| will) be there)\b|\[DTMF: 1\]/i,
  ],
  ['goodbye', /\b(good ?bye|bye|see you|take care|have a (good|nice|great))\b/i],
  ['no', /\b(no|nope|not|cancel|can'?t|cannot|won'?t|doesn'?t|reschedule|another (day|time))\b|\[DTMF: 2\]/i],
  ['thanks', /\b(thanks?|thank you|cheers)\b/i],
  ['hello', /^\W*(hello|hi|hey|good (morning|afternoon|evening))\b[^?]*\??\W*$/i],
];

/** A plain denial, before anything in it could sound like a yes: "No, that does not work", "It doesn't suit me". */
const DENIAL =
  /^\W*(no|nope)\b(?!\W*(problem|worries))|\b(does not|doesn'?t|do not|don'?t|is not|isn'?t|can'?t|cannot|won'?t|not) (really )?(work|suit|fit|fine|make|come|be there|good|ok)/i;

export function intentOf(text: string): Intent {
  if (text.replace(/\uFFFD/g, '').trim() === '') return 'unheard';
  for (const [intent, pattern] of PATTERNS) {
    if (intent === 'yes' && DENIAL.test(text)) return 'no';
    if (pattern.test(text)) return intent;
  }
  return 'unknown';
}

/** When to call back, in the caller's own words: "tomorrow at 10", "in an hour". */
export function callbackTime(text: string): string {
  const found =
    /\b((tomorrow|tonight|today|this (morning|afternoon|evening)|next \w+|(on )?(mon|tues|wednes|thurs|fri|satur|sun)day|in (an?|the|\d+|half an)\b \w+|later)\b( ?(morning|afternoon|evening))?( (at|around|after|before) [\w:]+( ?[ap]\.?m\.?)?)?|(at|around|after) \d[\w:]*( ?[ap]\.?m\.?)?)/i.exec(
      text,
    );
  return found ? found[0].trim() : text.trim();
}
