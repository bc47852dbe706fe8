/** What was heard or said in a call and is not in its record. */
import type { ReportCall } from '../../contracts/report';
import type { CallEntry, StreamEntry } from '../../lab/ledger';
import { holds, holdsButACut, squash } from './heard';

/** Long enough to be in an answer once. */
const TRACE_CHARACTERS = 40;
/** A sentence that is not over by then has no words yet: who hangs up, or is connected with somebody, in the middle of one is not written down. */
const UNFINISHED_MS = 1_000;

/** What was really heard on the stream that broke at `at`, and is not in the call's record: from its last words back to the first that are. */
export function lossOf(call: CallEntry, at: number, record: ReportCall | undefined): { characters: number; sentences: number } {
  const recorded = wordsOf(record, 'assistant');
  const onBroken = squash(call.heard.findLast(({ via, startedAt }) => via === 'stream' && startedAt <= at)?.text ?? '');
  let kept = onBroken.length;
  while (kept > 0 && !recorded.includes(onBroken.slice(Math.max(0, kept - TRACE_CHARACTERS), kept))) kept--;
  const users = wordsOf(record, 'user');
  return { characters: onBroken.length - kept, sentences: call.said.filter(({ text }) => !users.includes(squash(text))).length };
}

/** What may be lost of a stream: its end where it broke, `everything` where nobody had been told of the talk; and its beginning, where nobody was there yet. */
export type Allowance = 'nothing' | 'what nobody heard' | 'the last utterance' | 'everything';

/**
 * One sentence for all that is lost and need not be. A stream that broke under a strike may take the last utterance of either side with it; of any other
 * every sentence stands in the record.
 * @param utterances what the agent's model said, whole
 */
export function* lostWithoutNeed(
  call: CallEntry,
  record: ReportCall,
  { allowed, utterances }: { allowed: (stream: StreamEntry) => Allowance; utterances: readonly string[] },
): Generator<string> {
  const assistant = wordsOf(record, 'assistant');
  const user = wordsOf(record, 'user');
  const streams = [...call.streams].sort((a, b) => a.startedAt - b.startedAt);
  for (const [index, stream] of streams.entries()) {
    const allowance = allowed(stream);
    if (allowance === 'everything') continue;
    const heard = call.heard.filter((segment) => segment.via === 'stream' && segment.streamSid === stream.streamSid);
    const sentences = heard.flatMap(({ text }) => text.match(/[^.?!]+[.?!]+/g) ?? []).map(squash);
    const unwritten = sentences.filter((sentence) => !holdsButACut(assistant, sentence));
    const last = sentences.slice(sentences.length - unwritten.length).join('');
    const isLastUtterance = last === unwritten.join('') && utterances.some((text) => holds(squash(text), last));
    if (unwritten.length > 0 && !(allowance === 'the last utterance' && isLastUtterance)) {
      yield `heard, and not in the record: ${JSON.stringify(unwritten)}`;
    }

    // What is said into the gap that follows belongs to the utterance that is lost.
    const endedAt = stream.endedAt ?? Number.POSITIVE_INFINITY;
    const until = allowance === 'the last utterance' ? (streams[index + 1]?.startedAt ?? endedAt) : endedAt - UNFINISHED_MS;
    const said = call.said.filter(({ at }) => at >= stream.startedAt && at < until);
    const first = said.findIndex(({ text }) => holds(user, squash(text)));
    const lost = (allowance === 'what nobody heard' ? said.slice(Math.max(0, first)) : said).filter(
      ({ text }) => !holds(user, squash(text)),
    );
    if (lost.length > (allowance === 'the last utterance' ? 1 : 0)) {
      yield `said, and not in the record: ${JSON.stringify(lost.map(({ text }) => text))}`;
    }
  }
}

function wordsOf(record: ReportCall | undefined, role: 'assistant' | 'user'): string {
  const turns = (record?.transcript ?? []).filter((turn) => turn.role === role);
  return squash(turns.map(({ text }) => text).join(' '));
}
