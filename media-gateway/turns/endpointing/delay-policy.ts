import type { EndpointingSpec } from '../../../contracts/turns';
import { type SemanticVerdict, semanticVerdict } from '../semantic/semantic-verdict';
import { DynamicDelay } from './dynamic-delay';

export type LocalEndpointing = Exclude<EndpointingSpec, { type: 'provider' }>;
export type Delays = Pick<LocalEndpointing, 'minDelayMs' | 'maxDelayMs' | 'dynamic' | 'semantic'>;

/** How long a pause has to be before the turn is over, by its words and by what is known of the caller. */
export class DelayPolicy {
  readonly #dynamic: DynamicDelay;
  readonly #minDelayMs: number;
  readonly #maxDelayMs: number;

  constructor(
    private readonly delays: Delays,
    private readonly language: string,
  ) {
    this.#minDelayMs = delays.minDelayMs;
    this.#maxDelayMs = Math.max(delays.minDelayMs, delays.maxDelayMs);
    this.#dynamic = new DynamicDelay({ minDelayMs: this.#minDelayMs, maxDelayMs: this.#maxDelayMs });
  }

  get shortestMs(): number {
    return this.#minDelayMs;
  }

  get longestMs(): number {
    return this.#maxDelayMs;
  }

  /** A pause after which the caller went on. */
  learn(pauseMs: number): void {
    if (this.delays.dynamic && pauseMs <= this.#maxDelayMs) this.#dynamic.learn(pauseMs);
  }

  verdict(text: string): SemanticVerdict {
    return this.delays.semantic && text ? semanticVerdict(text, this.language) : 'unclear';
  }

  /** @param judged what the model says, where it was asked and has answered */
  delayMs(verdict: SemanticVerdict, judged?: boolean): number {
    if (verdict === 'unfinished' || judged === false) return this.#maxDelayMs;
    return this.delays.dynamic ? this.#dynamic.ms : this.#minDelayMs;
  }
}
