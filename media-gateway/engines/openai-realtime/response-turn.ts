import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import type { RespondOptions } from '../engine';

type State =
  | { kind: 'none' }
  /** `response.create` was sent. `cancelled`: it shall end as soon as it exists. */
  | { kind: 'requested'; eventId: string; options: RespondOptions; cancelled: boolean }
  | { kind: 'active'; responseId: string | undefined };

/**
 * At most one response at a time, as the protocol wants it: a second request waits, and a cancel is only sent while there is something to
 * cancel. What still arrives of a cancelled response is recognised by its id.
 */
export class ResponseTurn {
  #state: State = { kind: 'none' };
  #next: RespondOptions | undefined;
  #open = false;
  #requests = 0;
  readonly #cancelled = new Set<string>();

  constructor(private readonly send: (event: RealtimeClientEvent) => void) {}

  get busy(): boolean {
    if (this.#next !== undefined) return true;
    switch (this.#state.kind) {
      case 'none':
        return false;
      case 'requested':
        return !this.#state.cancelled;
      case 'active':
        return !this.cancelled(this.#state.responseId);
      default:
        return this.#state satisfies never;
    }
  }

  /** The session is configured; requests from before go out. */
  open(): void {
    this.#open = true;
    this.#go();
  }

  request(options: RespondOptions): void {
    this.#next = options;
    this.#go();
  }

  cancel(): void {
    this.#next = undefined;
    switch (this.#state.kind) {
      case 'none':
        return;
      case 'requested':
        this.#state.cancelled = true;
        return;
      case 'active':
        if (this.#state.responseId !== undefined) this.#abort(this.#state.responseId);
        return;
      default:
        this.#state satisfies never;
    }
  }

  cancelled(responseId: string | undefined): boolean {
    return responseId !== undefined && this.#cancelled.has(responseId);
  }

  created(responseId: string | undefined): void {
    const abort = this.#state.kind === 'requested' && this.#state.cancelled;
    this.#state = { kind: 'active', responseId };
    if (abort && responseId !== undefined) this.#abort(responseId);
  }

  done(): void {
    this.#state = { kind: 'none' };
    this.#go();
  }

  /** The vendor refused an event. True when that was a request for a response and nothing will come of it. */
  refused(eventId: string | undefined, code: string | undefined): boolean {
    if (this.#state.kind !== 'requested' || eventId !== this.#state.eventId) return false;
    const { options, cancelled } = this.#state;
    if (code === 'conversation_already_has_active_response') {
      // Ours waits for the end of the other one.
      this.#state = { kind: 'active', responseId: undefined };
      if (!cancelled) this.#next ??= options;
      return false;
    }
    this.#state = { kind: 'none' };
    this.#go();
    return !cancelled;
  }

  #abort(responseId: string): void {
    if (this.#cancelled.has(responseId)) return;
    this.#cancelled.add(responseId);
    this.send({ type: 'response.cancel', response_id: responseId });
  }

  #go(): void {
    if (!this.#open || this.#state.kind !== 'none' || !this.#next) return;
    const options = this.#next;
    const eventId = `respond_${++this.#requests}`;
    this.#next = undefined;
    this.#state = { kind: 'requested', eventId, options, cancelled: false };
    this.send({
      type: 'response.create',
      event_id: eventId,
      response: {
        ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
        ...(options.tools === false ? { tool_choice: 'none' as const } : {}),
      },
    });
  }
}
