import type { Clock } from '../../contracts/clock';
import type { ToolRequest, ToolRunner } from '../tools/tool-runner';
import type { EngineLink } from './engine-link';
import { Timers } from './timers';

/** The tools of one answer: they run side by side, and the model goes on when all of them have theirs. */
export class ToolRound {
  /** Tools have answered, and the model has not gone on from it yet. */
  #answered = false;
  readonly #timers: Timers<'slow'>;

  /** @param slow called once in a round whose tools take longer than `slowAfterMs` */
  constructor(
    clock: Clock,
    private readonly tools: ToolRunner,
    private readonly link: EngineLink,
    private readonly options: { slowAfterMs: number; began(): void; slow(): void },
  ) {
    this.#timers = new Timers(clock);
  }

  get running(): boolean {
    return this.tools.busy;
  }

  /** The model has not had the last word on them. */
  get open(): boolean {
    return this.tools.busy || this.#answered;
  }

  /** Resolves when the model has been told; never rejects. */
  async run(call: ToolRequest): Promise<void> {
    if (!this.open) {
      this.options.began();
      this.#timers.set('slow', this.options.slowAfterMs, () => this.options.slow());
    }
    const answer = await this.tools.run(call);
    this.link.toolResult(call.toolCallId, answer.output);
    if (!answer.listen) this.#answered = true;
    if (!this.tools.busy) this.#timers.clear('slow');
  }

  /** Whether the model has something to go on from; asked once per answer, when all tools have theirs. */
  takeAnswered(): boolean {
    const answered = this.#answered;
    this.#answered = false;
    return answered;
  }

  dispose(): void {
    this.#timers.dispose();
  }
}
