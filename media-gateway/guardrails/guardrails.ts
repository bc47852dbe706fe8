import type { GuardrailSpec } from '../../contracts/agent';
import type { CallSetup, TranscriptTurn } from '../../contracts/call';
import type { Clock } from '../../contracts/clock';
import type { Logger } from '../../runtime/log';
import type { AgentCode, CodeContext } from '../agent-code';
import { BlockedTerms } from './blocked-terms';

interface Rule {
  spec: GuardrailSpec;
  terms: BlockedTerms;
}

export interface GuardrailListener {
  /** The answer under way must stop here; once for each answer. */
  blocked(spec: GuardrailSpec): void;
}

/** What the agent of one call must not say. */
export class Guardrails {
  /** Of all rules together. */
  readonly terms: BlockedTerms;
  readonly #rules: readonly Rule[];
  readonly #checks: readonly Rule[];
  readonly #abort = new AbortController();
  #listener: GuardrailListener | undefined;
  #history: () => readonly TranscriptTurn[] = () => [];

  constructor(
    private readonly setup: CallSetup,
    private readonly code: AgentCode | undefined,
    private readonly clock: Clock,
    private readonly log: Pick<Logger, 'warn' | 'info'>,
  ) {
    const specs = setup.agent.guardrails;
    this.#rules = specs.map((spec) => ({ spec, terms: new BlockedTerms(spec.blockedTerms) }));
    this.#checks = this.#rules.filter(({ spec }) => spec.check);
    this.terms = new BlockedTerms(specs.flatMap((spec) => spec.blockedTerms));
  }

  get none(): boolean {
    return this.#rules.length === 0;
  }

  /** Sentences are judged whole by functions; terms are found as they are written. */
  get hasChecks(): boolean {
    return this.#checks.length > 0;
  }

  get replacements(): string[] {
    return this.#rules.map(({ spec }) => spec.replacement);
  }

  listen(listener: GuardrailListener, history: () => readonly TranscriptTurn[]): void {
    this.#listener = listener;
    this.#history = history;
  }

  /** The rule whose term stands in the text. */
  term(text: string): GuardrailSpec | undefined {
    return this.terms.in(text) ? this.#rules.find(({ terms }) => terms.in(text))?.spec : undefined;
  }

  /** The rule whose function takes exception to a sentence. Never rejects. */
  async judge(sentence: string): Promise<GuardrailSpec | undefined> {
    const verdicts = await Promise.all(this.#checks.map(({ spec }) => this.#check(spec, sentence)));
    return this.#checks.find((_, index) => verdicts[index])?.spec;
  }

  /** A sentence before it is given to the voice, with what was said right before it. Tells the listener. */
  async passes(before: string, sentence: string): Promise<boolean> {
    const rule = this.term(`${before} ${sentence}`) ?? (this.hasChecks ? await this.judge(sentence.trim()) : undefined);
    if (!rule) return true;
    this.blocked(rule);
    return false;
  }

  blocked(spec: GuardrailSpec): void {
    if (this.#abort.signal.aborted) return;
    this.log.info({ guardrail: spec.name }, 'a guardrail stopped an answer');
    this.#listener?.blocked(spec);
  }

  dispose(): void {
    this.#abort.abort(new Error('the call is over'));
  }

  async #check(spec: GuardrailSpec, text: string): Promise<boolean> {
    const check = this.code?.guardrails?.[spec.name];
    if (!check) {
      this.log.warn({ guardrail: spec.name }, 'this process has no function for the guardrail: its answers are blocked');
      return true;
    }
    const deadline = new AbortController();
    let cancel = () => {};
    const late = new Promise<boolean>((resolve) => {
      cancel = this.clock.after(spec.timeoutMs, () => {
        this.log.warn({ guardrail: spec.name, timeoutMs: spec.timeoutMs }, 'a guardrail was late: blocked');
        deadline.abort(new Error('the deadline is over'));
        resolve(true);
      });
    });
    try {
      return await Promise.race([Promise.resolve(check(text, this.#context(deadline.signal))), late]);
    } catch (error) {
      this.log.warn({ guardrail: spec.name, err: error }, 'a guardrail failed: blocked');
      return true;
    } finally {
      cancel();
    }
  }

  #context(deadline: AbortSignal): CodeContext {
    const { callId, from, to, direction, variables } = this.setup;
    return {
      ...{ callId, direction, variables },
      caller: from,
      callee: to,
      history: this.#history(),
      signal: AbortSignal.any([deadline, this.#abort.signal]),
    };
  }
}
