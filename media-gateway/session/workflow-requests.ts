import type { Clock } from '../../contracts/clock';
import type { SessionEvent } from './ports';

/** The workflow's own activities give up before; a worker that is gone gives no answer at all. */
const ANSWER_WITHIN_MS = 20_000;
/** After keys were asked for, a stream that closes within so long was closed by the carrier to press them. */
const PRESSING_MS = 20_000;

interface Waiting {
  kind: 'set_recording' | 'send_digits';
  settle(answer: { ok: boolean; result: string }): void;
}

/** What the model asks of the carrier, by way of the workflow, which does it once and answers by a command. */
export class WorkflowRequests {
  readonly #waiting = new Map<string, Waiting>();
  #pressedAt: number | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly emit: (event: SessionEvent) => void,
  ) {}

  /** Resolves with what the model is told. @throws Error with what it is told instead */
  ask(event: Extract<SessionEvent, { kind: 'set_recording' | 'send_digits' }>): Promise<string> {
    return new Promise((resolve, reject) => {
      const settle = ({ ok, result }: { ok: boolean; result: string }) => {
        cancel();
        this.#waiting.delete(event.requestId);
        if (ok) resolve(JSON.stringify({ status: result }));
        else reject(new Error(result));
      };
      const cancel = this.clock.after(ANSWER_WITHIN_MS, () => settle({ ok: false, result: 'It is not known whether it was done.' }));
      this.#waiting.set(event.requestId, { kind: event.kind, settle });
      if (event.kind === 'send_digits') this.#pressedAt = this.clock.monotonic();
      this.emit(event);
    });
  }

  /** The workflow's word. */
  answer(requestId: string, answer: { ok: boolean; result: string }): void {
    const waiting = this.#waiting.get(requestId);
    // Done on this very stream: if it ends now, the caller has left. After any other answer the carrier may still come to it.
    if (waiting?.kind === 'send_digits' && answer.ok) this.#pressedAt = undefined;
    waiting?.settle(answer);
  }

  /** The carrier may just be pressing keys in the stream's place. */
  get pressing(): boolean {
    return this.#pressedAt !== undefined && this.clock.monotonic() - this.#pressedAt < PRESSING_MS;
  }

  /** The stream went away for it: that is the answer. */
  pressed(): void {
    for (const waiting of [...this.#waiting.values()]) if (waiting.kind === 'send_digits') waiting.settle({ ok: true, result: 'sent' });
  }

  /** The talk is over. */
  dispose(): void {
    for (const waiting of [...this.#waiting.values()]) waiting.settle({ ok: false, result: 'The call is over.' });
  }
}
