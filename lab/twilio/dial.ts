/** `<Dial>`: a second phone rings; when it is answered, the two talk. */
import { Call } from './call';
import type { MediaPath } from './media-path';
import type { DialVerb } from './twiml';

/** Two phones, ear to mouth. The parent's clock moves both. */
class Bridge implements MediaPath {
  readonly kind = 'bridge';

  constructor(private readonly child: Call) {}

  exchange(said: Uint8Array): Uint8Array {
    const { phone } = this.child;
    if (!phone) return said;
    const answer = phone.nextFrame();
    phone.hear(said);
    return answer;
  }

  dtmf(): void {}

  close(): void {
    this.child.end('completed', 'parent');
  }
}

/** Resolves when all is over, with the parameters for the action URL. */
export async function dial(
  parent: Call,
  verb: DialVerb,
  resolveUrl: (url: string) => string,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const { network } = parent;
  const callerId = verb.callerId ?? parent.params.from;
  if (!network.mayShow(callerId)) {
    parent.error(13_214, `<Dial>: callerId ${callerId} is not a number of the account`);
    return { DialCallStatus: 'failed' };
  }
  // The caller hears the other phone ring.
  parent.phone?.lineOpened();
  const children: Call[] = [];
  const winner = await new Promise<Call>((resolve) => {
    let bridged: Call | undefined;
    for (const noun of verb.numbers) {
      const child: Call = new Call(
        network,
        {
          to: noun.number,
          from: callerId,
          direction: 'outbound-dial',
          parent,
          timeoutMs: verb.timeoutMs,
          timeLimitMs: verb.timeLimitMs,
          statusCallback: noun.statusCallback === undefined ? undefined : resolveUrl(noun.statusCallback),
          statusCallbackMethod: noun.statusCallbackMethod,
          statusCallbackEvents: noun.statusCallbackEvents,
        },
        {
          answered(call) {
            if (bridged) {
              call.end('completed', 'parent');
              return;
            }
            bridged = call;
            for (const other of children) if (other !== call) other.end('canceled', 'parent');
            call.listen({ via: 'dial' });
            parent.connect(new Bridge(call), { via: 'dial' });
          },
          ended(call) {
            if (call === bridged || (!bridged && children.every((other) => other.isOver))) resolve(call);
          },
        },
      );
      children.push(child);
    }
    const endAll = () => {
      for (const child of children) child.end('canceled', 'parent');
    };
    if (signal.aborted) endAll();
    else signal.addEventListener('abort', endAll, { once: true });
    // Not counted against the calls per second, as with the real one.
    for (const child of children) child.dial();
  });
  if (!parent.isOver) parent.connect(undefined);
  const answered = winner.state.kind === 'ended' && winner.state.answeredAt !== undefined;
  return {
    DialCallStatus: winner.status,
    DialCallSid: winner.sid,
    DialBridged: String(answered),
    ...(answered ? { DialCallDuration: String(winner.durationS) } : {}),
  };
}
