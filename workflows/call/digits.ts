/** Keys pressed for the model, once per request. Where the carrier needs the stream's place for it, the same call comes back on another stream. */
import type { AttachResult, GatewayEvent } from '../../contracts/call';
import { sendDigits } from './activities';
import type { CallState, Conversation } from './call-state';
import { answerTool } from './tool-answer';

type SendDigits = Extract<GatewayEvent, { kind: 'send_digits' }>;
type Outcome = Awaited<ReturnType<typeof sendDigits>>;

/** A tone and the pause after it; also the length of a `w`. */
const KEY_MS = 500;

export class KeyPresses {
  private readonly asked = new Set<string>();
  /** The newest request: `attachment` is the stream on which it was made. */
  private newest: { attachment: number; digits: string; outcome?: Outcome } | undefined;

  send(state: CallState, conversation: Conversation, event: SendDigits): void {
    const { carrierCallId, input } = state;
    if (this.asked.has(event.requestId)) return;
    this.asked.add(event.requestId);
    if (!carrierCallId || state.isOver) return;
    const press: NonNullable<typeof this.newest> = { attachment: conversation.attachment, digits: event.digits };
    this.newest = press;
    const { digits, requestId } = event;
    const { gatewayId } = conversation;
    void sendDigits({ callId: input.callId, carrierCallId, requestId, digits, gatewayId, attachment: state.attachments + 1 })
      .catch((): Outcome => ({ kind: 'unknown' }))
      .then((outcome) => {
        press.outcome = outcome;
        // A stream that is replaced closes by itself, and the gateway knows why.
        if (outcome.kind !== 'sent' || outcome.stream === 'kept') answerTool(state, conversation, requestId, answerOf(outcome));
      });
  }

  /** How long the carrier is busy with the keys before it opens the next stream; 0 where the stream ended for another reason. */
  pressingMs(last: Conversation | undefined): number {
    return last && this.resumeOf(last) ? (this.newest?.digits.length ?? 0) * KEY_MS : 0;
  }

  /** For a stream that opens after the one that asked for keys: why the caller was away. */
  resumeOf(last: Conversation): Pick<Extract<AttachResult, { kind: 'attached' }>, 'resume' | 'digits'> | undefined {
    const { newest } = this;
    if (!newest || newest.attachment !== last.attachment) return undefined;
    const ended = last.result?.kind === 'report' ? last.result.report.end : undefined;
    if (ended !== undefined && ended !== 'digits_sent') return undefined;
    const { outcome, digits } = newest;
    // Kept, and lost later: the answer had come, and the line broke for another reason.
    if (outcome?.kind === 'refused' || (outcome?.kind === 'sent' && outcome.stream === 'kept')) return undefined;
    // A stream that the carrier itself replaced is proof.
    return { resume: 'digits_sent', digits: { digits, sent: outcome?.kind === 'sent' || ended === 'digits_sent' } };
  }
}

function answerOf(outcome: Outcome): { ok: boolean; result: string } {
  switch (outcome.kind) {
    case 'sent':
      return { ok: true, result: 'sent' };
    case 'refused':
      return { ok: false, result: `The keys were not pressed: ${outcome.reason}` };
    case 'unknown':
      return { ok: false, result: 'It is not known whether the keys were pressed. Listen before you try again.' };
    default:
      return outcome satisfies never;
  }
}
